//! Requests in flight, whose responses are sent in order.
//!
//! If the client pipelines, several requests may be in flight. RFC 9112 permits serving
//! those with safe methods concurrently, and requires responses in order.
//!
//! | before | event | after |
//! |---|---|---|
//! | *reading* | the message is complete, and the pipeline admits it | `Running` |
//! | *reading* | the message is malformed, too large or too slow | `Responded` (4xx, 5xx); the connection closes |
//! | [`Running`](State::Running) | middleware or the handler responds | `Responded` |
//! | `Running` | too many requests are suspended, and the handler can suspend | `Responded` (503) |
//! | `Running` | the handler panics | `Responded` (500) |
//! | `Running` | the handler suspends the request | `Suspended` |
//! | [`Suspended`](State::Suspended) | the pending request is resumed | `Running`: the handler's next call, if the responses that wait are not too long already; otherwise later |
//! | `Suspended` | the pending request is dropped | `Responded` (500) |
//! | `Suspended` | its deadline or that of the shutdown passes | `Responded` (503); abandoned |
//! | `Suspended` | the client disconnects | gone with the connection; abandoned |
//! | [`Responded`](State::Responded) | the responses before it are in the output | gone; its response is in the output |
//!
//! A request that returns while not `Suspended` is counted as late and dropped.

use std::collections::VecDeque;
use std::mem;
use std::time::Instant;

use crate::handler::HandlerId;
use crate::resume::{AbandonFlag, Returned};
use crate::wire::{Date, Framing, Message, ResponseParts, encode};

/// The requests in flight that a connection keeps room for.
const FEW: usize = 2;

/// The requests in flight of a connection, in the order of their arrival.
#[derive(Default)]
pub(super) struct Pipeline {
    requests: VecDeque<InFlight>,
    /// The bytes that they hold.
    bytes: usize,
    /// How many of them have returned, and wait for the next call of their handler.
    returned: usize,
}

/// A request in flight.
struct InFlight {
    serial: u64,
    framing: Framing,
    /// When it gets a 503, however often it is suspended; `None` for never.
    expiry: Option<Instant>,
    state: State,
}

enum State {
    /// Its handler is being called.
    Running,
    Suspended(Suspension),
    /// Its encoded response waits for the responses before it.
    Responded(Vec<u8>),
}

/// A suspended request.
pub(super) struct Suspension {
    pub(super) message: Box<Message>,
    pub(super) handler: HandlerId,
    pub(super) flag: AbandonFlag,
    /// `None` for never.
    pub(super) deadline: Option<Instant>,
    /// Set if the request has been resumed, and its handler will be called later.
    pub(super) returned: Option<Returned>,
}

impl Pipeline {
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.requests.capacity() * size_of::<InFlight>()
    }

    /// Returns the bytes of suspended requests, and of responses that wait for others.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether the next request may be read and started, if at most `max` are in flight.
    /// `incoming` is that request if its head has been read.
    pub(super) fn admits(&self, incoming: Option<&Message>, max: usize) -> bool {
        let Some(newest) = self.requests.back() else {
            return true;
        };
        // A request with an unsafe method is served alone, and an interim response may be
        // sent only if no response is due before it.
        let must_be_alone =
            |message: &Message| !message.method.is_safe() || message.expects_continue;
        self.requests.len() < max && !newest.is_unsafe() && !incoming.is_some_and(must_be_alone)
    }

    /// Adds a running request. Returns its index.
    pub(super) fn push(&mut self, serial: u64, framing: Framing, expiry: Option<Instant>) -> usize {
        self.requests.push_back(InFlight {
            serial,
            framing,
            expiry,
            state: State::Running,
        });
        self.requests.len() - 1
    }

    /// Suspends a running request, until it expires at the latest.
    pub(super) fn suspend(&mut self, index: usize, mut suspension: Suspension) {
        let request = &mut self.requests[index];
        let deadlines = suspension.deadline.into_iter().chain(request.expiry);
        suspension.deadline = deadlines.min();
        self.bytes += suspension.message.bytes();
        request.state = State::Suspended(suspension);
    }

    /// Returns whether the time of a request is over.
    pub(super) fn has_expired(&self, index: usize, now: Instant) -> bool {
        self.requests[index]
            .expiry
            .is_some_and(|expiry| expiry <= now)
    }

    /// Keeps a returned request with what was suspended. Gives it back if the request has ended.
    pub(super) fn keep(&mut self, returned: Returned) -> Result<(), Returned> {
        let serial = returned.key().serial;
        let mut requests = self.requests.iter_mut();
        let request = requests.find(|request| request.serial == serial);
        match request.map(|request| &mut request.state) {
            Some(State::Suspended(suspension)) => {
                suspension.returned = Some(returned);
                self.returned += 1;
                Ok(())
            }
            _ => Err(returned),
        }
    }

    /// Returns the index of the oldest request that has returned: only if it is the first of all
    /// requests, with `first_only`.
    pub(super) fn next_returned(&self, first_only: bool) -> Option<usize> {
        if self.returned == 0 {
            return None; // fast path
        }
        let has_returned = |request: &InFlight| match &request.state {
            State::Suspended(suspension) => suspension.returned.is_some(),
            State::Running | State::Responded(_) => false,
        };
        let index = self.requests.iter().position(has_returned)?;
        (index == 0 || !first_only).then_some(index)
    }

    /// Abandons a suspended request whose deadline matches `is_over`, and marks it as
    /// running. Returns what was suspended.
    pub(super) fn abandon(
        &mut self,
        index: usize,
        is_over: impl Fn(Option<Instant>) -> bool,
    ) -> Option<Suspension> {
        if !is_over(self.requests[index].deadline()) {
            return None;
        }
        let suspension = self.take_suspension(index)?;
        suspension.flag.set();
        Some(suspension)
    }

    /// Marks a suspended request as running. Returns what was suspended.
    pub(super) fn take_suspension(&mut self, index: usize) -> Option<Suspension> {
        let suspension = self.requests[index].take_suspension()?;
        self.bytes -= suspension.message.bytes();
        self.returned -= usize::from(suspension.returned.is_some());
        Some(suspension)
    }

    /// Encodes the response to the first request, which is running. Appends it to `output`, with
    /// those behind it that are ready.
    pub(super) fn respond_first(
        &mut self,
        response: &ResponseParts,
        close: bool,
        date: &Date,
        output: &mut Vec<u8>,
    ) {
        let first = self.requests.pop_front().expect("a request is running");
        encode(response, first.framing.with_close(close), date, output);
        while let Some(State::Responded(bytes)) = self.requests.front().map(|front| &front.state) {
            output.extend_from_slice(bytes);
            self.bytes -= bytes.len();
            self.requests.pop_front();
        }
        if self.requests.is_empty() {
            self.requests.shrink_to(FEW); // a long pipeline is rare
        }
    }

    /// Encodes the response to a running request that is not the first.
    pub(super) fn respond_later(
        &mut self,
        index: usize,
        response: &ResponseParts,
        close: bool,
        date: &Date,
    ) {
        let request = &mut self.requests[index];
        let mut bytes = Vec::new();
        encode(
            response,
            request.framing.with_close(close),
            date,
            &mut bytes,
        );
        self.bytes += bytes.len();
        request.state = State::Responded(bytes);
    }

    /// Returns the earliest deadline of a suspension.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.requests.iter().filter_map(InFlight::deadline).min()
    }
}

/// Abandons the requests that are still suspended.
impl Drop for Pipeline {
    fn drop(&mut self) {
        for request in &self.requests {
            if let State::Suspended(suspension) = &request.state {
                suspension.flag.set();
            }
        }
    }
}

impl InFlight {
    fn is_unsafe(&self) -> bool {
        matches!(&self.state, State::Suspended(suspension) if !suspension.message.method.is_safe())
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Suspended(suspension) => suspension.deadline,
            State::Running | State::Responded(_) => None,
        }
    }

    fn take_suspension(&mut self) -> Option<Suspension> {
        match mem::replace(&mut self.state, State::Running) {
            State::Suspended(suspension) => Some(suspension),
            other => {
                self.state = other;
                None
            }
        }
    }
}
