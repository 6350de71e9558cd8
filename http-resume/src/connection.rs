//! One connection: its socket, its buffers, and the requests in flight.
//!
//! Everything that happens to a request is decided here, on the loop's thread.
//!
//! The life of a request, with the states named here, is in the README: *Reading*,
//! *Running*, *Suspended*, *Answered*.
//!
//! Several requests may be in flight if the client pipelines: RFC 9112 permits to
//! serve those with safe methods at the same time, and demands the answers in
//! order.
//!
//! # The connection
//!
//! | before | what happens | after |
//! |---|---|---|
//! | [`Open`](Phase::Open) | a request is the last one, or is refused | `Finishing` |
//! | `Open` | the client closes its half, and all is answered | closed |
//! | `Open` | idle for too long, or while the loop ends | `Finishing` |
//! | [`Finishing`](Phase::Finishing) | all answers are sent | `Lingering`: our half is closed |
//! | [`Lingering`](Phase::Lingering) | the client closes its half, or a second passes | closed |
//!
//! Lingering is what lets a client read the last answer: closing a socket over
//! unread data, or over a request that is still on its way, resets the connection,
//! which may overtake that answer.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use mio::net::TcpStream;

use crate::encode::{CONTINUE, Form, encode};
use crate::metrics::Metric;
use crate::parse::{Event, Parser, Refusal};
use crate::request::Message;
use crate::response::Answer;
use crate::resume::{Ended, Key, Suspended, Watch};
use crate::router::HandlerId;
use crate::service::{Service, Verdict, internal_error, unavailable};

/// The most requests of one connection in flight.
const MAX_PIPELINED: usize = 64;

/// No request is started while more than this waits to be sent.
const MAX_OUTPUT: usize = 256 * 1024;

/// How much to ask the socket for at once; and no more is read while that much
/// waits for requests before it.
pub(crate) const READ_SIZE: usize = 16 * 1024;

/// The most reads, and writes, before others have their turn.
const MAX_ROUNDS: usize = 16;

/// How long a client has to read the last answer.
const LINGER: Duration = Duration::from_secs(1);

pub(crate) struct Connection {
    stream: TcpStream,
    /// Its place in the loop.
    slot: usize,
    phase: Phase,
    /// Whether the socket may have something to read (edge-triggered).
    readable: bool,
    /// Whether the end of what the client sends has been announced: then a short
    /// read does not mean that there is no more.
    end_announced: bool,
    /// Whether that end was read.
    at_end: bool,
    input: Input,
    parser: Parser,
    /// A request of which the head is complete.
    incoming: Option<Box<Message>>,
    /// What the client is waited for, and since when.
    wait: Wait,
    since: Instant,
    /// How much of the body there was when its time last began to count.
    body_seen: usize,
    in_flight: VecDeque<Exchange>,
    output: Vec<u8>,
    sent: usize,
    /// The earliest timer that is set for this connection.
    pub(crate) timer: Option<Instant>,
    /// Whether the loop is going to drive this connection anyway.
    pub(crate) is_due: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Requests are read and served.
    Open,
    /// No more requests are read; those in flight are served.
    Finishing,
    /// Everything is sent. What the client still sends is discarded.
    Lingering,
}

/// What the client is to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Request,
    RestOfHead,
    RestOfBody,
}

/// A request in flight.
struct Exchange {
    serial: u64,
    form: Form,
    state: State,
}

enum State {
    /// The handler is being called.
    Running,
    Suspended {
        message: Box<Message>,
        handler: HandlerId,
        watch: Watch,
        deadline: Instant,
    },
    /// To be sent when all before it are.
    Answered(Vec<u8>),
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits for the socket, a resume or a timer.
    Wait,
    /// There is more to do at once, after others had their turn.
    Again,
    /// It is over.
    Close,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, slot: usize, now: Instant) -> Self {
        Self {
            stream,
            slot,
            phase: Phase::Open,
            readable: false,
            end_announced: false,
            at_end: false,
            input: Input::default(),
            parser: Parser::default(),
            incoming: None,
            wait: Wait::Request,
            since: now,
            body_seen: 0,
            in_flight: VecDeque::new(),
            output: Vec::new(),
            sent: 0,
            timer: None,
            is_due: false,
        }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Notes that the socket may have something to read, and whether the client
    /// has closed its half.
    pub(crate) fn set_readable(&mut self, end_announced: bool) {
        self.readable = true;
        self.end_announced |= end_announced;
    }

    /// Does all that can be done now: serves what was received, sends what there
    /// is to send, once for all that was answered, and receives more.
    pub(crate) fn drive(&mut self, service: &mut Service) -> Fate {
        let driven = self.try_drive(service);
        self.input.give_back(service);
        driven.unwrap_or_else(|error| {
            tracing::debug!(%error, "a connection failed");
            Fate::Close
        })
    }

    fn try_drive(&mut self, service: &mut Service) -> io::Result<Fate> {
        for _ in 0..MAX_ROUNDS {
            let starved = self.serve(service);
            self.flush(service.now)?;
            if !starved && self.may_start() {
                continue; // there is room for more answers now
            }
            if service.closing && self.is_idle() && !self.readable {
                self.phase = Phase::Finishing;
                self.flush(service.now)?;
            }
            if self.is_over() {
                return Ok(Fate::Close);
            }
            if !self.receive(starved, service)? {
                return Ok(Fate::Wait);
            }
        }
        Ok(Fate::Again)
    }

    /// Whether there is nothing to do before another request comes.
    fn is_idle(&self) -> bool {
        self.phase == Phase::Open
            && self.wait == Wait::Request
            && self.in_flight.is_empty()
            && self.output.is_empty()
    }

    /// Whether nothing will be received or sent any more.
    fn is_over(&self) -> bool {
        let is_done = match self.phase {
            Phase::Open => self.in_flight.is_empty() && self.output.is_empty(),
            Phase::Finishing => false,
            Phase::Lingering => true,
        };
        is_done && self.at_end
    }

    // --- Requests ---------------------------------------------------------

    /// Starts the requests that were received. Returns whether it takes more
    /// input to go on.
    fn serve(&mut self, service: &mut Service) -> bool {
        while self.may_start() {
            if self.incoming.is_none() && self.input.bytes().is_empty() {
                self.starve(None, service);
                return true;
            }
            let mut message = self
                .incoming
                .take()
                .unwrap_or_else(|| service.new_message());
            match self.read(&mut message, service) {
                Ok(Event::Complete) => self.start(message, service),
                Ok(Event::Head) => self.incoming = Some(message),
                Ok(Event::Starved) => {
                    self.starve(Some(message), service);
                    return true;
                }
                Err(refusal) => {
                    let head_only = self.is_head_request(Some(&message));
                    service.recycle(message);
                    self.refuse(refusal, head_only, service);
                }
            }
        }
        false
    }

    /// Reads on. A body is held to the limit of its route from the head on.
    fn read(&mut self, message: &mut Message, service: &Service) -> Result<Event, Refusal> {
        let mut limits = service.limits;
        if !self.parser.is_in_head() {
            limits.body = message.max_body;
        }
        let (used, event) = self.parser.read(self.input.bytes(), message, &limits)?;
        self.input.consume(used);
        if event == Event::Head && self.parser.has_body() {
            message.max_body = service.max_body(message);
            self.parser.check_length(message.max_body)?;
        }
        Ok(event)
    }

    /// Whether the next request may be read and started.
    fn may_start(&self) -> bool {
        if self.phase != Phase::Open || self.output.len() >= MAX_OUTPUT {
            return false;
        }
        if self.in_flight.is_empty() {
            return true;
        }
        // An unsafe request is served alone, and an interim response may be sent
        // only if no answer is due before it.
        let is_unsafe_in_flight = self.in_flight.back().is_some_and(Exchange::is_unsafe);
        let must_be_alone =
            |message: &Message| !message.method.is_safe() || message.expects_continue;
        self.in_flight.len() < MAX_PIPELINED
            && !is_unsafe_in_flight
            && !self.incoming.as_deref().is_some_and(must_be_alone)
    }

    /// Puts a message, if one has begun, aside until there is more input.
    fn starve(&mut self, mut message: Option<Box<Message>>, service: &mut Service) {
        let wait = if !self.parser.is_in_head() {
            if let Some(message) = &mut message {
                let is_awaited = mem::take(&mut message.expects_continue);
                // RFC 9110, 10.1.1: not if some of the body is there already.
                if is_awaited && message.body.is_empty() && self.input.bytes().is_empty() {
                    self.output.extend_from_slice(CONTINUE);
                }
            }
            self.incoming = message;
            Wait::RestOfBody
        } else {
            if let Some(message) = message {
                service.recycle(message); // it is filled when the head is complete
            }
            match self.input.bytes() {
                [] => Wait::Request,
                _ => Wait::RestOfHead,
            }
        };
        if self.wait != wait {
            self.wait = wait;
            self.since = service.now;
            self.body_seen = 0;
        }
    }

    fn start(&mut self, mut message: Box<Message>, service: &mut Service) {
        self.wait = Wait::Request;
        self.since = service.now;
        if !message.keep_alive {
            self.phase = Phase::Finishing;
        }
        let key = Key {
            connection: self.slot,
            serial: service.new_serial(),
        };
        let verdict = service.first_call(&mut message, key);
        self.in_flight.push_back(Exchange {
            serial: key.serial,
            form: Form {
                head_only: message.method == Method::HEAD,
                is_old: message.is_old,
                close: false,
            },
            state: State::Running,
        });
        let index = self.in_flight.len() - 1;
        self.settle(index, message, verdict, service);
    }

    /// A request of this connection comes back.
    pub(crate) fn resume(&mut self, returned: Suspended, service: &mut Service) {
        let serial = returned.key().serial;
        let index = self
            .in_flight
            .iter()
            .position(|exchange| exchange.serial == serial);
        let suspended = index.and_then(|index| {
            let (message, handler) = self.in_flight[index].take_suspended()?;
            Some((index, message, handler))
        });
        let Some((index, message, handler)) = suspended else {
            // Answered already, because its time was over.
            service.counters().count(Metric::Late);
            return;
        };
        let verdict = match returned.ended() {
            Ended::Resumed => {
                service.end_suspension(Metric::EndedResumed);
                service.later_call(&message, handler, returned)
            }
            Ended::Dropped => {
                service.end_suspension(Metric::EndedDropped);
                Verdict::Answered(internal_error())
            }
        };
        self.settle(index, message, verdict, service);
    }

    /// Writes down what came of calling a handler.
    fn settle(
        &mut self,
        index: usize,
        mut message: Box<Message>,
        verdict: Verdict,
        service: &mut Service,
    ) {
        match verdict {
            Verdict::Answered(mut answer) => {
                answer.headers.extend(message.added.drain(..));
                service.recycle(message);
                self.answer(index, &answer, service);
            }
            Verdict::Suspended(handler, watch) => {
                service.begin_suspension();
                self.in_flight[index].state = State::Suspended {
                    message,
                    handler,
                    watch,
                    deadline: service.now + service.config.suspend_timeout,
                };
            }
        }
    }

    /// Encodes an answer, and sends on what is not waiting for others.
    fn answer(&mut self, index: usize, answer: &Answer, service: &Service) {
        self.since = service.now;
        let is_newest = index + 1 == self.in_flight.len();
        let is_all = is_newest && self.wait == Wait::Request && self.input.bytes().is_empty();
        if self.phase == Phase::Open && (answer.close || (service.closing && is_all)) {
            self.phase = Phase::Finishing;
        }
        let is_last = self.phase == Phase::Finishing && is_newest;
        let exchange = &mut self.in_flight[index];
        exchange.form.close = is_last;
        if index > 0 {
            let mut bytes = Vec::new();
            encode(answer, exchange.form, &service.date, &mut bytes);
            exchange.state = State::Answered(bytes);
            return;
        }
        encode(answer, exchange.form, &service.date, &mut self.output);
        self.in_flight.pop_front();
        while let Some(State::Answered(bytes)) = self.in_flight.front().map(|front| &front.state) {
            self.output.extend_from_slice(bytes);
            self.in_flight.pop_front();
        }
    }

    /// Answers what cannot be understood, in its turn. It is the last answer:
    /// where the next request would begin, nobody knows.
    fn refuse(&mut self, refusal: Refusal, head_only: bool, service: &Service) {
        service.counters().count(Metric::Refused);
        tracing::debug!(status = %refusal.status, refusal.reason, "a request is refused");
        self.phase = Phase::Finishing;
        self.in_flight.push_back(Exchange {
            serial: 0, // no request has this number: it cannot be resumed
            form: Form {
                head_only,
                is_old: false,
                close: true,
            },
            state: State::Running,
        });
        let answer = Answer::of_server(refusal.status, refusal.reason);
        self.answer(self.in_flight.len() - 1, &answer, service);
    }

    /// Returns whether the request being read begins with the method HEAD, even if
    /// the rest of its head is malformed or missing.
    fn is_head_request(&self, message: Option<&Message>) -> bool {
        match message {
            Some(message) if !self.parser.is_in_head() => message.method == Method::HEAD,
            _ => {
                // Skip what the parser skips, which is still there if it has refused
                // the head, and nothing else: another byte may have been refused
                // before HEAD arrived.
                let mut begun = self.input.bytes();
                while let Some(rest) = begun.strip_prefix(b"\r\n") {
                    begun = rest;
                }
                begun.starts_with(b"HEAD ")
            }
        }
    }

    // --- Time -------------------------------------------------------------

    /// When something must happen without anything happening before.
    pub(crate) fn deadline(&self, service: &Service) -> Option<Instant> {
        let config = &service.config;
        if self.phase == Phase::Lingering {
            return Some(self.since + LINGER);
        }
        let suspended = self.in_flight.iter().filter_map(Exchange::deadline).min();
        let socket = match self.wait {
            _ if !self.output.is_empty() => Some(self.since + config.keep_alive_timeout),
            _ if !self.in_flight.is_empty() => None,
            Wait::Request => Some(self.since + config.keep_alive_timeout),
            Wait::RestOfHead => Some(self.since + config.header_timeout),
            Wait::RestOfBody => Some(self.since + config.body_timeout),
        };
        suspended.into_iter().chain(socket).min()
    }

    /// Does what is to be done at a deadline that has passed.
    pub(crate) fn expire(&mut self, service: &mut Service) -> Fate {
        // (To answer begins a new wait, for the client to read it.)
        let now = service.now;
        self.grant_body_time(service);
        self.answer_suspended(service, Metric::EndedTimedOut, |deadline| deadline <= now);
        let is_late = self
            .deadline(service)
            .is_some_and(|deadline| deadline <= service.now);
        if is_late && self.is_idle() {
            self.phase = Phase::Finishing;
        } else if is_late && self.phase == Phase::Open && self.output.is_empty() {
            let refusal = Refusal {
                status: StatusCode::REQUEST_TIMEOUT,
                reason: "the request did not come in time",
            };
            let head_only = self.is_head_request(self.incoming.as_deref());
            self.refuse(refusal, head_only, service);
        } else if is_late {
            return Fate::Close; // the client does not read, or does not close
        }
        self.drive(service)
    }

    /// Begins to count the time for a body anew, if enough of it came in the last: a
    /// rate, looked at only when that time is over.
    fn grant_body_time(&mut self, service: &Service) {
        let config = &service.config;
        if self.wait != Wait::RestOfBody || service.now < self.since + config.body_timeout {
            return;
        }
        let body = self.incoming.as_ref().map_or(0, |it| it.body.len());
        if body >= self.body_seen.saturating_add(config.body_progress.max(1)) {
            self.body_seen = body;
            self.since = service.now;
        }
    }

    /// The loop ends now: answers everything, sends what the socket takes, and
    /// leaves nothing unread that would reset the connection.
    pub(crate) fn give_up(&mut self, service: &mut Service) {
        self.phase = Phase::Finishing;
        self.answer_suspended(service, Metric::EndedShutDown, |_| true);
        // Best effort: the connection is closed in any case.
        let _ = self.flush(service.now);
        for _ in 0..MAX_ROUNDS {
            if self.phase != Phase::Lingering || !matches!(self.receive(false, service), Ok(true)) {
                break;
            }
        }
    }

    /// Answers the suspended requests whose deadline `is_over` with 503.
    fn answer_suspended(
        &mut self,
        service: &mut Service,
        why: Metric,
        is_over: impl Fn(Instant) -> bool,
    ) {
        // From the newest: an answer removes what is before it at most.
        for index in (0..self.in_flight.len()).rev() {
            let exchange = &mut self.in_flight[index];
            if !exchange.deadline().is_some_and(&is_over) {
                continue;
            }
            exchange.abandon();
            if let Some((message, _)) = exchange.take_suspended() {
                service.end_suspension(why);
                self.settle(index, message, Verdict::Answered(unavailable()), service);
            }
        }
    }

    /// The connection is over. Nobody waits for what is still suspended.
    pub(crate) fn hang_up(mut self, service: &mut Service) {
        for exchange in &mut self.in_flight {
            exchange.abandon();
            if let Some((message, _)) = exchange.take_suspended() {
                service.end_suspension(Metric::EndedAbandoned);
                service.recycle(message);
            }
        }
    }

    // --- The socket -------------------------------------------------------

    /// Sends what there is to send, as far as the socket takes it; after the last
    /// answer, closes our half.
    fn flush(&mut self, now: Instant) -> io::Result<()> {
        while self.sent < self.output.len() {
            match self.stream.write(&self.output[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.sent += n;
                    self.since = now;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.sent = 0;
        self.output.clear();
        self.output.shrink_to(READ_SIZE); // a large answer is rare
        if self.phase == Phase::Finishing && self.in_flight.is_empty() {
            self.stream.shutdown(Shutdown::Write)?;
            self.phase = Phase::Lingering;
            self.since = now;
            // Whatever is left may be the announcement of the end.
            self.readable = true;
        }
        Ok(())
    }

    /// Receives, once. Returns whether there may be something new to do.
    fn receive(&mut self, starved: bool, service: &mut Service) -> io::Result<bool> {
        let is_lingering = self.phase == Phase::Lingering;
        if is_lingering {
            self.input.clear();
        }
        let is_full = !starved && self.input.bytes().len() >= READ_SIZE;
        if !self.readable || self.at_end || is_full {
            return Ok(false);
        }
        let space = self.input.space(service);
        let room = space.len();
        match self.stream.read(space) {
            Ok(0) => self.at_end = true,
            Ok(n) => {
                self.input.fill(n);
                // All that was there, unless the end is to be read, too: a short
                // read spares asking again. What comes later is announced anew.
                self.readable = n == room || self.end_announced;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }
}

/// Nobody waits for what is still suspended. (A loop that goes on has told so
/// already: [`Connection::hang_up`].)
impl Drop for Connection {
    fn drop(&mut self) {
        self.in_flight.iter().for_each(Exchange::abandon);
    }
}

impl Exchange {
    fn is_unsafe(&self) -> bool {
        matches!(&self.state, State::Suspended { message, .. } if !message.method.is_safe())
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Suspended { deadline, .. } => Some(*deadline),
            State::Running | State::Answered(_) => None,
        }
    }

    /// Takes out the request, if it is suspended: it is *Running* again.
    fn take_suspended(&mut self) -> Option<(Box<Message>, HandlerId)> {
        match mem::replace(&mut self.state, State::Running) {
            State::Suspended {
                message, handler, ..
            } => Some((message, handler)),
            other => {
                self.state = other;
                None
            }
        }
    }

    fn abandon(&self) {
        if let State::Suspended { watch, .. } = &self.state {
            watch.abandon();
        }
    }
}

/// Bytes received, but not used. Has a buffer only while there are any.
#[derive(Default)]
struct Input {
    /// All of it initialised, so that the socket may write anywhere.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn consume(&mut self, n: usize) {
        self.start += n;
    }

    fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Room for more: at least [`READ_SIZE`].
    fn space(&mut self, service: &mut Service) -> &mut [u8] {
        if self.buffer.is_empty() {
            self.buffer = service.new_buffer();
        }
        if self.bytes().is_empty() {
            self.clear();
        }
        if self.buffer.len() - self.end < READ_SIZE {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            let size = self.buffer.len().max(self.end + READ_SIZE);
            self.buffer.resize(size, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// Notes that so much of [`space`](Self::space) was filled.
    fn fill(&mut self, n: usize) {
        self.end += n;
    }

    /// Lets other connections have the buffer, if there is nothing in it.
    fn give_back(&mut self, service: &mut Service) {
        if self.bytes().is_empty() && !self.buffer.is_empty() {
            self.clear();
            service.keep_buffer(mem::take(&mut self.buffer));
        }
    }
}
