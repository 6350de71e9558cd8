//! A queue whose consumer is a thread that blocks.

use core::fmt;

use super::queue::WakingQueue;
use super::receiver::Receiver;
use super::wake::{WakeTarget, WakerSlot};
use crate::consumer::QueueRef;
use crate::item::Handle;
use crate::length::{Counted, Uncounted};
use crate::queue::Queue;
use crate::sealed::Internal;
use crate::sync::{Thread, const_fn_unless_loom, current, park};

#[cfg(not(loom))]
use {
    crate::backoff::Backoff,
    crate::consumer::Pop,
    crate::sync::park_timeout,
    std::time::{Duration, Instant},
};

/// A queue whose consumer is a thread that blocks in `recv` until there is an item.
///
/// # Examples
///
/// ```
/// use mpsc_queue::{BlockingQueue, Link, linked};
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
///     let mut jobs = QUEUE.receiver().unwrap();
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

/// Unparks the thread that waits in `recv`. The waker of a [`BlockingQueue`].
pub struct ThreadWaker(WakerSlot<Thread>);

impl<H: Handle> BlockingQueue<H> {
    const_fn_unless_loom! {
        /// Creates an empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self::from_parts(Queue::new(), ThreadWaker(WakerSlot::new()))
        }
    }
}

impl<H: Handle> BlockingQueue<H, Counted> {
    const_fn_unless_loom! {
        /// Creates an empty queue that counts its items. See [`Queue::counted`].
        #[must_use]
        pub fn counted() -> Self {
            Self::from_parts(Queue::counted(), ThreadWaker(WakerSlot::new()))
        }
    }
}

impl<R: QueueRef<Waker = ThreadWaker>> Receiver<R, ThreadWaker> {
    /// Removes and returns the oldest item, sleeping until there is one.
    ///
    /// **Blocking**, even while the queue is stalled: see
    /// [`Consumer::pop_blocking`](crate::Consumer::pop_blocking).
    ///
    /// Blocks with [`std::thread::park`] and shares the thread's park token. The caller's
    /// next `park` may return immediately, and an `unpark` meant for the caller may be
    /// consumed here. Code that also parks this thread must re-check its own condition after
    /// every wake-up.
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

    /// Parks the consumer with this thread to be woken. Returns `false` if the queue is not
    /// empty.
    fn park_thread(&mut self) -> bool {
        let thread = current();
        self.park_with(
            |waker| &waker.0,
            |stored| stored.id() == thread.id(),
            || thread.clone(),
        )
    }
}

/// Receiving with a time limit, which loom cannot model.
#[cfg(not(loom))]
impl<R: QueueRef<Waker = ThreadWaker>> Receiver<R, ThreadWaker> {
    /// Removes and returns the oldest item, sleeping for at most `timeout` until there is
    /// one. See [`recv_deadline`](Self::recv_deadline).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mpsc_queue::{BlockingQueue, Link, Receiver, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// /// Runs jobs until there is none for a second.
    /// fn work(jobs: &mut Receiver<&BlockingQueue<Box<Job>>>, run: impl Fn(Box<Job>)) {
    ///     while let Some(job) = jobs.recv_timeout(Duration::from_secs(1)) {
    ///         run(job);
    ///     }
    /// }
    /// ```
    pub fn recv_timeout(&mut self, timeout: Duration) -> Option<R::Handle> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.recv_deadline(deadline),
            None => Some(self.recv()), // the clock cannot represent the deadline
        }
    }

    /// Removes and returns the oldest item, sleeping until there is one or until `deadline`.
    ///
    /// Returns an item that is in the queue even if the deadline has passed, but does not
    /// wait for a stalled one then. During a stall, this method may exceed the deadline by a
    /// millisecond and the time that the system takes to run the thread. Otherwise like
    /// `recv`.
    pub fn recv_deadline(&mut self, deadline: Instant) -> Option<R::Handle> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Some(handle),
                Pop::Stalled if Instant::now() >= deadline => return None,
                Pop::Stalled => backoff.snooze(),
                Pop::Empty => {
                    backoff = Backoff::new();
                    if self.park_thread() && !self.sleep_until(deadline) {
                        return None;
                    }
                }
            }
        }
    }

    /// Sleeps while the consumer is parked. Returns `false` if the deadline passed first; the
    /// consumer is unparked then.
    fn sleep_until(&mut self, deadline: Instant) -> bool {
        while self.is_parked() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                #[cfg(mpsc_fail_point)]
                crate::fail_point::deadline();
                return !self.unpark();
            }
            park_timeout(left);
        }
        true
    }
}

impl WakeTarget for ThreadWaker {
    type Taken = Option<Thread>;

    unsafe fn take(&self, _: Internal) -> Option<Thread> {
        // SAFETY: the caller is the push that replaced `PARKED`, in its gap.
        unsafe { self.0.take() }
    }

    fn wake_taken(&self, thread: Option<Thread>, _: Internal) {
        if let Some(thread) = thread {
            thread.unpark();
        }
    }

    unsafe fn clear(&self, _: Internal) {
        // SAFETY: the slot belongs to the consumer, which the caller is.
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

#[cfg(test)]
mod tests;
