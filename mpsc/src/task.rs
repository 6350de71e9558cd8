//! A consumer that is an async task.

use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};

use crate::consumer::Pop;
use crate::handle::Handle;
use crate::length::{Counted, Uncounted};
use crate::queue::Queue;
use crate::seal::Seal;
use crate::signal::{Deliver, Slot};
use crate::stall::Backoff;
use crate::sync::const_fn_unless_loom;
use crate::waking::{Receiver, WakingQueue, WakingQueueRef};

/// A queue whose consumer is an async task, on any executor.
///
/// ```
/// use std::sync::Arc;
/// use mpsc_queue::{Link, AsyncQueue, linked};
///
/// struct Message {
///     link: Link,
///     text: &'static str,
/// }
/// linked!(Message => link: Link);
///
/// async fn print_two(queue: &AsyncQueue<Box<Message>>) {
///     let mut messages = queue.receiver().expect("nobody else receives");
///     for _ in 0..2 {
///         println!("{}", messages.recv().await.text);
///     }
/// }
/// ```
pub type AsyncQueue<H, L = Uncounted> = WakingQueue<H, TaskWaker, L>;

/// Wakes the task that waits in [`recv`](Receiver::recv) or
/// [`poll_recv`](Receiver::poll_recv). The waker of a [`AsyncQueue`].
pub struct TaskWaker(Slot<Waker>);

impl<H: Handle> AsyncQueue<H> {
    const_fn_unless_loom! {
        /// An empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self::from_parts(Queue::new(), TaskWaker(Slot::new()))
        }
    }
}

impl<H: Handle> AsyncQueue<H, Counted> {
    const_fn_unless_loom! {
        /// An empty queue that counts its items. See [`Queue::counted`].
        #[must_use]
        pub fn counted() -> Self {
            Self::from_parts(Queue::counted(), TaskWaker(Slot::new()))
        }
    }
}

impl<R: WakingQueueRef<TaskWaker>> Receiver<R, TaskWaker> {
    /// Takes the oldest item out, waiting until there is one.
    ///
    /// Allocates nothing. Cancel safe: an item is taken out only when the future
    /// completes.
    pub async fn recv(&mut self) -> R::Handle {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Takes the oldest item out, or registers the task to be woken by the next
    /// push. Only the task of the latest call is woken.
    ///
    /// While the queue is stalled this spins for a microsecond or so; if that was
    /// not enough, the task wakes itself: it polls, and lets other tasks run in
    /// between, but does not block.
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
                        |left| left.will_wake(cx.waker()),
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

impl Deliver for TaskWaker {
    type Ticket = Option<Waker>;

    unsafe fn take(&self, _: Seal) -> Option<Waker> {
        // SAFETY: the same condition.
        unsafe { self.0.take() }
    }

    fn signal(&self, task: Option<Waker>, _: Seal) {
        if let Some(task) = task {
            task.wake();
        }
    }

    unsafe fn clear(&self, _: Seal) {
        // SAFETY: the same condition.
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
