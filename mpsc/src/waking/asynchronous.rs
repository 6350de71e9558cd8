//! A queue whose consumer is an async task.

use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};

use super::queue::WakingQueue;
use super::receiver::Receiver;
use super::wake::{WakeTarget, WakerSlot};
use crate::backoff::Backoff;
use crate::consumer::{Pop, QueueRef};
use crate::item::Handle;
use crate::length::{Counted, Uncounted};
use crate::queue::Queue;
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
///         println!("{}", messages.recv().await.text);
///     }
/// }
/// ```
pub type AsyncQueue<H, L = Uncounted> = WakingQueue<H, TaskWaker, L>;

/// Wakes the task that waits in [`recv`](Receiver::recv) or
/// [`poll_recv`](Receiver::poll_recv). The waker of an [`AsyncQueue`].
pub struct TaskWaker(WakerSlot<Waker>);

impl<H: Handle> AsyncQueue<H> {
    const_fn_unless_loom! {
        /// Creates an empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self::from_parts(Queue::new(), TaskWaker(WakerSlot::new()))
        }
    }
}

impl<H: Handle> AsyncQueue<H, Counted> {
    const_fn_unless_loom! {
        /// Creates an empty queue that counts its items. See [`Queue::counted`].
        #[must_use]
        pub fn counted() -> Self {
            Self::from_parts(Queue::counted(), TaskWaker(WakerSlot::new()))
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
    pub async fn recv(&mut self) -> R::Handle {
        let mut wait = Wait {
            receiver: self,
            is_pending: false,
        };
        poll_fn(|cx| wait.poll(cx)).await
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
    ///         while let Poll::Ready(message) = self.messages.poll_recv(cx) {
    ///             drop(message); // or handle it
    ///         }
    ///         Pin::new(&mut self.connection).poll(cx)
    ///     }
    /// }
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<R::Handle> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Poll::Ready(handle),
                Pop::Stalled if backoff.spin() => {}
                Pop::Stalled => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Pop::Empty => {
                    let parked = self.park_with(
                        |waker| &waker.0,
                        |stored| stored.will_wake(cx.waker()),
                        || cx.waker().clone(),
                    );
                    if parked {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

/// One call of [`Receiver::recv`].
struct Wait<'a, R: QueueRef<Waker = TaskWaker>> {
    receiver: &'a mut Receiver<R, TaskWaker>,
    /// Set if the last poll may have left the consumer parked.
    is_pending: bool,
}

impl<R: QueueRef<Waker = TaskWaker>> Wait<'_, R> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<R::Handle> {
        let poll = self.receiver.poll_recv(cx);
        self.is_pending = poll.is_pending();
        poll
    }
}

/// Cancels the wait, so that no push wakes a task that no longer waits.
impl<R: QueueRef<Waker = TaskWaker>> Drop for Wait<'_, R> {
    fn drop(&mut self) {
        if self.is_pending {
            self.receiver.unpark();
        }
    }
}

impl WakeTarget for TaskWaker {
    type Taken = Option<Waker>;

    unsafe fn take(&self, _: Internal) -> Option<Waker> {
        // SAFETY: the caller is the push that replaced `PARKED`, in its gap.
        unsafe { self.0.take() }
    }

    fn wake_taken(&self, task: Option<Waker>, _: Internal) {
        if let Some(task) = task {
            task.wake();
        }
    }

    unsafe fn clear(&self, _: Internal) {
        // SAFETY: the slot belongs to the consumer, which the caller is.
        unsafe { self.0.clear() }
    }
}

impl<H: Handle> Default for AsyncQueue<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle> Default for AsyncQueue<H, Counted> {
    fn default() -> Self {
        Self::counted()
    }
}

impl fmt::Debug for TaskWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskWaker")
    }
}
