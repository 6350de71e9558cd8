//! Handlers that are `async` functions.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use super::outcome::Outcome;
use super::owned_request::OwnedRequest;
use super::reply::Reply;
use super::request::Request;
use super::response::Response;
use crate::panic::catch_panic;
use crate::resume::WakeSlot;
use crate::sync::WakerArc;

/// The work of an `async` handler: its future.
pub struct AsyncWork {
    future: Pin<Box<dyn ReplyFuture>>,
    slot: WakerArc<WakeSlot<Self>>,
}

/// A future that returns a [`Reply`], or what becomes one.
///
/// It has no frame of its own that owns the future, so that a panic of the poll does not drop it.
trait ReplyFuture: Send {
    fn poll_reply(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply>;
}

impl<T: Future<Output: Into<Reply>> + Send> ReplyFuture for T {
    fn poll_reply(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        self.poll(cx).map(Into::into)
    }
}

/// Creates a handler from an `async` function, or from a closure that returns a future.
///
/// The event loop polls the future, and suspends the request while it is pending. A wake-up, from
/// any thread, returns the request to its event loop, as
/// [`Pending::resume`](crate::Pending::resume) does: it pushes the request's cell on the resume
/// queue, allocates nothing, and makes a system call only if the event loop is asleep. Futures that
/// need a runtime of their own, such as tokio's timers and sockets, must run there; the channels
/// between the two work anywhere.
///
/// If the request ends first (by its deadline, because the client
/// [disconnects](crate#disconnected-clients), or because the server stops), the future is dropped
/// on the thread of its event loop. The one exception is a wake-up that runs while the event loop
/// ends: if it has taken the suspended request before, and the closed resume queue refuses it, then
/// the thread of the wake-up drops the future.
///
/// If polling the future panics, the request gets a 500. A panic in the drop of the future changes
/// nothing, even after a panic in a poll. That holds for the future that the handler returns. An
/// `async` function drops what it owns itself, as [every handler](crate::Router#panics-of-handlers)
/// does.
///
/// ```
/// use http_resume::{OwnedRequest, Reply, Router, StatusCode, async_handler};
///
/// async fn double(request: OwnedRequest) -> Result<String, Reply> {
///     let number = request.param("number").and_then(|text| text.parse::<u64>().ok());
///     let number = number.ok_or(Reply::new(StatusCode::BAD_REQUEST).text("not a number"))?;
///     let (sender, mut receiver) = mpsc_queue::channel::channel::<Box<Job>>();
///     std::thread::spawn(move || sender.send(Box::new(Job::new(2 * number))));
///     let job = receiver.recv_async().await;
///     let job = job.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
///     Ok(job.result.to_string())
/// }
/// # use mpsc_queue::Link;
/// # struct Job { link: Link, result: u64 }
/// # impl Job { fn new(result: u64) -> Self { Job { link: Link::new(), result } } }
/// # mpsc_queue::linked!(Job => link: Link);
///
/// let router = Router::new().get("/double/{number}", async_handler(double));
/// ```
pub fn async_handler<F, T>(
    handler: F,
) -> impl for<'r> Fn(&Request<'_>, Response<'r, AsyncWork>, Option<AsyncWork>) -> Outcome<'r>
where
    F: Fn(OwnedRequest) -> T,
    T: Future<Output: Into<Reply>> + Send + 'static,
{
    move |request, response, work| {
        let work = work.unwrap_or_else(|| AsyncWork::new(handler(request.to_owned())));
        work.call(response)
    }
}

impl AsyncWork {
    fn new(future: impl Future<Output: Into<Reply>> + Send + 'static) -> Self {
        Self {
            future: Box::pin(future),
            slot: WakerArc::default(),
        }
    }

    /// Polls the future, and suspends the request if it is pending.
    fn call(mut self, response: Response<'_, Self>) -> Outcome<'_> {
        self.slot.begin();
        match self.poll() {
            Some(Poll::Ready(reply)) => {
                self.end();
                response.reply(reply)
            }
            Some(Poll::Pending) => {
                let slot = WakerArc::clone(&self.slot);
                let (pending, receipt) = response.mark_async(self);
                slot.suspend(pending);
                receipt.suspended_until(slot)
            }
            None => {
                self.end();
                // The event loop logs it and responds, as after a panic of any handler.
                resume_unwind(Box::new("the future panicked"));
            }
        }
    }

    /// Polls the future. Returns `None` if it panics, or the conversion of its result.
    fn poll(&mut self) -> Option<Poll<Reply>> {
        let waker = Waker::from(WakerArc::clone(&self.slot));
        let mut context = Context::from_waker(&waker);
        catch_panic(|| self.future.as_mut().poll_reply(&mut context))
    }

    /// Drops the future while nothing unwinds, because its drop may panic too, and a panic during
    /// another one would abort the process.
    fn end(self) {
        catch_panic(|| drop(self));
    }
}

impl Wake for WakeSlot<AsyncWork> {
    fn wake(self: WakerArc<Self>) {
        Self::wake(&self);
    }

    fn wake_by_ref(self: &WakerArc<Self>) {
        Self::wake(self);
    }
}
