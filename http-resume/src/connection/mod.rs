//! A connection: reads requests, has them served, and sends the responses.
//!
//! Everything that happens to a request is decided here, on the event loop's thread.
//!
//! | before | event | after |
//! |---|---|---|
//! | [`Open`](Phase::Open) | a request is the last one, or is refused | `Finishing` |
//! | `Open` | the client closes its half, and all responses are sent | closed |
//! | `Open` | the idle timeout passes, or the event loop shuts down while idle | `Finishing` |
//! | [`Finishing`](Phase::Finishing) | all responses are sent | `Lingering`; the server's half is closed |
//! | [`Lingering`](Phase::Lingering) | the client closes its half, or sends nothing for [a second](deadlines::LINGER), or the send timeout passes (a second during a stop) | closed |
//!
//! Lingering lets the client read the last response. Closing a socket with unread data, or
//! before more data arrives, resets the connection, and the reset may overtake the response.

mod deadlines;
mod input;
mod output;
mod pipeline;
mod quantum;
mod stream;
#[cfg(test)]
mod tests;
mod wait;

use std::io::{self, ErrorKind};
use std::mem;
use std::time::Instant;

use http::Method;
use mio::net::TcpStream;

use self::input::Input;
use self::output::Output;
use self::pipeline::{Pipeline, Suspension};
use self::quantum::Quantum;
pub(crate) use self::stream::Stream;
use self::wait::{Awaited, Wait};
use crate::config::Config;
use crate::metrics::Metric;
use crate::resume::{Completion, RequestKey, Returned};
use crate::service::{CallResult, READ_SIZE, Service, internal_error, timed_out};
use crate::wire::{CONTINUE, Event, Framing, Message, Parser, RequestError, ResponseParts, encode};

/// Maximum number of reads, each with its writes, before other connections have their turn.
const MAX_ROUNDS: usize = 16;

pub(crate) struct Connection<S = TcpStream> {
    stream: S,
    /// The index of the connection in its event loop.
    slot: usize,
    phase: Phase,
    /// Set if the socket may have bytes to read (edge-triggered).
    is_readable: bool,
    /// Set if the poll has reported the end of the client's data. Then a short read does not
    /// mean that nothing is left to read.
    is_end_announced: bool,
    /// Set if the end of the client's data was read.
    is_at_end: bool,
    input: Input,
    parser: Parser,
    /// A request whose head is complete and whose body is not.
    incoming: Option<Box<Message>>,
    wait: Wait,
    pipeline: Pipeline,
    output: Output,
    /// The earliest timer that is set for this connection.
    pub(crate) timer: Option<Instant>,
    /// Set if the event loop will drive this connection without another event.
    pub(crate) is_scheduled: bool,
    /// The pending bytes that the event loop has counted.
    counted: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Requests are read and served.
    Open,
    /// No more requests are read; those in flight are served.
    Finishing,
    /// All responses are sent. Further input is discarded.
    Lingering { since: Instant },
}

impl Phase {
    fn is_lingering(self) -> bool {
        matches!(self, Self::Lingering { .. })
    }
}

/// What the event loop does next with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Wait for the socket, a resume or a timer.
    Wait,
    /// Drive the connection again after others had their turn.
    Drive,
    Close,
}

impl<S: Stream> Connection<S> {
    pub(crate) fn new(stream: S, slot: usize, now: Instant) -> Self {
        Self {
            stream,
            slot,
            phase: Phase::Open,
            is_readable: false,
            is_end_announced: false,
            is_at_end: false,
            input: Input::default(),
            parser: Parser::default(),
            incoming: None,
            wait: Wait::new(Awaited::FirstRequest, now),
            pipeline: Pipeline::default(),
            output: Output::default(),
            timer: None,
            is_scheduled: false,
            counted: 0,
        }
    }

    pub(crate) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Marks the socket as readable, and with `end_announced`, the client's half as closed.
    pub(crate) fn set_readable(&mut self, end_announced: bool) {
        self.is_readable = true;
        self.is_end_announced |= end_announced;
    }

    /// Counts the bytes that are pending, with those of a request that is being received.
    fn count_pending(&mut self, service: &mut Service) {
        let incoming = self.incoming.as_ref().map_or(0, |message| message.bytes());
        let pending = self.pending_bytes() + incoming + self.input.bytes().len();
        service.count_pending(self.counted, pending);
        self.counted = pending;
    }

    /// Makes all progress that is possible now: serves the received requests, sends their
    /// responses together, and receives more.
    pub(crate) fn drive(&mut self, service: &mut Service) -> NextStep {
        let driven = self.try_drive(service);
        self.input.release(&mut service.spares);
        self.count_pending(service);
        driven.unwrap_or_else(|error| {
            tracing::debug!(%error, "a connection failed");
            NextStep::Close
        })
    }

    fn try_drive(&mut self, service: &mut Service) -> io::Result<NextStep> {
        let mut quantum = Quantum::new();
        if self.input.bytes().is_empty() {
            self.receive(true, service)?;
        }
        for _ in 0..MAX_ROUNDS {
            self.call_returned(service);
            let needs_input = self.serve(&mut quantum, service);
            self.flush(service)?;
            if quantum.is_spent() {
                break;
            }
            let has_room = !needs_input && self.may_start(service);
            if has_room || self.next_returned(&service.config).is_some() {
                continue; // because responses were sent
            }
            if service.is_closing && self.is_idle() && !self.is_readable {
                self.phase = Phase::Finishing;
                self.flush(service)?;
            }
            if self.is_over() {
                return Ok(NextStep::Close);
            }
            if !self.receive(needs_input, service)? {
                return Ok(NextStep::Wait);
            }
        }
        Ok(NextStep::Drive)
    }

    /// Returns `true` if there is nothing to do before another request arrives.
    fn is_idle(&self) -> bool {
        self.phase == Phase::Open && self.wait.is_for_request() && self.is_drained()
    }

    /// Returns `true` if nothing will be received or sent any more.
    fn is_over(&self) -> bool {
        let is_done = match self.phase {
            Phase::Open => self.is_drained(),
            Phase::Finishing => false,
            Phase::Lingering { .. } => true,
        };
        is_done && self.is_at_end
    }

    /// Returns `true` if every request has its response, and all responses are sent.
    fn is_drained(&self) -> bool {
        self.pipeline.is_empty() && self.output.is_empty()
    }

    /// Serves the requests that were received, as far as the quantum suffices. Returns whether more
    /// input is needed.
    fn serve(&mut self, quantum: &mut Quantum, service: &mut Service) -> bool {
        while !quantum.is_spent() && self.may_start(service) {
            if self.incoming.is_none() && self.input.bytes().is_empty() {
                self.wait_for_input(None, service);
                return true;
            }
            let bytes_before = self.input.bytes().len();
            let pending_before = self.pending_bytes();
            let event = self.read_message(service);
            let parsed = bytes_before - self.input.bytes().len();
            let pending = self.pending_bytes().saturating_sub(pending_before);
            quantum.spend(event == Some(Event::Head), parsed + pending);
            if mem::take(&mut service.has_panicked) {
                quantum.end(); // a panic takes as long as many requests
            }
            if event == Some(Event::Starved) {
                return true;
            }
        }
        false
    }

    /// Reads up to the next event, and does what follows from it. Returns `None` after a refusal.
    fn read_message(&mut self, service: &mut Service) -> Option<Event> {
        let incoming = self.incoming.take();
        let mut message = incoming.unwrap_or_else(|| service.spares.message());
        let event = self.read(&mut message, service);
        match event {
            Ok(Event::Head) => self.accept(message, service),
            Ok(Event::Complete) => self.start(message, service),
            Ok(Event::Starved) => self.wait_for_input(Some(message), service),
            Err(error) => {
                let head_only = self.is_head_request(Some(&message));
                service.spares.put_message(message);
                self.refuse(error, head_only, service);
            }
        }
        event.ok()
    }

    /// Returns how many bytes the connection has allocated for itself.
    #[cfg(test)]
    fn heap_bytes(&self) -> usize {
        self.input.capacity() + self.output.capacity() + self.pipeline.capacity()
    }

    /// Lets middleware see the head of a request. If it responds, a body is not read. A request
    /// without a body is complete, and starts at once if it may.
    fn accept(&mut self, mut message: Box<Message>, service: &mut Service) {
        service.call_middleware(&mut message, self.slot);
        if message.expects_continue {
            service.answer_if_unknown(&mut message);
        }
        let has_body = self.parser.has_body();
        if has_body && message.answer.is_some() {
            self.phase = Phase::Finishing;
        } else if has_body || !self.admits(Some(&message), &service.config) {
            self.incoming = Some(message);
            return;
        } else {
            self.parser.end_message();
        }
        self.start(message, service);
    }

    /// Returns the bytes of suspended requests, and of responses that are not sent.
    fn pending_bytes(&self) -> usize {
        self.output.len() + self.pipeline.bytes()
    }

    /// Returns whether the next request may be read and started.
    ///
    /// While too many bytes are pending in other connections, only a connection without any may
    /// start one.
    fn may_start(&self, service: &Service) -> bool {
        let pending = self.pending_bytes();
        self.phase == Phase::Open
            && pending <= service.config.max_pending
            && (pending == 0 || !service.has_too_many_pending_bytes(self.counted))
            && self.admits(self.incoming.as_deref(), &service.config)
    }

    fn admits(&self, incoming: Option<&Message>, config: &Config) -> bool {
        self.pipeline.admits(incoming, config.max_pipelined)
    }

    /// Parses the input. Once the head is complete, the limit of the route applies.
    fn read(&mut self, message: &mut Message, service: &Service) -> Result<Event, RequestError> {
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
        let has_begun = !self.parser.is_in_head() || !self.input.bytes().is_empty();
        if event == Event::Starved && has_begun {
            // A large request is no reason to refuse itself.
            service.check_pending_bytes(self.counted)?;
        }
        Ok(event)
    }

    /// Puts a message that has begun aside until more input arrives.
    fn wait_for_input(&mut self, mut message: Option<Box<Message>>, service: &mut Service) {
        let awaited = if !self.parser.is_in_head() {
            if let Some(message) = &mut message {
                let is_awaited = mem::take(&mut message.expects_continue);
                // RFC 9110, 10.1.1: not if a part of the body has arrived.
                if is_awaited && message.body.is_empty() && self.input.bytes().is_empty() {
                    let output = self.output.buffer(&mut service.spares);
                    output.extend_from_slice(CONTINUE);
                }
            }
            self.incoming = message;
            Awaited::RestOfBody
        } else {
            if let Some(message) = message {
                service.spares.put_message(message); // filled once the head is complete
            }
            match self.input.bytes() {
                [] => Awaited::Request,
                _ => Awaited::RestOfHead,
            }
        };
        self.wait.wait_for(awaited, service.now);
    }

    /// Calls the handler of a complete request.
    fn start(&mut self, mut message: Box<Message>, service: &mut Service) {
        self.wait = Wait::new(Awaited::Request, service.now);
        // A client that floods could prolong a stop.
        let is_last = service.is_closing || service.config.keep_alive_timeout.is_zero();
        if is_last || !message.keep_alive {
            self.phase = Phase::Finishing;
        }
        let key = RequestKey {
            connection: self.slot,
            serial: service.new_serial(),
        };
        let result = service.call_first(&mut message, key, self.counted);
        let framing = Framing {
            head_only: message.method == Method::HEAD,
            is_http10: message.is_http10,
            close: false,
        };
        match result {
            CallResult::Responded(mut response) if self.pipeline.is_empty() => {
                finish(&mut response, message, service);
                let close = self.will_close(response.close, true, service);
                let output = self.output.buffer(&mut service.spares);
                encode(&response, framing.with_close(close), &service.date, output);
            }
            result => {
                let expiry = service.now.checked_add(service.config.request_timeout);
                let index = self.pipeline.push(key.serial, framing, expiry);
                self.apply_result(index, message, result, service);
            }
        }
    }

    /// Calls the handler of a returned request again, unless the request has ended.
    ///
    /// While too many bytes are pending, only that of the first request: what others respond would
    /// wait for it.
    pub(crate) fn resume(&mut self, returned: Returned, service: &mut Service) {
        if let Err(late) = self.pipeline.keep(returned) {
            let counters = service.counters();
            counters.count_from_any_thread(Metric::LateResumes);
            drop(late);
            return;
        }
        self.call_returned(service);
    }

    /// Calls the handlers of returned requests, as far as their responses may wait, for another one
    /// or for the client to read.
    fn call_returned(&mut self, service: &mut Service) {
        while let Some(index) = self.next_returned(&service.config) {
            let suspension = self.pipeline.take_suspension(index);
            let suspension = suspension.expect("a returned request is suspended");
            self.call_again(index, suspension, service);
        }
    }

    /// Returns the index of the returned request whose handler may be called next.
    fn next_returned(&self, config: &Config) -> Option<usize> {
        if self.output.len() > config.max_pending {
            return None;
        }
        let is_full = self.pending_bytes() > config.max_pending;
        self.pipeline.next_returned(is_full)
    }

    fn call_again(&mut self, index: usize, suspension: Suspension, service: &mut Service) {
        let Suspension {
            message,
            handler,
            returned,
            ..
        } = suspension;
        let returned = returned.expect("the request has returned");
        let key = returned.key();
        let result = match returned.completion() {
            Completion::Resumed if self.pipeline.has_expired(index, service.now) => {
                service.end_suspension(Metric::EndedTimedOut);
                CallResult::Responded(timed_out())
            }
            Completion::Resumed => {
                service.end_suspension(Metric::EndedResumed);
                service.call(&message, key, handler, Some(returned))
            }
            Completion::Dropped => {
                service.end_suspension(Metric::EndedDropped);
                CallResult::Responded(internal_error())
            }
        };
        self.apply_result(index, message, result, service);
    }

    /// Responds to the running request at `index`, or suspends it.
    fn apply_result(
        &mut self,
        index: usize,
        message: Box<Message>,
        result: CallResult,
        service: &mut Service,
    ) {
        match result {
            CallResult::Responded(mut response) => {
                finish(&mut response, message, service);
                self.respond(index, &response, service);
            }
            CallResult::Suspended(handler, flag) => {
                service.begin_suspension();
                let suspension = Suspension {
                    message,
                    handler,
                    flag,
                    deadline: service.now.checked_add(service.config.suspend_timeout),
                    returned: None,
                };
                self.pipeline.suspend(index, suspension);
            }
        }
    }

    fn respond(&mut self, index: usize, response: &ResponseParts, service: &mut Service) {
        let is_newest = index + 1 == self.pipeline.len();
        let close = self.will_close(response.close, is_newest, service);
        let date = &service.date;
        if index == 0 {
            let output = self.output.buffer(&mut service.spares);
            self.pipeline.respond_first(response, close, date, output);
        } else {
            self.pipeline.respond_later(index, response, close, date);
        }
    }

    /// Starts the time until the next request again, because one has its response. Returns whether
    /// the connection is closed after that.
    fn will_close(&mut self, is_asked: bool, is_newest: bool, service: &Service) -> bool {
        self.wait.restart(service.now);
        let nothing_follows =
            is_newest && self.wait.is_for_request() && self.input.bytes().is_empty();
        if self.phase == Phase::Open && (is_asked || (service.is_closing && nothing_follows)) {
            self.phase = Phase::Finishing;
        }
        self.phase == Phase::Finishing && is_newest
    }

    /// Queues an error response behind the earlier responses and closes the connection,
    /// because the start of the next request cannot be determined.
    fn refuse(&mut self, error: RequestError, head_only: bool, service: &mut Service) {
        service.counters().count(Metric::RefusedRequests);
        tracing::debug!(status = %error.status, error.reason, "request refused");
        self.phase = Phase::Finishing;
        let framing = Framing {
            head_only,
            is_http10: false,
            close: true,
        };
        let no_request = 0; // serial numbers begin with 1, so this one cannot be resumed
        let index = self.pipeline.push(no_request, framing, None);
        let response = ResponseParts::plain(error.status, error.reason);
        self.respond(index, &response, service);
    }

    /// Returns whether the request being read begins with the method HEAD, even if the rest
    /// of its head is malformed or missing.
    fn is_head_request(&self, message: Option<&Message>) -> bool {
        match message {
            Some(message) if !self.parser.is_in_head() => message.method == Method::HEAD,
            _ => {
                // Skips exactly what the parser skips. It may have refused another byte
                // before HEAD arrived.
                let mut begun = self.input.bytes();
                while let Some(rest) = begun.strip_prefix(b"\r\n") {
                    begun = rest;
                }
                begun.starts_with(b"HEAD ")
            }
        }
    }

    /// Sends what the socket accepts. After the last response, closes the server's half.
    fn flush(&mut self, service: &mut Service) -> io::Result<()> {
        let now = service.now;
        if self
            .output
            .send(&mut self.stream, now, &mut service.spares)?
        {
            self.wait.restart(now);
        }
        if self.phase == Phase::Finishing && self.is_drained() {
            self.stream.end()?;
            self.phase = Phase::Lingering { since: now };
            self.wait.restart(now);
            self.is_readable = true; // the end of the client's data may be there already
        }
        Ok(())
    }

    /// Reads once from the socket. Returns whether there may be something new to do.
    fn receive(&mut self, needs_input: bool, service: &mut Service) -> io::Result<bool> {
        if self.phase.is_lingering() {
            self.input.clear();
        }
        let is_full = !needs_input && self.input.bytes().len() >= READ_SIZE;
        if !self.is_readable || self.is_at_end || is_full {
            return Ok(false);
        }
        match self.input.read(&mut self.stream, &mut service.spares) {
            Ok((0, _)) => self.is_at_end = true,
            Ok((_, is_filled)) => {
                // A short read has emptied the socket, except for an end that was announced.
                // The poll reports what arrives later.
                self.is_readable = is_filled || self.is_end_announced;
                if self.phase.is_lingering() {
                    self.wait.restart(service.now);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Responds to everything at once because the event loop ends: sends what the socket
    /// accepts, and reads what would otherwise reset the connection.
    pub(crate) fn abort(&mut self, service: &mut Service) {
        service.count_pending(mem::take(&mut self.counted), 0);
        self.phase = Phase::Finishing;
        self.end_suspensions(service, Metric::EndedShutDown, |_| true);
        // Best effort: the connection is closed in any case.
        let _ = self.flush(service);
        for _ in 0..MAX_ROUNDS {
            if !self.phase.is_lingering() || !matches!(self.receive(false, service), Ok(true)) {
                break;
            }
        }
    }

    /// Ends a closed connection, and abandons the requests that are still suspended.
    pub(crate) fn disconnect(mut self, service: &mut Service) {
        service.count_pending(self.counted, 0);
        for index in 0..self.pipeline.len() {
            if let Some(suspension) = self.pipeline.abandon(index, |_| true) {
                service.end_suspension(Metric::EndedAbandoned);
                service.spares.put_message(suspension.message);
            }
        }
    }
}

/// Completes a response by middleware. The message is no longer needed.
fn finish(response: &mut ResponseParts, mut message: Box<Message>, service: &mut Service) {
    if !message.added.is_empty() {
        response.add_of_middleware(message.added.drain(..));
    }
    service.call_response_middleware(&message, response);
    service.spares.put_message(message);
}
