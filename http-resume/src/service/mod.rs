//! What the connections of an event loop share: the calls of handlers, the clock, the
//! counters and the spare allocations.

mod spares;

use std::cell::Cell;
use std::mem;
use std::ops::ControlFlow;
use std::time::Instant;

use http::{HeaderValue, StatusCode, header};

pub(crate) use spares::{READ_SIZE, Spares};

use crate::config::Config;
use crate::handler::{Call, HandlerId, HandlerResult, Reply, Request, Response, Router};
use crate::metrics::{Counters, Metric, Metrics};
use crate::panic::catch_panic;
use crate::resume::{AbandonFlag, RequestKey, ResumeQueue, Returned, VacantCell};
use crate::sync::Arc;
use crate::wire::{Date, Limits, Message, RequestError, ResponseParts};

/// The shared state of an event loop's connections.
pub(crate) struct Service {
    pub(crate) config: Arc<Config>,
    /// Limits for heads, and for bodies until their route is known.
    pub(crate) limits: Limits,
    pub(crate) spares: Spares,
    pub(crate) date: Date,
    /// When the poll of this iteration of the event loop returned.
    pub(crate) now: Instant,
    /// Set if the event loop is shutting down.
    pub(crate) is_closing: bool,
    /// Set if a handler has panicked since this was reset.
    pub(crate) has_panicked: bool,
    router: Arc<Router>,
    resume_queue: Arc<ResumeQueue>,
    last_serial: u64,
    /// The bytes of suspended requests, of responses that are not sent, and of requests that are
    /// being received, of all connections.
    pending_bytes: usize,
    metrics: Arc<Metrics>,
    /// The index of the event loop in the server.
    index: usize,
}

/// The result of calling a handler.
pub(crate) enum CallResult {
    Responded(ResponseParts),
    /// The request was suspended by this handler, which will be called again.
    Suspended(HandlerId, AbandonFlag),
}

impl Service {
    pub(crate) fn new(
        config: Arc<Config>,
        router: Arc<Router>,
        resume_queue: Arc<ResumeQueue>,
        metrics: Arc<Metrics>,
        index: usize,
    ) -> Self {
        Self {
            limits: Limits {
                request_line: config.max_line,
                headers: config.max_head,
                fields: config.max_fields,
                body: router.paths().largest_body(config.max_body),
            },
            spares: Spares::new(router.handler_count()),
            date: Date::new(),
            now: Instant::now(),
            is_closing: false,
            has_panicked: false,
            config,
            router,
            resume_queue,
            last_serial: 0,
            pending_bytes: 0,
            metrics,
            index,
        }
    }

    /// Updates the clock and the date.
    pub(crate) fn update_clocks(&mut self) {
        self.now = Instant::now();
        self.date.update();
    }

    /// Returns a serial number that no other request of this event loop has.
    pub(crate) fn new_serial(&mut self) -> u64 {
        self.last_serial += 1;
        self.last_serial
    }

    /// Returns the counters of this event loop.
    pub(crate) fn counters(&self) -> &Counters {
        self.metrics.of_loop(self.index)
    }

    /// Counts the pending bytes of a connection, which have changed.
    pub(crate) fn count_pending(&mut self, before: usize, now: usize) {
        if now != before {
            self.pending_bytes = self.pending_bytes - before + now;
            let counters = self.metrics.of_loop(self.index);
            counters.set(Metric::PendingBytes, self.pending_bytes as u64);
        }
    }

    /// Counts a request as suspended.
    pub(crate) fn begin_suspension(&self) {
        self.counters().count(Metric::Suspended);
    }

    /// Returns whether a request of this event loop is suspended.
    pub(crate) fn has_suspended(&self) -> bool {
        self.counters().get(Metric::Suspended) > 0
    }

    /// Counts the end of a suspension, and its cause.
    pub(crate) fn end_suspension(&self, cause: Metric) {
        self.counters().uncount(Metric::Suspended);
        self.counters().count(cause);
    }

    /// Returns the maximum length of the body of this request.
    pub(crate) fn max_body(&self, message: &Message) -> usize {
        let of_path = self.router.paths().max_body_of(message);
        of_path.unwrap_or(self.config.max_body)
    }

    /// Calls the handler of a new request, unless middleware has responded. `own` bytes are pending
    /// in its connection.
    pub(crate) fn call_first(
        &mut self,
        message: &mut Message,
        key: RequestKey,
        own: usize,
    ) -> CallResult {
        self.counters().count(Metric::Requests);
        if let Some(response) = message.answer.take() {
            return CallResult::Responded(*response);
        }
        match self.router.paths().find(message) {
            Ok(handler) => match self.overload(handler, own) {
                Some(reason) => {
                    self.counters().count(Metric::OverloadedRequests);
                    CallResult::Responded(overloaded(reason))
                }
                None => self.call(message, key, handler, None),
            },
            Err(response) => CallResult::Responded(response),
        }
    }

    /// Returns why the handler is not called, if there is a reason. One that cannot suspend is
    /// called in any case: so `/metrics` can be read.
    fn overload(&self, handler: HandlerId, own: usize) -> Option<&'static str> {
        let suspended = self.counters().get(Metric::Suspended);
        if !self.router.handler(handler).can_suspend() {
            None
        } else if suspended >= self.config.max_suspended as u64 {
            Some("too many suspended requests")
        } else {
            let is_full = self.has_too_many_pending_bytes(own);
            is_full.then_some(TOO_MANY_BYTES)
        }
    }

    /// Runs the `after_handlers` callbacks.
    pub(crate) fn run_after_handlers(&self) {
        if catch_panic(|| self.router.run_after_handlers()).is_none() {
            tracing::error!("an `after_handlers` callback panicked");
        }
    }

    /// Returns whether too many bytes are pending in all connections but the one that has `own`
    /// ones.
    pub(crate) fn has_too_many_pending_bytes(&self, own: usize) -> bool {
        self.pending_bytes - own > self.config.max_pending_total
    }

    /// Refuses to receive more of a request, of which `own` bytes are pending, if too many other
    /// bytes are.
    pub(crate) fn check_pending_bytes(&self, own: usize) -> Result<(), RequestError> {
        if self.has_too_many_pending_bytes(own) {
            self.counters().count(Metric::OverloadedRequests);
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Err(RequestError {
                status,
                reason: TOO_MANY_BYTES,
            });
        }
        Ok(())
    }

    /// Calls the middleware for a head. If one of them responds or panics, leaves the answer in the
    /// message.
    pub(crate) fn call_middleware(&self, message: &mut Message, connection: usize) {
        // Middleware cannot suspend, so no resume has this key.
        let key = RequestKey {
            connection,
            serial: 0,
        };
        for middleware in self.router.all_middleware() {
            let call = self.new_call(key, None);
            let request = self.request(message);
            let flow = catch_panic(|| match middleware(&request, Response::new(&call)) {
                ControlFlow::Continue(response) => ControlFlow::Continue(response.into_fields()),
                ControlFlow::Break(outcome) => ControlFlow::Break(outcome.into_result()),
            });
            let response = match flow {
                Some(ControlFlow::Continue(fields)) => {
                    message.added.extend(fields);
                    continue;
                }
                Some(ControlFlow::Break(HandlerResult::Responded(response))) => response,
                Some(ControlFlow::Break(HandlerResult::Suspended(_))) => {
                    unreachable!("middleware has no work to suspend with")
                }
                None => internal_error(),
            };
            message.answer = Some(Box::new(response));
            return;
        }
    }

    /// Leaves the answer in the message if no route matches: its body is not asked for.
    pub(crate) fn answer_if_unknown(&self, message: &mut Message) {
        if message.answer.is_none()
            && let Err(response) = self.router.paths().find(message)
        {
            message.answer = Some(Box::new(response));
        }
    }

    /// Calls the middleware for a response, which may change it. After a panic, it is a 500.
    pub(crate) fn call_response_middleware(&self, message: &Message, response: &mut ResponseParts) {
        let all = self.router.all_response_middleware();
        if all.is_empty() {
            return; // fast path
        }
        let request = self.request(message);
        let parts = mem::replace(response, internal_error());
        let changed = catch_panic(|| {
            let reply = Reply::from_parts(parts);
            let changed = all
                .iter()
                .fold(reply, |reply, change| change(&request, reply));
            changed.into_parts()
        });
        if let Some(changed) = changed {
            *response = changed;
        }
    }

    /// Calls a handler: for the first time, or with a returned request.
    pub(crate) fn call(
        &mut self,
        message: &Message,
        key: RequestKey,
        handler: HandlerId,
        returned: Option<Returned>,
    ) -> CallResult {
        // A returned request brings its own cell, to be filled again.
        let spare = match returned {
            Some(_) => None,
            None => self.spares.cell(handler),
        };
        let call = self.new_call(key, spare);
        let request = self.request(message);
        let erased = self.router.handler(handler);
        let result = catch_panic(|| erased.call(&request, &call, returned).into_result());
        let is_suspended = call.is_suspended.get();
        if let Some(vacant) = call.spare.into_inner() {
            self.spares.put_cell(handler, vacant);
        }
        match result {
            Some(HandlerResult::Responded(response)) => CallResult::Responded(response),
            Some(HandlerResult::Suspended(guard)) => CallResult::Suspended(handler, guard.defuse()),
            None => {
                tracing::error!(path = message.path(), "a handler panicked");
                self.has_panicked = true;
                if is_suspended {
                    self.counters().count(Metric::EndedAbandoned);
                }
                CallResult::Responded(internal_error())
            }
        }
    }

    fn request<'m>(&'m self, message: &'m Message) -> Request<'m> {
        let router = &self.router;
        Request::new(
            message,
            router.paths(),
            &self.metrics,
            router.shared_state(),
        )
    }

    fn new_call(&self, key: RequestKey, spare: Option<VacantCell>) -> Call<'_> {
        Call {
            resume_queue: &self.resume_queue,
            key,
            spare: Cell::new(spare),
            counters: self.counters(),
            is_suspended: Cell::new(false),
        }
    }
}

/// Creates the response to a request whose handler panicked or whose pending request was
/// dropped.
pub(crate) fn internal_error() -> ResponseParts {
    let reason = "internal server error";
    ResponseParts::plain(StatusCode::INTERNAL_SERVER_ERROR, reason)
}

/// Why a request gets a 503.
const TOO_MANY_BYTES: &str = "too many bytes of requests and responses";

/// Creates the response to a request whose handler is not called because of overload.
fn overloaded(reason: &'static str) -> ResponseParts {
    let mut response = ResponseParts::plain(StatusCode::SERVICE_UNAVAILABLE, reason);
    response.add(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Creates the response to a request whose suspension timed out.
pub(crate) fn timed_out() -> ResponseParts {
    let reason = "response not ready in time";
    ResponseParts::plain(StatusCode::SERVICE_UNAVAILABLE, reason)
}
