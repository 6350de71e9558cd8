//! A consumer that is a thread, and blocks.

use core::fmt;

use crate::handle::Handle;
use crate::length::{Counted, Uncounted};
use crate::queue::Queue;
use crate::seal::Seal;
use crate::signal::{Deliver, Slot};
use crate::sync::{Thread, const_fn_unless_loom, current, park};
use crate::waking::{Receiver, WakingQueue, WakingQueueRef};

#[cfg(not(loom))]
use {
    crate::consumer::Pop,
    crate::stall::Backoff,
    crate::sync::park_timeout,
    std::time::{Duration, Instant},
};

/// A queue whose consumer is a thread that blocks in
/// [`recv`](Receiver::recv) until there is an item.
///
/// ```
/// use mpsc_queue::{Link, BlockingQueue, linked};
///
/// struct Job {
///     link: Link,
///     number: u32,
/// }
/// linked!(Job => link: Link);
///
/// static QUEUE: BlockingQueue<Box<Job>> = BlockingQueue::new();
///
/// let worker = std::thread::spawn(|| {
///     let mut jobs = QUEUE.receiver().expect("there is one worker");
///     let mut sum = 0;
///     for _ in 0..3 {
///         sum += jobs.recv().number; // sleeps until there is one
///     }
///     sum
/// });
/// for number in 1..=3 {
///     QUEUE.push(Box::new(Job { link: Link::new(), number }));
/// }
/// assert_eq!(worker.join().unwrap(), 6);
/// ```
pub type BlockingQueue<H, L = Uncounted> = WakingQueue<H, ThreadWaker, L>;

/// Unparks the thread that waits in [`recv`](Receiver::recv). The waker of a
/// [`BlockingQueue`].
pub struct ThreadWaker(Slot<Thread>);

impl<H: Handle> BlockingQueue<H> {
    const_fn_unless_loom! {
        /// An empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self::from_parts(Queue::new(), ThreadWaker(Slot::new()))
        }
    }
}

impl<H: Handle> BlockingQueue<H, Counted> {
    const_fn_unless_loom! {
        /// An empty queue that counts its items. See [`Queue::counted`].
        #[must_use]
        pub fn counted() -> Self {
            Self::from_parts(Queue::counted(), ThreadWaker(Slot::new()))
        }
    }
}

impl<R: WakingQueueRef<ThreadWaker>> Receiver<R, ThreadWaker> {
    /// Takes the oldest item out, sleeping until there is one.
    ///
    /// **Blocking**, also while the queue is stalled: see
    /// [`Consumer::pop_blocking`](crate::Consumer::pop_blocking).
    ///
    /// Sleeps by [`std::thread::park`], and so shares the thread's token with the
    /// caller: a late wake-up may leave it set, so that the caller's own next `park`
    /// returns at once; and an `unpark` that is meant for the caller may be used up in
    /// here. Whoever parks as well must look at a condition of their own each time.
    pub fn recv(&mut self) -> R::Handle {
        loop {
            if let Some(handle) = self.pop_blocking() {
                return handle;
            }
            if self.park_thread() {
                while self.is_parked() {
                    park();
                }
            }
        }
    }

    /// As [`recv`](Self::recv), but gives up after `timeout`.
    #[cfg(not(loom))]
    pub fn recv_timeout(&mut self, timeout: Duration) -> Option<R::Handle> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.recv_deadline(deadline),
            None => Some(self.recv()), // longer than the clock can tell
        }
    }

    /// As [`recv`](Self::recv), but gives up at `deadline`. An item that is there
    /// already is taken even if the deadline has passed; one whose push, or an
    /// earlier one, is not finished then is not. At a stall the deadline is looked at
    /// once a millisecond.
    #[cfg(not(loom))]
    pub fn recv_deadline(&mut self, deadline: Instant) -> Option<R::Handle> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Some(handle),
                Pop::Stalled if Instant::now() >= deadline => return None,
                Pop::Stalled => backoff.wait(),
                Pop::Empty => {
                    backoff = Backoff::new();
                    if self.park_thread() && !self.sleep_until(deadline) {
                        return None;
                    }
                }
            }
        }
    }

    /// Parks this thread in the queue's eyes. `false`: something is in the queue.
    fn park_thread(&mut self) -> bool {
        let thread = current();
        self.park_with(
            |waker| &waker.0,
            |left| left.id() == thread.id(),
            || thread.clone(),
        )
    }

    /// Sleeps while parked. `false`: until the deadline, and nothing came.
    #[cfg(not(loom))]
    fn sleep_until(&mut self, deadline: Instant) -> bool {
        while self.is_parked() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return !self.unpark();
            }
            park_timeout(left);
        }
        true
    }
}

impl Deliver for ThreadWaker {
    type Ticket = Option<Thread>;

    unsafe fn take(&self, _: Seal) -> Option<Thread> {
        // SAFETY: the same condition.
        unsafe { self.0.take() }
    }

    fn signal(&self, thread: Option<Thread>, _: Seal) {
        if let Some(thread) = thread {
            thread.unpark();
        }
    }

    unsafe fn clear(&self, _: Seal) {
        // SAFETY: the same condition.
        unsafe { self.0.clear() }
    }
}

impl<H: Handle> Default for BlockingQueue<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle> Default for BlockingQueue<H, Counted> {
    fn default() -> Self {
        Self::counted()
    }
}

impl fmt::Debug for ThreadWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadWaker")
    }
}
