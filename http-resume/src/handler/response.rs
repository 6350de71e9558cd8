//! How a handler responds, now or later.

use std::borrow::Cow;
use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use http::{HeaderName, HeaderValue, StatusCode};

use super::outcome::{AbandonGuard, Brand, HandlerResult, Outcome};
use super::reply::Reply;
use crate::metrics::{Counters, Metric};
use crate::resume::{
    CellId, Pending, RequestKey, ResumeQueue, VacantCell, Waiting, cancel, cell_id, suspend,
};
use crate::sync::{Arc, WakerArc};
use crate::wire::{HeaderFields, ResponseParts};

/// A response to be given by one call of a handler: now ([`text`](Self::text),
/// [`send`](Self::send)), or by a later call ([`mark_async`](Self::mark_async)).
///
/// `W` is the work that the handler passes to the background when it suspends a request.
/// Handlers that never suspend leave it out.
///
/// # What does not compile
///
/// A handler that neither responds nor suspends (with `response.text("done")` as its last
/// line, this compiles):
///
/// ```compile_fail,E0308
/// use http_resume::{Outcome, Request, Response};
///
/// fn handler<'r>(_: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
/// }
/// ```
///
/// Keeping an outcome for another call (with `response.text("done")` as its last line, this
/// compiles):
///
/// ```compile_fail
/// use http_resume::{Outcome, Request, Response};
/// use std::cell::RefCell;
///
/// thread_local! {
///     static KEPT: RefCell<Option<Outcome<'static>>> = const { RefCell::new(None) };
/// }
/// fn handler<'r>(_: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
///     KEPT.with(|kept| kept.borrow_mut().replace(response.text("done")).unwrap())
/// }
/// ```
#[must_use = "every request needs a response"]
pub struct Response<'r, W = Infallible> {
    call: &'r Call<'r>,
    parts: ResponseParts,
    brand: Brand<'r>,
    work: PhantomData<fn(W) -> W>,
}

impl<'r, W> Response<'r, W> {
    pub(crate) fn new(call: &'r Call<'r>) -> Self {
        Self {
            call,
            parts: ResponseParts::new(StatusCode::OK),
            brand: PhantomData,
            work: PhantomData,
        }
    }

    /// Sets the status. The default is 200.
    ///
    /// # Panics
    ///
    /// Panics if the status is informational (1xx).
    pub fn status(mut self, status: StatusCode) -> Self {
        self.parts.set_status(status);
        self
    }

    /// Adds a header field.
    ///
    /// The server sets `Connection`, `Content-Length`, `Date` and `Transfer-Encoding` itself
    /// and ignores them here. See also [`close`](Self::close). A response has one `Content-Type`:
    /// one that is added replaces an earlier one. That of [`text`](Self::text) and that of
    /// middleware are only used if none was added.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.parts.add(name, value);
        self
    }

    /// Closes the connection after the response.
    pub fn close(mut self) -> Self {
        self.parts.close = true;
        self
    }

    /// Responds with plain text.
    pub fn text(mut self, body: impl Into<Cow<'static, str>>) -> Outcome<'r> {
        self.parts.set_text(body.into());
        Outcome::new(HandlerResult::Responded(self.parts))
    }

    /// Responds with a body of bytes. [`header`](Self::header) can set its type.
    pub fn send(mut self, body: impl Into<Cow<'static, [u8]>>) -> Outcome<'r> {
        self.parts.body = body.into();
        Outcome::new(HandlerResult::Responded(self.parts))
    }

    /// Responds with a reply, or with what becomes one, such as a `Result`. The header fields of
    /// the reply follow those set here; its status replaces that set here.
    ///
    /// ```
    /// use http_resume::{Outcome, Reply, Request, Response, StatusCode};
    ///
    /// fn square(request: &Request<'_>) -> Result<String, Reply> {
    ///     let number = request.param("number").and_then(|text| text.parse::<u32>().ok());
    ///     let number = number.ok_or(Reply::new(StatusCode::BAD_REQUEST).text("not a number"))?;
    ///     Ok((u64::from(number) * u64::from(number)).to_string())
    /// }
    ///
    /// fn handler<'r>(request: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
    ///     response.reply(square(request))
    /// }
    /// ```
    pub fn reply(mut self, reply: impl Into<Reply>) -> Outcome<'r> {
        self.parts.continue_with(reply.into().into_parts());
        Outcome::new(HandlerResult::Responded(self.parts))
    }

    /// Suspends the request.
    ///
    /// The pending request carries `work` to the background, which
    /// [resumes](Pending::resume) it. Then the handler is called again, on this event loop,
    /// with the work. The handler returns the receipt as [`suspended`](Receipt::suspended).
    /// If the work cannot be started, [`cancel_async`](Receipt::cancel_async) takes the
    /// response back instead.
    ///
    /// Every call of a handler may suspend the request. Allocates only if the event loop has
    /// no recycled cell of this handler.
    pub fn mark_async(self, work: W) -> (Pending<W>, Receipt<'r, W>)
    where
        W: Send + 'static,
    {
        let call = self.call;
        call.counters.count(Metric::Suspensions);
        call.is_suspended.set(true);
        let (pending, flag) = suspend(call.resume_queue, call.key, call.spare.take(), work);
        let receipt = Receipt {
            cell: cell_id(&pending),
            guard: AbandonGuard::new(flag),
            response: self,
        };
        (pending, receipt)
    }

    /// Returns the header fields that were added.
    pub(crate) fn into_fields(self) -> HeaderFields {
        self.parts.into_fields()
    }
}

impl<W> fmt::Debug for Response<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.parts.status())
            .finish_non_exhaustive()
    }
}

/// The proof that a request was suspended. See [`Response::mark_async`].
#[must_use = "a receipt must be returned by the handler, as `receipt.suspended()`"]
pub struct Receipt<'r, W> {
    cell: CellId,
    guard: AbandonGuard,
    response: Response<'r, W>,
}

impl<'r, W> Receipt<'r, W> {
    /// Returns the outcome of a call that has suspended the request.
    ///
    /// The status and header fields that were set before are discarded: the call that
    /// responds sets its own.
    pub fn suspended(self) -> Outcome<'r> {
        Outcome::new(HandlerResult::Suspended(self.guard))
    }

    /// As [`suspended`](Self::suspended). `waiting` ends with the request.
    pub(super) fn suspended_until(mut self, waiting: WakerArc<dyn Waiting>) -> Outcome<'r> {
        self.guard.set_waiting(waiting);
        self.suspended()
    }

    /// Undoes [`mark_async`](Response::mark_async) and returns the response and the work.
    ///
    /// # Panics
    ///
    /// Panics if `pending` belongs to another request. Both requests get a 500.
    pub fn cancel_async(self, pending: Pending<W>) -> (Response<'r, W>, W)
    where
        W: 'static,
    {
        // The comparison is exact because both cells exist: `pending` owns its cell, and
        // the receipt's cell can be freed by its event loop only after this call.
        assert!(
            cell_id(&pending) == self.cell,
            "the pending request belongs to another receipt"
        );
        self.guard.defuse();
        let call = self.response.call;
        call.counters.count(Metric::EndedCancelled);
        call.is_suspended.set(false);
        let (work, vacant) = cancel(pending);
        call.spare.set(Some(vacant));
        (self.response, work)
    }
}

impl<W> fmt::Debug for Receipt<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").finish_non_exhaustive()
    }
}

/// The state of one call of a handler.
pub(crate) struct Call<'l> {
    pub(crate) resume_queue: &'l Arc<ResumeQueue>,
    pub(crate) key: RequestKey,
    /// A recycled cell for `mark_async`.
    pub(crate) spare: Cell<Option<VacantCell>>,
    pub(crate) counters: &'l Counters,
    /// Set if the call has suspended the request and not cancelled that.
    pub(crate) is_suspended: Cell<bool>,
}
