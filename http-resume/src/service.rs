//! Calls handlers: the first time, and again with what came back. One per loop.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::Instant;

use http::{HeaderValue, StatusCode, header};

use crate::config::Config;
use crate::connection::READ_SIZE;
use crate::metrics::{Counters, Metric, Metrics};
use crate::panic::catch_panic;
use crate::request::Request;
use crate::response::{Call, Outcome, Reply, Response};
use crate::resume::{AbandonFlag, RequestKey, ResumeQueue, Returned, VacantCell};
use crate::router::{HandlerId, Router};
use crate::sync::Arc;
use crate::wire::{Date, Limits, Message, ResponseParts};

/// How many cells without work to keep for each handler, and messages for all.
const MAX_SPARES: usize = 1024;

/// How many input buffers to keep: what is used at a time is mostly one.
const MAX_BUFFERS: usize = 16;

/// What all connections of a loop share.
pub(crate) struct Service {
    pub(crate) config: Arc<Config>,
    /// What a head may bring along; the body, as long as its route is not known.
    pub(crate) limits: Limits,
    router: Arc<Router>,
    inbox: Arc<ResumeQueue>,
    /// Cells to be filled again, by the handler that they are for.
    spares: Vec<Vec<VacantCell>>,
    #[expect(
        clippy::vec_box,
        reason = "they come from connections, boxed, and go back"
    )]
    messages: Vec<Box<Message>>,
    /// Initialised, all of the same size.
    buffers: Vec<Vec<u8>>,
    last_serial: u64,
    metrics: Arc<Metrics>,
    /// Which of the server's loops this is.
    index: usize,
    /// How many requests are suspended.
    suspended: usize,
    pub(crate) date: Date,
    /// When this turn of the loop began.
    pub(crate) now: Instant,
    /// Whether the loop is to end.
    pub(crate) closing: bool,
}

/// What came of calling a handler.
pub(crate) enum Verdict {
    Answered(ResponseParts),
    /// The request was suspended by this handler, which is to be called again.
    Suspended(HandlerId, AbandonFlag),
}

impl Service {
    pub(crate) fn new(
        config: Arc<Config>,
        router: Arc<Router>,
        inbox: Arc<ResumeQueue>,
        metrics: Arc<Metrics>,
        index: usize,
    ) -> Self {
        let mut spares = Vec::new();
        spares.resize_with(router.handler_count(), Vec::new);
        let mut limits = Limits::with_max_body(config.max_body);
        limits.body = router.largest_body(limits.body);
        Self {
            config,
            limits,
            router,
            inbox,
            spares,
            messages: Vec::new(),
            buffers: Vec::new(),
            last_serial: 0,
            metrics,
            index,
            suspended: 0,
            date: Date::new(),
            now: Instant::now(),
            closing: false,
        }
    }

    /// Catches up with the clocks.
    pub(crate) fn update_clocks(&mut self) {
        self.now = Instant::now();
        self.date.update();
    }

    /// A number that no other request of this loop has.
    pub(crate) fn new_serial(&mut self) -> u64 {
        self.last_serial += 1;
        self.last_serial
    }

    /// What this loop counts.
    pub(crate) fn counters(&self) -> &Counters {
        self.metrics.of_loop(self.index)
    }

    /// Notes that a request is suspended.
    pub(crate) fn begin_suspension(&mut self) {
        self.suspended += 1;
        self.counters()
            .set(Metric::Suspended, self.suspended as u64);
    }

    /// Notes that one is no more, and why.
    pub(crate) fn end_suspension(&mut self, why: Metric) {
        self.suspended -= 1;
        self.counters()
            .set(Metric::Suspended, self.suspended as u64);
        self.counters().count(why);
    }

    /// How long the body of this request may be.
    pub(crate) fn max_body(&self, message: &Message) -> usize {
        let of_route = self.router.max_body_of(message);
        of_route.unwrap_or(self.config.max_body)
    }

    /// Serves a request, as far as it goes.
    pub(crate) fn first_call(&mut self, message: &mut Message, key: RequestKey) -> Verdict {
        self.counters().count(Metric::Requests);
        if let Some(answer) = self.call_middleware(message, key) {
            return Verdict::Answered(answer);
        }
        match self.router.find(message) {
            Ok(handler) if self.is_full() && self.router.handler(handler).suspends() => {
                self.counters().count(Metric::Overloaded);
                Verdict::Answered(overloaded())
            }
            Ok(handler) => self.call(message, key, handler, None),
            Err(answer) => Verdict::Answered(answer),
        }
    }

    fn is_full(&self) -> bool {
        self.suspended >= self.config.max_suspended
    }

    /// Calls the middleware. Returns the answer, if one of them gives it.
    fn call_middleware(&self, message: &mut Message, key: RequestKey) -> Option<ResponseParts> {
        for middleware in self.router.all_middleware() {
            let call = self.new_call(key, None);
            let request = self.request(message);
            let flow = catch_panic(|| match middleware(&request, Response::new(&call)) {
                ControlFlow::Continue(response) => ControlFlow::Continue(response.into_fields()),
                ControlFlow::Break(outcome) => ControlFlow::Break(outcome.into_reply()),
            });
            match flow {
                Some(ControlFlow::Continue(fields)) => message.added.extend(fields),
                Some(ControlFlow::Break(Reply::Answered(answer))) => return Some(answer),
                Some(ControlFlow::Break(Reply::Suspended(_))) => {
                    unreachable!("middleware has no work to suspend with")
                }
                None => return Some(internal_error()),
            }
        }
        None
    }

    fn request<'m>(&'m self, message: &'m Message) -> Request<'m> {
        Request::new(message, &self.router, &self.metrics)
    }

    fn new_call(&self, key: RequestKey, spare: Option<VacantCell>) -> Call<'_> {
        Call {
            inbox: &self.inbox,
            key,
            spare: Cell::new(spare),
            counters: self.counters(),
            has_marked: Cell::new(false),
        }
    }

    /// Serves it further, after a resume.
    pub(crate) fn later_call(
        &mut self,
        message: &Message,
        handler: HandlerId,
        returned: Returned,
    ) -> Verdict {
        self.call(message, returned.key(), handler, Some(returned))
    }

    fn call(
        &mut self,
        message: &Message,
        key: RequestKey,
        handler: HandlerId,
        returned: Option<Returned>,
    ) -> Verdict {
        // What came back has its own cell, to be filled again.
        let spare = match returned {
            Some(_) => None,
            None => self.spares[handler.0].pop(),
        };
        let call = self.new_call(key, spare);
        let request = self.request(message);
        let erased = self.router.handler(handler);
        let reply = catch_panic(|| Outcome::into_reply(erased.call(&request, &call, returned)));
        let has_marked = call.has_marked.get();
        if let Some(vacant) = call.spare.into_inner() {
            self.keep_spare(handler, vacant);
        }
        match reply {
            Some(Reply::Answered(answer)) => Verdict::Answered(answer),
            Some(Reply::Suspended(watch)) => Verdict::Suspended(handler, watch.returned()),
            None => {
                tracing::error!(path = message.path(), "a handler panicked");
                if has_marked {
                    self.counters().count(Metric::EndedAbandoned);
                }
                Verdict::Answered(internal_error())
            }
        }
    }

    /// Handlers have been called.
    pub(crate) fn after_handlers(&self) {
        if catch_panic(|| self.router.hand_over()).is_none() {
            tracing::error!("what is called after handlers panicked");
        }
    }

    fn keep_spare(&mut self, handler: HandlerId, vacant: VacantCell) {
        let spares = &mut self.spares[handler.0];
        if spares.len() < MAX_SPARES {
            spares.push(vacant);
        }
    }

    /// A message to be filled.
    pub(crate) fn new_message(&mut self) -> Box<Message> {
        self.messages.pop().unwrap_or_default()
    }

    /// Keeps a message that is done with, for [`new_message`](Self::new_message).
    pub(crate) fn recycle(&mut self, mut message: Box<Message>) {
        if self.messages.len() < MAX_SPARES {
            message.shrink();
            self.messages.push(message);
        }
    }

    /// An input buffer.
    pub(crate) fn new_buffer(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_else(|| vec![0; READ_SIZE])
    }

    /// Keeps an input buffer for others, unless it has grown.
    pub(crate) fn keep_buffer(&mut self, buffer: Vec<u8>) {
        if self.buffers.len() < MAX_BUFFERS && buffer.len() == READ_SIZE {
            self.buffers.push(buffer);
        }
    }
}

/// The answer to a request whose handler or worker failed.
pub(crate) fn internal_error() -> ResponseParts {
    let reason = "internal server error";
    ResponseParts::plain(StatusCode::INTERNAL_SERVER_ERROR, reason)
}

/// The answer to a request that might be suspended when too many are.
fn overloaded() -> ResponseParts {
    let reason = "too many suspended requests";
    let mut answer = ResponseParts::plain(StatusCode::SERVICE_UNAVAILABLE, reason);
    answer
        .headers
        .push((header::RETRY_AFTER, HeaderValue::from_static("1")));
    answer
}

/// The answer to a request that was suspended for too long.
pub(crate) fn unavailable() -> ResponseParts {
    let reason = "response not ready in time";
    ResponseParts::plain(StatusCode::SERVICE_UNAVAILABLE, reason)
}
