//! A queue whose consumer is an async task.

use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};

use super::queue::WakingQueue;
use super::receiver::Receiver;
use super::slot::{Handover, WakerSlot};
use super::wake::WakeTarget;
use crate::backoff::Backoff;
use crate::consumer::Pop;
use crate::error::RecvError;
use crate::form::{Form, ForwardLinked};
use crate::item::Handle;
use crate::queue::Queue;
use crate::queue_ref::QueueRef;
use crate::sealed::Internal;
use crate::sync::const_fn_unless_loom;

/// A queue whose consumer is an async task, on any executor.
///
/// While the task waits, the queue holds its waker. If the task owns the receiver, and the
/// receiver owns the queue (`Receiver::owned`), the four form a cycle that keeps itself
/// alive: cancel the task, or let it return, to drop the receiver.
///
/// # Examples
///
/// ```
/// use mpsc_queue::{AsyncQueue, Link, linked};
///
/// struct Message {
///     link: Link,
///     text: &'static str,
/// }
/// linked!(Message => link: Link);
///
/// async fn print_two(queue: &AsyncQueue<Box<Message>>) {
///     let mut messages = queue.receiver().unwrap();
///     for _ in 0..2 {
///         println!("{}", messages.recv().await.unwrap().text);
///     }
/// }
/// ```
pub type AsyncQueue<H, F = ForwardLinked> = WakingQueue<H, TaskWaker, F>;

/// Wakes the task that waits in [`recv`](Receiver::recv) or
/// [`poll_recv`](Receiver::poll_recv). The waker of an [`AsyncQueue`].
pub struct TaskWaker(WakerSlot<Waker>);

impl<H: Handle> AsyncQueue<H> {
    const_fn_unless_loom! {
        /// Creates an empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self::with_form(ForwardLinked)
        }
    }
}

impl<H: Handle, F: Form> AsyncQueue<H, F> {
    const_fn_unless_loom! {
        /// Creates an empty queue of this form.
        #[must_use]
        pub fn with_form(form: F) -> Self {
            Self::from_parts(Queue::with_form(form), TaskWaker(WakerSlot::new()))
        }
    }
}

impl<R: QueueRef<Waker = TaskWaker>> Receiver<R, TaskWaker> {
    /// Removes and returns the oldest item, waiting until there is one.
    ///
    /// Does not allocate. Treats a stall as [`poll_recv`](Self::poll_recv) does.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. The future takes an item out only when it completes.
    /// Dropping it earlier unparks the consumer and drops the stored waker, unless a push has
    /// already taken it.
    ///
    /// # Errors
    ///
    /// Returns [`RecvError`] if this receiver has [closed](Self::close) the queue and has
    /// removed everything that was pushed before.
    pub async fn recv(&mut self) -> Result<R::Handle, RecvError> {
        recv(self, Self::poll_recv).await
    }

    /// Attempts to remove the oldest item. If the queue is empty, registers the task to be
    /// woken by the next push and returns `Poll::Pending`.
    ///
    /// The next push wakes the task of the latest call. (The task of an earlier call may be
    /// woken too, by a push that overlaps the latest.) The registration ends with that push,
    /// with the next call, or when the receiver is dropped.
    ///
    /// If the queue is stalled, this method spins briefly. If the stall persists, it wakes
    /// the current task and returns `Poll::Pending`, so that other tasks can run before the
    /// next poll. Where the stalled producer cannot run meanwhile (on a thread of lower
    /// priority that this task's thread has pre-empted, say), the task is polled for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::pin::Pin;
    /// # use std::task::{Context, Poll};
    /// # use mpsc_queue::{AsyncQueue, Link, Receiver, linked};
    /// # struct Message { link: Link }
    /// # linked!(Message => link: Link);
    /// # type Connection = std::future::Ready<()>;
    /// /// A future that serves a connection until it ends, and messages meanwhile.
    /// struct Session<'q> {
    ///     connection: Connection,
    ///     messages: Receiver<&'q AsyncQueue<Box<Message>>>,
    /// }
    ///
    /// impl Future for Session<'_> {
    ///     type Output = ();
    ///
    ///     fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
    ///         while let Poll::Ready(Ok(message)) = self.messages.poll_recv(cx) {
    ///             drop(message); // or handle it
    ///         }
    ///         Pin::new(&mut self.connection).poll(cx)
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<R::Handle, RecvError>> {
        poll_recv(self, cx, |receiver, cx| {
            receiver.park_with(
                |waker| &waker.0,
                |stored| stored.will_wake(cx.waker()),
                || cx.waker().clone(),
            )
        })
    }
}

/// Attempts to remove the oldest item. `park_task` parks the consumer with the task of the
/// context to be woken, if the queue is empty.
pub(crate) fn poll_recv<R: QueueRef<Waker = W>, W: WakeTarget>(
    receiver: &mut Receiver<R, W>,
    cx: &mut Context<'_>,
    park_task: impl Fn(&mut Receiver<R, W>, &Context<'_>) -> bool,
) -> Poll<Result<R::Handle, RecvError>> {
    let mut backoff = Backoff::new();
    loop {
        match receiver.pop() {
            Pop::Item(handle) => return Poll::Ready(Ok(handle)),
            Pop::Closed => return Poll::Ready(Err(RecvError)),
            Pop::Stalled(_) if backoff.spin() => {}
            Pop::Stalled(_) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Pop::Empty if park_task(receiver, cx) => return Poll::Pending,
            Pop::Empty => {}
        }
    }
}

/// Waits until `poll_recv` is ready. Unparks the receiver if the future is dropped before.
pub(crate) async fn recv<R: QueueRef<Waker = W>, W: WakeTarget, T>(
    receiver: &mut Receiver<R, W>,
    poll_recv: impl Fn(&mut Receiver<R, W>, &mut Context<'_>) -> Poll<T>,
) -> T {
    let mut wait = Wait {
        receiver,
        is_pending: false,
    };
    poll_fn(|cx| {
        let poll = poll_recv(wait.receiver, cx);
        wait.is_pending = poll.is_pending();
        poll
    })
    .await
}

/// One call of [`recv`].
struct Wait<'a, R: QueueRef<Waker = W>, W: WakeTarget> {
    receiver: &'a mut Receiver<R, W>,
    /// Set if the last poll may have left the consumer parked.
    is_pending: bool,
}

/// Cancels the wait, so that no push wakes a task that no longer waits.
impl<R: QueueRef<Waker = W>, W: WakeTarget> Drop for Wait<'_, R, W> {
    fn drop(&mut self) {
        if self.is_pending {
            self.receiver.unpark();
        }
    }
}

impl WakeTarget for TaskWaker {
    type Taken = Option<Waker>;

    unsafe fn take(&self, handover: Handover, _: Internal) -> Option<Waker> {
        // SAFETY: the caller is the push that replaced `PARKED`, as `handover` says.
        unsafe { self.0.take(handover) }
    }

    fn wake_taken(&self, task: Option<Waker>, _: Internal) {
        if let Some(task) = task {
            task.wake();
        }
    }

    unsafe fn clear(&self, handover: Handover, _: Internal) {
        // SAFETY: the caller is the consumer of a queue that was empty and not parked.
        unsafe { self.0.clear(handover) }
    }
}

impl<H: Handle, F: Form> Default for AsyncQueue<H, F> {
    fn default() -> Self {
        Self::with_form(F::default())
    }
}

impl fmt::Debug for TaskWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskWaker")
    }
}
