//! A queue whose consumer is an async task.

use core::convert::Infallible;
use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll, Waker, ready};

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::queue::WakingQueue;
use super::receiver::Receiver;
use super::slot::{Handover, WakerSlot};
use super::wake::WakeTarget;
use crate::consumer::Pop;
use crate::error::RecvError;
use crate::form::{Form, GapFree};
use crate::item::Handle;
use crate::queue::Queue;
use crate::queue_ref::QueueRef;
use crate::sealed::Internal;
use crate::sync::const_fn_unless_loom;

/// A queue whose consumer is an async task, on any executor.
///
/// The queue is gap-free unless another form is named, so the task never waits for a producer that
/// has stopped in its push. In the other forms, receive with [`pop_async`](Receiver::pop_async),
/// which returns [`Pop::Stalled`].
///
/// While the task waits, the queue holds its waker. If the task owns the receiver, and the
/// receiver owns the queue (`Receiver::owned`), the four form a cycle that keeps itself
/// alive. Closing the queue, dropping the receive and dropping the receiver each break it.
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
pub type AsyncQueue<H, F = GapFree> = WakingQueue<H, TaskWaker, F>;

/// Wakes the task that waits in [`recv`](Receiver::recv), [`pop_async`](Receiver::pop_async) or one
/// of their siblings. The waker of an [`AsyncQueue`].
pub struct TaskWaker(WakerSlot<Waker>);

impl<H: Handle> AsyncQueue<H> {
    const_fn_unless_loom! {
        /// Creates an empty [gap-free](GapFree) queue.
        #[must_use]
        pub fn new() -> Self {
            Self::with_form(GapFree)
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

/// In every form.
impl<R: QueueRef<Waker = TaskWaker>> Receiver<R, TaskWaker> {
    /// Removes the oldest item, waiting while the queue is empty.
    ///
    /// Does not return [`Pop::Empty`]. If the queue is stalled, returns [`Pop::Stalled`] at once,
    /// because no push reports that its stall is over: *you* decide when to try again. Yield to the
    /// executor if the producer will soon continue; otherwise use a timer.
    ///
    /// Unlike [`recv`](Self::recv), never yields by itself: a task that always finds an item keeps its
    /// thread.
    ///
    /// # Cancel safety
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{AsyncQueue, BackLinked, Link, Pop, Receiver, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// # async fn yield_now() {}
    /// async fn next(jobs: &mut Receiver<&AsyncQueue<Box<Job>, BackLinked>>) -> Option<Box<Job>> {
    ///     loop {
    ///         match jobs.pop_async().await {
    ///             Pop::Stalled(_) => yield_now().await,
    ///             pop => return pop.into_item(),
    ///         }
    ///     }
    /// }
    /// ```
    pub async fn pop_async(&mut self) -> Pop<R::Handle, <R::Form as Form>::Stall> {
        wait(self, Self::poll_pop).await
    }

    /// Attempts to remove the oldest item. If the queue is empty, registers the task to be
    /// woken by the next push and returns `Poll::Pending`.
    ///
    /// The next push wakes the task of the latest call. (The task of an earlier call may be
    /// woken too, by a push that overlaps the latest.) The registration ends with that push, with
    /// [`unpark`](Self::unpark), or when the receiver is closed or dropped.
    ///
    /// Treats a stall as [`pop_async`](Self::pop_async) does.
    pub fn poll_pop(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Pop<R::Handle, <R::Form as Form>::Stall>> {
        poll_pop(self, cx, park_task)
    }

    /// Ends the registration of an earlier poll, so that the next push wakes no task. Returns
    /// `false` if a push has come first, whose wake-up is on its way or done, or if the queue is
    /// closed.
    ///
    /// For a task that polls the receiver and then goes on to something else. (The futures of this
    /// receiver do it when they are dropped.)
    pub fn unpark(&mut self) -> bool {
        self.leave_park()
    }
}

/// In a form that is never stalled.
impl<R> Receiver<R, TaskWaker>
where
    R: QueueRef<Waker = TaskWaker, Form: Form<Stall = Infallible>>,
{
    /// Removes and returns the oldest item, waiting until there is one.
    ///
    /// Does not allocate. A task is polled once for each wake-up. As an exception, the task yields
    /// after 128 items that it has received without waiting, so that other tasks get their turn
    /// on a single-threaded executor. (The cooperative budget of tokio is not consulted, because
    /// this crate does not depend on tokio.)
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
        wait(self, Self::poll_recv).await
    }

    /// Attempts to remove the oldest item. If the queue is empty, registers the task to be
    /// woken by the next push, as [`poll_pop`](Self::poll_pop) does, and returns `Poll::Pending`.
    ///
    /// After 128 items in a row, wakes the task and returns `Poll::Pending`, as
    /// [`recv`](Self::recv) says.
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
        poll_recv(self, cx, park_task)
    }

    /// Removes at least one and at most `limit` items, waiting until there is one, and appends
    /// them to `buffer`. Returns their number.
    ///
    /// Returns 0 only if nothing will come any more, as for the error of [`recv`](Self::recv), or
    /// if the limit is 0.
    ///
    /// # Cancel safety
    ///
    /// As for [`recv`](Self::recv): if the future is dropped before it completes, the buffer is
    /// unchanged.
    #[cfg(feature = "alloc")]
    pub async fn recv_many(&mut self, buffer: &mut Vec<R::Handle>, limit: usize) -> usize {
        wait(self, |receiver, cx| {
            receiver.poll_recv_many(cx, buffer, limit)
        })
        .await
    }

    /// Attempts what [`recv_many`](Self::recv_many) does. See [`poll_recv`](Self::poll_recv).
    #[cfg(feature = "alloc")]
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<R::Handle>,
        limit: usize,
    ) -> Poll<usize> {
        poll_recv_many(self, cx, buffer, limit, park_task)
    }
}

/// Parks the consumer with the task of the context to be woken. Returns `false` if the queue is
/// closed or not empty.
fn park_task<R: QueueRef<Waker = TaskWaker>>(
    receiver: &mut Receiver<R, TaskWaker>,
    cx: &Context<'_>,
) -> bool {
    receiver.park_with(
        |waker| &waker.0,
        |stored| stored.will_wake(cx.waker()),
        || cx.waker().clone(),
    )
}

/// Attempts to remove the oldest item. `park_task` parks the consumer with the task of the
/// context to be woken, if the queue is empty.
pub(crate) fn poll_pop<R: QueueRef<Waker = W>, W: WakeTarget>(
    receiver: &mut Receiver<R, W>,
    cx: &mut Context<'_>,
    park_task: impl Fn(&mut Receiver<R, W>, &Context<'_>) -> bool,
) -> Poll<Pop<R::Handle, <R::Form as Form>::Stall>> {
    loop {
        match receiver.pop() {
            Pop::Empty if park_task(receiver, cx) => return Poll::Pending,
            Pop::Empty => {} // a push came first
            pop => return Poll::Ready(pop),
        }
    }
}

/// As [`poll_pop`], in a form that is never stalled, and within the budget.
pub(crate) fn poll_recv<R, W: WakeTarget>(
    receiver: &mut Receiver<R, W>,
    cx: &mut Context<'_>,
    park_task: impl Fn(&mut Receiver<R, W>, &Context<'_>) -> bool,
) -> Poll<Result<R::Handle, RecvError>>
where
    R: QueueRef<Waker = W, Form: Form<Stall = Infallible>>,
{
    ready!(receiver.poll_budget(cx));
    let pop = poll_pop(receiver, cx, park_task);
    if pop.is_ready() {
        receiver.budget_mut().spend(1);
    } else {
        receiver.budget_mut().renew();
    }
    pop.map(|pop| pop.into_item().ok_or(RecvError))
}

/// As [`poll_recv`], for up to `limit` items.
#[cfg(feature = "alloc")]
pub(crate) fn poll_recv_many<R, W: WakeTarget>(
    receiver: &mut Receiver<R, W>,
    cx: &mut Context<'_>,
    buffer: &mut Vec<R::Handle>,
    limit: usize,
    park_task: impl Fn(&mut Receiver<R, W>, &Context<'_>) -> bool,
) -> Poll<usize>
where
    R: QueueRef<Waker = W, Form: Form<Stall = Infallible>>,
{
    let Some(more) = limit.checked_sub(1) else {
        return Poll::Ready(0);
    };
    let Ok(first) = ready!(poll_recv(receiver, cx, park_task)) else {
        return Poll::Ready(0);
    };
    let before = buffer.len();
    buffer.push(first);
    buffer.extend(receiver.drain(more));
    let count = buffer.len() - before;
    receiver.budget_mut().spend(count - 1); // the first is spent
    Poll::Ready(count)
}

/// A receiver that registers the task which polls it.
pub(crate) trait Registers {
    /// Ends the registration, so that no push wakes a task that no longer waits.
    fn end_registration(&mut self);
}

impl<R: QueueRef<Waker = W>, W: WakeTarget> Registers for Receiver<R, W> {
    fn end_registration(&mut self) {
        self.leave_park();
    }
}

/// Waits until `poll` is ready. Ends the registration if the future is dropped before.
pub(crate) async fn wait<R: Registers, T>(
    receiver: &mut R,
    mut poll: impl FnMut(&mut R, &mut Context<'_>) -> Poll<T>,
) -> T {
    let mut wait = Wait {
        receiver,
        is_pending: false,
    };
    poll_fn(|cx| {
        let poll = poll(wait.receiver, cx);
        wait.is_pending = poll.is_pending();
        poll
    })
    .await
}

/// One call of [`wait`].
struct Wait<'a, R: Registers> {
    receiver: &'a mut R,
    /// Set if the last poll may have left a registration.
    is_pending: bool,
}

impl<R: Registers> Drop for Wait<'_, R> {
    fn drop(&mut self) {
        if self.is_pending {
            self.receiver.end_registration();
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
