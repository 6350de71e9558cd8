//! How a handler answers, now or later: [`Response`], and what comes of it.
//!
//! `'r` is one call of a handler. It is invariant and a handler must take any, so
//! an [`Outcome`] of one call is of no use to another, and the only ways to come
//! by one are to answer and to have suspended.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use http::{HeaderName, HeaderValue, StatusCode};

use crate::metrics::{Counters, Metric};
use crate::resume::{
    AbandonFlag, CellId, Pending, RequestKey, ResumeQueue, VacantCell, cancel, cell_id, suspend,
};
use crate::sync::Arc;
use crate::wire::{HeaderFields, ResponseParts};

/// The answer to a request that is still to be given, by this very call of the
/// handler: at once ([`text`](Self::text), [`send`](Self::send)), or later
/// ([`mark_async`](Self::mark_async)).
///
/// `W` is the work that the handler hands to the background when it suspends a
/// request. A handler that never does leaves it out.
///
/// # What does not compile
///
/// A handler that has neither answered nor suspended has nothing to return (with
/// `response.text("done")` as its last line, this compiles):
///
/// ```compile_fail,E0308
/// use http_resume::{Outcome, Request, Response};
///
/// fn handler<'r>(_: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
/// }
/// ```
///
/// Nothing of a call can be kept for another (with `response.text("done")` as its
/// last line, this compiles):
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
#[must_use = "every request must be answered"]
pub struct Response<'r, W = std::convert::Infallible> {
    call: &'r Call<'r>,
    draft: ResponseParts,
    brand: Brand<'r>,
    work: PhantomData<fn(W) -> W>,
}

/// Invariant in `'r`.
type Brand<'r> = PhantomData<fn(&'r ()) -> &'r ()>;

impl<'r, W> Response<'r, W> {
    pub(crate) fn new(call: &'r Call<'r>) -> Self {
        Self {
            call,
            draft: ResponseParts::new(StatusCode::OK),
            brand: PhantomData,
            work: PhantomData,
        }
    }

    /// Sets the status, which is 200 otherwise.
    ///
    /// # Panics
    ///
    /// If the status is an interim one (1xx), which is no answer.
    pub fn status(mut self, status: StatusCode) -> Self {
        assert!(
            !status.is_informational(),
            "{status} does not answer a request"
        );
        self.draft.status = status;
        self
    }

    /// Adds a header field.
    ///
    /// `Connection`, `Content-Length`, `Date` and `Transfer-Encoding` are the
    /// server's business: it leaves them out. See [`close`](Self::close).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.draft.headers.push((name, value));
        self
    }

    /// Asks for the connection to be closed after the answer.
    pub fn close(mut self) -> Self {
        self.draft.close = true;
        self
    }

    /// Answers, with a body as it is. Its type is up to [`header`](Self::header).
    pub fn send(mut self, body: impl Into<Cow<'static, [u8]>>) -> Outcome<'r> {
        self.draft.body = body.into();
        Outcome {
            reply: Reply::Answered(self.draft),
            brand: PhantomData,
        }
    }

    /// The header fields that were added. Of what middleware passes on, only these
    /// count.
    pub(crate) fn into_fields(self) -> HeaderFields {
        self.draft.headers
    }

    /// Answers with plain text.
    pub fn text(self, body: impl Into<Cow<'static, str>>) -> Outcome<'r> {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        let response = self.header(http::header::CONTENT_TYPE, plain);
        match body.into() {
            Cow::Borrowed(body) => response.send(body.as_bytes()),
            Cow::Owned(body) => response.send(body.into_bytes()),
        }
    }

    /// Suspends the request.
    ///
    /// The pending response carries `work` to the background, which
    /// [resumes](Pending::resume) it: then the handler is called again, on this
    /// event loop, with the work. The receipt is for the handler to return, as
    /// [`suspended`](Receipt::suspended); or, if the work could not be started,
    /// to take the response back ([`cancel_async`](Receipt::cancel_async)).
    ///
    /// Works at any call of the handler, as often as it likes. Allocates only if
    /// no request of this handler has been suspended and resumed on this loop
    /// since the server started, or more are suspended than ever before.
    pub fn mark_async(self, work: W) -> (Pending<W>, Receipt<'r, W>)
    where
        W: Send + 'static,
    {
        let call = self.call;
        call.counters.count(Metric::Suspensions);
        call.has_marked.set(true);
        let (pending, watch) = suspend(call.inbox, call.key, call.spare.take(), work);
        let receipt = Receipt {
            cell: cell_id(&pending),
            watch: Unreturned(Some(watch)),
            response: self,
        };
        (pending, receipt)
    }
}

impl<W> fmt::Debug for Response<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.draft.status)
            .finish_non_exhaustive()
    }
}

/// The proof that a request was suspended, for the handler to return. See
/// [`Response::mark_async`].
#[must_use = "the handler returns it, as `receipt.suspended()`"]
pub struct Receipt<'r, W> {
    cell: CellId,
    watch: Unreturned,
    response: Response<'r, W>,
}

impl<'r, W> Receipt<'r, W> {
    /// What the handler returns.
    ///
    /// Status and header fields that were set before are forgotten: the call
    /// that answers sets its own.
    pub fn suspended(self) -> Outcome<'r> {
        Outcome {
            reply: Reply::Suspended(self.watch),
            brand: PhantomData,
        }
    }

    /// Undoes [`mark_async`](Response::mark_async): gives the response and the
    /// work back. For when the work could not be handed over.
    ///
    /// # Panics
    ///
    /// If `pending` is that of another request. Both are answered with 500.
    pub fn cancel_async(mut self, pending: Pending<W>) -> (Response<'r, W>, W)
    where
        W: 'static,
    {
        // Cells that exist at the same time differ, and both do: `pending` owns
        // its cell, and that of the receipt can come back to its loop, and be
        // freed there, only after this call of the handler.
        assert!(
            cell_id(&pending) == self.cell,
            "the pending response is not that of this receipt"
        );
        self.watch.0 = None;
        let call = self.response.call;
        call.counters.count(Metric::EndedCancelled);
        call.has_marked.set(false);
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

/// The watch of a receipt. A handler that panics with a receipt in its hands, or with
/// the outcome made of it, will not wait for what is pending.
pub(crate) struct Unreturned(Option<AbandonFlag>);

impl Unreturned {
    /// The handler has returned it.
    pub(crate) fn returned(mut self) -> AbandonFlag {
        self.0.take().expect("it is taken once, here")
    }
}

impl Drop for Unreturned {
    fn drop(&mut self) {
        if let Some(watch) = &self.0 {
            watch.set();
        }
    }
}

/// What a handler returns: it has answered, or suspended the request.
#[must_use = "the handler returns it"]
pub struct Outcome<'r> {
    reply: Reply,
    brand: Brand<'r>,
}

impl Outcome<'_> {
    pub(crate) fn into_reply(self) -> Reply {
        self.reply
    }
}

impl fmt::Debug for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reply {
            Reply::Answered(answer) => f.debug_tuple("Answered").field(&answer.status).finish(),
            Reply::Suspended(_) => f.write_str("Suspended"),
        }
    }
}

/// An [`Outcome`] that has reached its call.
pub(crate) enum Reply {
    Answered(ResponseParts),
    Suspended(Unreturned),
}

/// What a [`Response`] needs of the call that it belongs to.
pub(crate) struct Call<'l> {
    pub(crate) inbox: &'l Arc<ResumeQueue>,
    pub(crate) key: RequestKey,
    /// A cell for `mark_async` to fill, if there is one at hand.
    pub(crate) spare: Cell<Option<VacantCell>>,
    pub(crate) counters: &'l Counters,
    /// Whether it has suspended the request, and not cancelled that.
    pub(crate) has_marked: Cell<bool>,
}
