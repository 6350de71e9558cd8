//! Bytes in, events out. Knows no sockets.
//!
//! Strict in all that concerns where a message ends, because a proxy in front of
//! us may think otherwise: what is doubtful is refused, with a status, and the
//! connection is closed after that.

#[cfg(any(test, fuzzing))]
#[allow(
    missing_docs,
    unreachable_pub,
    reason = "what is public in there is so for the fuzz targets"
)]
pub(crate) mod replay;
#[cfg(test)]
mod tests;

use std::mem::MaybeUninit;
use std::net::Ipv6Addr;

use http::{Method, StatusCode};

use crate::request::{Field, Message, Span};

/// The most header fields that a request may have, and the most trailers.
const MAX_FIELDS: usize = 100;

/// The longest line that gives a chunk's size, with its extensions.
const MAX_CHUNK_LINE: usize = 4 * 1024;

/// How much a request may bring along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The request line, with its end.
    pub(crate) request_line: usize,
    /// All header fields, with the empty line after them; the trailers, likewise.
    pub(crate) headers: usize,
    /// The body. May be another one once the head is read.
    pub(crate) body: usize,
}

/// What the parser found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// All that could be used was used. Come again with more input.
    Starved,
    /// The head is in the message. The body, if any, follows.
    Head,
    /// The message is complete.
    Complete,
}

/// A request that cannot be served, nor can what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// For the client, in the body of the answer.
    pub(crate) reason: &'static str,
}

/// Where in a message the parser is.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    state: State,
    /// Up to where the present head, line or trailer section, which has been seen
    /// in part, was searched for its end.
    searched: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first byte of a message, or in its head.
    #[default]
    Head,
    /// In a body, or what is left of it, of so many bytes.
    Length(u64),
    /// Before the size of a chunk.
    ChunkSize,
    /// In a chunk of which so many bytes are left.
    ChunkData(u64),
    /// Before the line end that follows a chunk.
    ChunkEnd,
    /// After the last chunk.
    Trailers,
}

type Result<T> = std::result::Result<T, Refusal>;

fn refuse<T>(status: StatusCode, reason: &'static str) -> Result<T> {
    Err(Refusal { status, reason })
}

fn bad<T>(reason: &'static str) -> Result<T> {
    refuse(StatusCode::BAD_REQUEST, reason)
}

fn refuse_body<T>() -> Result<T> {
    refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
}

impl Parser {
    /// Whether a message has begun, but its head is not complete.
    pub(crate) fn is_in_head(&self) -> bool {
        self.state == State::Head
    }

    /// Whether a body follows the head that was read.
    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.state, State::Head | State::Length(0))
    }

    /// Refuses a body that is known to be longer than that, before any of it is read.
    pub(crate) fn check_length(&self, limit: usize) -> Result<()> {
        match self.state {
            State::Length(length) if length > limit as u64 => refuse_body(),
            _ => Ok(()),
        }
    }

    /// Reads on. Returns how many bytes of `input` were used, and what was found.
    ///
    /// What was not used must come again, at the beginning of the next input.
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

    /// One step: how many bytes it used, and the event, unless there is more to
    /// do at once.
    fn step(
        &mut self,
        input: &[u8],
        message: &mut Message,
        limits: &Limits,
    ) -> Result<(usize, Option<Event>)> {
        const STARVED: (usize, Option<Event>) = (0, Some(Event::Starved));
        match self.state {
            State::Head => match input {
                [b'\r', b'\n', ..] => Ok((2, None)), // an empty line in front of a request
                [] | [b'\r'] => Ok(STARVED),
                _ => {
                    let Some(end) = self.find_head_end(input, limits)? else {
                        return Ok(STARVED);
                    };
                    self.state = read_head(&input[..end], message, limits)?;
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
                let size = chunk_size(&input[..end - 2])?;
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
                _ => bad("a chunk is longer than its size"),
            },
            State::Trailers => {
                let Some(end) = self.find_block_end(input, 0, limits.headers)? else {
                    return Ok(STARVED);
                };
                check_trailers(&input[..end])?;
                self.state = State::Head;
                Ok((end, Some(Event::Complete)))
            }
        }
    }

    // What is beyond a limit is not looked at: so it makes no difference how much of
    // it has arrived.

    /// Where the head ends, if it is complete.
    fn find_head_end(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>> {
        let line = within(input, limits.request_line);
        match memchr::memchr(b'\n', line) {
            Some(lf) => self.find_block_end(input, 1, lf + 1 + limits.headers),
            None if line.len() < limits.request_line => Ok(None),
            None => refuse(StatusCode::URI_TOO_LONG, "the request line is too long"),
        }
    }

    /// The end of the first empty line that has at least `lines` lines before it.
    /// Every line must end with CR LF: a bare LF is a line end for some.
    fn find_block_end(
        &mut self,
        input: &[u8],
        lines: usize,
        limit: usize,
    ) -> Result<Option<usize>> {
        let block = within(input, limit);
        for lf in memchr::memchr_iter(b'\n', &block[self.searched..]) {
            let lf = self.searched + lf;
            if lf == 0 || block[lf - 1] != b'\r' {
                return bad("a line must end with CR LF");
            }
            let is_empty = match lf {
                1 => lines == 0,
                _ => block[..lf - 1].ends_with(b"\n"),
            };
            if is_empty {
                self.searched = 0;
                return Ok(Some(lf + 1));
            }
        }
        if input.len() > limit {
            return refuse(TOO_LARGE, "the fields are too long");
        }
        self.searched = block.len();
        Ok(None)
    }

    /// The end of the first line.
    fn find_line_end(&mut self, input: &[u8], limit: usize) -> Result<Option<usize>> {
        let line = within(input, limit);
        let found = memchr::memchr(b'\n', &line[self.searched..]);
        let Some(lf) = found.map(|lf| self.searched + lf) else {
            if input.len() > limit {
                return bad("a chunk's size line is too long");
            }
            self.searched = line.len();
            return Ok(None);
        };
        self.searched = 0;
        if lf == 0 || line[lf - 1] != b'\r' {
            return bad("a line must end with CR LF");
        }
        Ok(Some(lf + 1))
    }
}

/// At most `limit` bytes of the input.
fn within(input: &[u8], limit: usize) -> &[u8] {
    &input[..input.len().min(limit)]
}

const TOO_LARGE: StatusCode = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;

/// At most `left` bytes of the input.
fn take(input: &[u8], left: u64) -> &[u8] {
    within(input, usize::try_from(left).unwrap_or(usize::MAX))
}

/// Reads a complete head, and says how its body is delimited.
fn read_head(head: &[u8], message: &mut Message, limits: &Limits) -> Result<State> {
    message.clear();
    message.head.extend_from_slice(head);
    let head = &message.head[..];

    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(head, &mut fields) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return bad("the head is malformed"),
        Err(error) => return Err(refusal_of(error, head)),
    }
    let (Some(method), Some(target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return bad("the head is malformed");
    };

    message.is_old = version == 0;
    message.method = match Method::from_bytes(method.as_bytes()) {
        Ok(method) => method,
        Err(_) => return bad("the method is malformed"),
    };
    (message.path, message.query) = read_target(target, &message.method, head)?;
    let meaning = Meaning::of(request.headers, message.is_old)?;
    message.keep_alive = meaning.keep_alive;
    let has_body = meaning.chunked || meaning.length > 0;
    message.expects_continue = meaning.expects_continue && has_body;
    message
        .fields
        .extend(request.headers.iter().map(|field| Field {
            name: Span::of(field.name.as_bytes(), head),
            value: Span::of(field.value, head),
        }));
    if meaning.length > limits.body as u64 {
        return refuse_body();
    }
    Ok(if meaning.chunked {
        State::ChunkSize
    } else {
        State::Length(meaning.length)
    })
}

fn refusal_of(error: httparse::Error, head: &[u8]) -> Refusal {
    let (status, reason) = match error {
        httparse::Error::TooManyHeaders => (TOO_LARGE, "there are too many header fields"),
        httparse::Error::Version if has_foreign_version(head) => (
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "HTTP/1.1 and HTTP/1.0 only",
        ),
        httparse::Error::Version => (StatusCode::BAD_REQUEST, "the version is malformed"),
        httparse::Error::HeaderName => (StatusCode::BAD_REQUEST, "a field's name is malformed"),
        httparse::Error::HeaderValue => (StatusCode::BAD_REQUEST, "a field's value is malformed"),
        _ => (StatusCode::BAD_REQUEST, "the request line is malformed"),
    };
    Refusal { status, reason }
}

/// Whether the request line ends like that of some other version of HTTP.
fn has_foreign_version(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or(head);
    let version = line.rsplit(|&byte| byte == b' ').next().unwrap_or(line);
    match version {
        // Ours, after which something else is wrong with the line.
        b"HTTP/1.1" | b"HTTP/1.0" => false,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] => {
            major.is_ascii_digit() && minor.is_ascii_digit()
        }
        _ => false,
    }
}

/// The path and the query of a target, which must be of a form that fits the
/// method.
fn read_target(target: &str, method: &Method, head: &[u8]) -> Result<(Span, Option<Span>)> {
    if method == Method::CONNECT {
        return refuse(StatusCode::NOT_IMPLEMENTED, "this is not a proxy");
    }
    if !target.is_ascii() || target.contains('#') {
        return bad("the target is malformed");
    }
    let rest = if target.starts_with('/') || (target == "*" && method == Method::OPTIONS) {
        target
    } else if let Some((scheme, rest)) = target.split_once("://") {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let is_http = ["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        if !is_http || !is_valid_host(&rest.as_bytes()[..end]) {
            return bad("the target is malformed");
        }
        &rest[end..]
    } else {
        return bad("the target is malformed");
    };
    let span = |part: &str| Span::of(part.as_bytes(), head);
    Ok(match rest.split_once('?') {
        Some((path, query)) => (span(path), Some(span(query))),
        None => (span(rest), None),
    })
}

/// What the header fields say about the message.
#[derive(Debug)]
struct Meaning {
    chunked: bool,
    /// 0 without a body, or with a chunked one.
    length: u64,
    keep_alive: bool,
    expects_continue: bool,
}

impl Meaning {
    fn of(fields: &[httparse::Header<'_>], is_old: bool) -> Result<Self> {
        let mut hosts = 0;
        let mut length = None;
        let mut codings = Codings::default();
        let (mut close, mut keep_alive, mut expects_continue) = (false, false, false);
        for field in fields {
            // By length first: most fields are none of these.
            match field.name.len() {
                4 if field.name.eq_ignore_ascii_case("host") => {
                    hosts += 1;
                    if !is_valid_host(field.value) {
                        return bad("the Host field is malformed");
                    }
                }
                6 if field.name.eq_ignore_ascii_case("expect") => {
                    if !field.value.eq_ignore_ascii_case(b"100-continue") {
                        return refuse(
                            StatusCode::EXPECTATION_FAILED,
                            "the expectation cannot be met",
                        );
                    }
                    expects_continue = !is_old; // 1.0 has no interim responses
                }
                10 if field.name.eq_ignore_ascii_case("connection") => {
                    for option in list(field.value) {
                        close |= option.eq_ignore_ascii_case(b"close");
                        keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if field.name.eq_ignore_ascii_case("content-length") => {
                    let Some(value) = decimal(field.value) else {
                        return bad("the Content-Length field is malformed");
                    };
                    if length.is_some_and(|length| length != value) {
                        return bad("there are several different lengths");
                    }
                    length = Some(value);
                }
                17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                    list(field.value).for_each(|coding| codings.add(coding));
                }
                _ => {}
            }
        }
        if hosts > 1 || (hosts == 0 && !is_old) {
            return bad("there must be one Host field");
        }
        let chunked = codings.is_chunked(is_old)?;
        if chunked && length.is_some() {
            return bad("there are both a length and a transfer coding");
        }
        Ok(Self {
            chunked,
            length: length.unwrap_or(0),
            keep_alive: !close && (keep_alive || !is_old),
            expects_continue,
        })
    }
}

/// The transfer codings of a message, of all fields together.
#[derive(Debug, Default)]
struct Codings {
    count: usize,
    chunked: usize,
    last_is_chunked: bool,
}

impl Codings {
    fn add(&mut self, coding: &[u8]) {
        self.count += 1;
        self.last_is_chunked = coding.eq_ignore_ascii_case(b"chunked");
        self.chunked += usize::from(self.last_is_chunked);
    }

    /// Whether the body is chunked, in a way that leaves no doubt.
    fn is_chunked(&self, is_old: bool) -> Result<bool> {
        match (self.count, self.chunked) {
            (0, _) => Ok(false),
            _ if is_old => bad("HTTP/1.0 has no transfer codings"),
            (1, 1) => Ok(true),
            (_, 0 | 1) if self.last_is_chunked || self.chunked == 0 => refuse(
                StatusCode::NOT_IMPLEMENTED,
                "the only transfer coding known is chunked",
            ),
            _ => bad("chunked must be the last transfer coding, once"),
        }
    }
}

/// The elements of a comma-separated list, without the blanks around them.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// A number: digits, and nothing else.
fn decimal(value: &[u8]) -> Option<u64> {
    // `parse` would take a sign.
    if !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Whether it is a host, with or without a port: no userinfo, blank or list.
fn is_valid_host(value: &[u8]) -> bool {
    let (host_is_valid, port) = match value.strip_prefix(b"[") {
        Some(literal) => match literal.iter().position(|&byte| byte == b']') {
            Some(end) => (is_ipv6(&literal[..end]), &literal[end + 1..]),
            None => return false,
        },
        None => {
            let end = memchr::memchr(b':', value).unwrap_or(value.len());
            let is_name = |&byte: &u8| IS_IN_NAME[usize::from(byte)];
            (end > 0 && value[..end].iter().all(is_name), &value[end..])
        }
    };
    host_is_valid
        && match port {
            [] | [b':'] => true,
            [b':', digits @ ..] => decimal(digits).is_some_and(|port| port <= u16::MAX.into()),
            _ => false,
        }
}

fn is_ipv6(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// What a registered name is made of (RFC 3986, section 3.2.2), a comma excepted: to
/// some, that makes a list. A table, since every request has a host.
const IS_IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"-._~%!$&'()*+;=";
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};

/// The size in a line such as `1a;name=value`.
fn chunk_size(line: &[u8]) -> Result<u64> {
    let end = line
        .iter()
        .position(|byte| !byte.is_ascii_hexdigit())
        .unwrap_or(line.len());
    let (digits, extensions) = line.split_at(end);
    if !are_extensions(extensions) {
        return bad("a chunk's size is malformed");
    }
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    // No digits at all, or more than fit, are errors of `from_str_radix`; a sign,
    // which it would take, is not among the digits.
    u64::from_str_radix(digits, 16).or_else(|_| bad("a chunk's size is malformed"))
}

/// Whether it is a sequence, perhaps empty, of `;name` and `;name=value`.
fn are_extensions(mut rest: &[u8]) -> bool {
    while let Some(after) = rest.strip_prefix(b";") {
        let after = skip_token(after);
        rest = match after {
            None => return false,
            Some([b'=', b'"', quoted @ ..]) => match skip_quoted(quoted) {
                Some(after) => after,
                None => return false,
            },
            Some([b'=', value @ ..]) => match skip_token(value) {
                Some(after) => after,
                None => return false,
            },
            Some(after) => after,
        };
    }
    rest.is_empty()
}

/// What follows the token at the beginning, if there is one.
fn skip_token(text: &[u8]) -> Option<&[u8]> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = text
        .iter()
        .position(|byte| !is_token(byte))
        .unwrap_or(text.len());
    (end > 0).then(|| &text[end..])
}

/// What follows the closing quote.
fn skip_quoted(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = match text {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'\t' | b' '..=b'~' | 0x80.., after @ ..] => after,
            [b'\t' | b' '..=b'~' | 0x80.., after @ ..] => after,
            _ => return None,
        };
    }
}

/// Trailers must be well-formed; nobody reads them.
fn check_trailers(trailers: &[u8]) -> Result<()> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(trailers, &mut fields) {
        Ok(httparse::Status::Complete(_)) => Ok(()),
        Err(httparse::Error::TooManyHeaders) => refuse(TOO_LARGE, "there are too many trailers"),
        _ => bad("the trailers are malformed"),
    }
}
