//! The parser: splits a stream of bytes into requests.

use http::StatusCode;

use super::chunked::{check_trailers, read_chunk_size};
use super::head::read_head;
use super::limits::{Limits, MAX_CHUNK_LINE, within};
use super::meaning::BodyLength;
use super::message::Message;
use super::request_error::{Result, TOO_LARGE, bad, refuse};
use super::usual_head::read_usual_head;

/// The parser of a connection: its position within a message.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    state: State,
    /// How much of a partially received head, line or trailer section has been searched
    /// for its end.
    searched: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first byte of a message, or in its head.
    #[default]
    Head,
    /// In a body of which this many bytes are left.
    Length(u64),
    /// Before a line with the size of a chunk.
    ChunkSize,
    /// In a chunk of which this many bytes are left.
    ChunkData(u64),
    /// Before the line end that follows a chunk.
    ChunkEnd,
    /// After the last chunk.
    Trailers,
}

impl State {
    fn check_length(self, limit: usize) -> Result<()> {
        match self {
            Self::Length(length) if length > limit as u64 => refuse_body(),
            _ => Ok(()),
        }
    }
}

/// The result of [`Parser::read`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// More input is needed.
    Starved,
    /// The head is complete. The body, if any, follows.
    Head,
    /// The message is complete.
    Complete,
}

impl Parser {
    /// Returns `true` if no message has begun, or its head is not complete.
    pub(crate) fn is_in_head(&self) -> bool {
        self.state == State::Head
    }

    /// Returns `true` if a body follows the head that was read.
    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.state, State::Head | State::Length(0))
    }

    /// Ends a message without a body, as the next [`read`](Self::read) would do.
    pub(crate) fn end_message(&mut self) {
        debug_assert!(!self.is_in_head() && !self.has_body(), "the head was read");
        self.state = State::Head;
    }

    /// Refuses a body whose announced length exceeds the limit, before it is read.
    pub(crate) fn check_length(&self, limit: usize) -> Result<()> {
        self.state.check_length(limit)
    }

    /// Reads until the next event. Returns the number of bytes consumed and the event.
    ///
    /// The next `input` must begin with the bytes that were not consumed.
    pub(crate) fn read(
        &mut self,
        input: &[u8],
        message: &mut Message,
        limits: &Limits,
    ) -> Result<(usize, Event)> {
        let mut used = 0;
        loop {
            let (n, event) = self.step(&input[used..], message, limits)?;
            used += n;
            if let Some(event) = event {
                return Ok((used, event));
            }
        }
    }

    /// Takes one step. Returns the number of bytes consumed and the event, if any.
    fn step(
        &mut self,
        input: &[u8],
        message: &mut Message,
        limits: &Limits,
    ) -> Result<(usize, Option<Event>)> {
        const STARVED: (usize, Option<Event>) = (0, Some(Event::Starved));
        match self.state {
            State::Head => match input {
                [b'\r', b'\n', ..] => Ok((2, None)), // an empty line before a request
                [] | [b'\r'] => Ok(STARVED),
                _ => {
                    let Some((end, length)) = self.read_head(input, message, limits)? else {
                        return Ok(STARVED);
                    };
                    let state = match length {
                        BodyLength::Chunked => State::ChunkSize,
                        BodyLength::Bytes(length) => State::Length(length),
                    };
                    state.check_length(limits.body)?;
                    self.state = state;
                    Ok((end, Some(Event::Head)))
                }
            },
            State::Length(0) => {
                self.state = State::Head;
                Ok((0, Some(Event::Complete)))
            }
            State::Length(left) => {
                let data = take(input, left);
                message.body.extend_from_slice(data);
                self.state = State::Length(left - data.len() as u64);
                Ok((data.len(), data.is_empty().then_some(Event::Starved)))
            }
            State::ChunkSize => {
                let Some(end) = self.find_line_end(input, MAX_CHUNK_LINE)? else {
                    return Ok(STARVED);
                };
                let size = read_chunk_size(&input[..end - 2])?;
                if size > (limits.body - message.body.len()) as u64 {
                    return refuse_body();
                }
                self.state = match size {
                    0 => State::Trailers,
                    size => State::ChunkData(size),
                };
                Ok((end, None))
            }
            State::ChunkData(left) => {
                let data = take(input, left);
                message.body.extend_from_slice(data);
                self.state = match left - data.len() as u64 {
                    0 => State::ChunkEnd,
                    left => State::ChunkData(left),
                };
                Ok((data.len(), data.is_empty().then_some(Event::Starved)))
            }
            State::ChunkEnd => match input {
                [] | [b'\r'] => Ok(STARVED),
                [b'\r', b'\n', ..] => {
                    self.state = State::ChunkSize;
                    Ok((2, None))
                }
                _ => bad("chunk data longer than its size"),
            },
            State::Trailers => {
                let Some(end) = self.find_section_end(input, 0, limits.headers)? else {
                    return Ok(STARVED);
                };
                check_trailers(&input[..end], limits.fields)?;
                self.state = State::Head;
                Ok((end, Some(Event::Complete)))
            }
        }
    }

    /// Parses the head, if it is complete. Returns where it ends, and how the body is delimited.
    fn read_head(
        &mut self,
        input: &[u8],
        message: &mut Message,
        limits: &Limits,
    ) -> Result<Option<(usize, BodyLength)>> {
        // Not for a head of which a part has been searched: it would be parsed anew with every byte.
        if self.searched == 0
            && let Some(whole) = read_usual_head(input, message, limits)
        {
            return Ok(Some(whole));
        }
        let Some(end) = self.find_head_end(input, limits)? else {
            return Ok(None);
        };
        let length = read_head(&input[..end], message, limits.fields)?;
        Ok(Some((end, length)))
    }

    // The searches ignore bytes beyond a limit, so that the result does not depend on how
    // many of them have arrived.

    /// Returns where the head ends, if it is complete.
    fn find_head_end(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>> {
        let line = within(input, limits.request_line);
        match memchr::memchr(b'\n', line) {
            // At once: the client of an earlier version waits for an answer.
            Some(lf) if lf > 0 && !has_version(&line[..lf]) => bad("invalid request line"),
            Some(lf) => self.find_section_end(input, 1, limits.headers.saturating_add(lf + 1)),
            None if line.len() < limits.request_line => Ok(None),
            None => refuse(StatusCode::URI_TOO_LONG, "request line too long"),
        }
    }

    /// Returns the end of the first empty line that has at least `lines` lines before it.
    /// Refuses a bare LF, which only some parsers take for a line end.
    fn find_section_end(
        &mut self,
        input: &[u8],
        lines: usize,
        limit: usize,
    ) -> Result<Option<usize>> {
        let section = within(input, limit);
        for lf in memchr::memchr_iter(b'\n', &section[self.searched..]) {
            let lf = self.searched + lf;
            if lf == 0 || section[lf - 1] != b'\r' {
                return bad(BARE_LF);
            }
            let is_empty = match lf {
                1 => lines == 0,
                _ => section[..lf - 1].ends_with(b"\n"),
            };
            if is_empty {
                self.searched = 0;
                return Ok(Some(lf + 1));
            }
        }
        if input.len() > limit {
            return refuse(TOO_LARGE, "fields too long");
        }
        self.searched = section.len();
        Ok(None)
    }

    /// Returns the end of the first line.
    fn find_line_end(&mut self, input: &[u8], limit: usize) -> Result<Option<usize>> {
        let line = within(input, limit);
        let found = memchr::memchr(b'\n', &line[self.searched..]);
        let Some(lf) = found.map(|lf| self.searched + lf) else {
            if input.len() > limit {
                return bad("chunk size line too long");
            }
            self.searched = line.len();
            return Ok(None);
        };
        self.searched = 0;
        if lf == 0 || line[lf - 1] != b'\r' {
            return bad(BARE_LF);
        }
        Ok(Some(lf + 1))
    }
}

const BARE_LF: &str = "line not terminated by CR LF";

fn refuse_body<T>() -> Result<T> {
    refuse(StatusCode::PAYLOAD_TOO_LARGE, "request body too large")
}

/// Returns `true` if the last word of a request line can be a version.
fn has_version(line: &[u8]) -> bool {
    let last = memchr::memrchr(b' ', line).map_or(0, |space| space + 1);
    last > 0 && line[last..].starts_with(b"HTTP/")
}

/// Returns at most `left` bytes of the input.
fn take(input: &[u8], left: u64) -> &[u8] {
    within(input, usize::try_from(left).unwrap_or(usize::MAX))
}
