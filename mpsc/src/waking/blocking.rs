//! A queue whose consumer is a thread that blocks.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::queue::WakingQueue;
use super::receiver::Receiver;
use super::slot::{Handover, WakerSlot};
use super::wake::WakeTarget;
use crate::backoff::Backoff;
use crate::consumer::Pop;
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::form::{Form, ForwardLinked};
use crate::item::Handle;
use crate::queue::Queue;
use crate::queue_ref::QueueRef;
use crate::sealed::Internal;
use crate::sync::{Instant, Thread, const_fn_unless_loom, current, park, park_timeout};
use crate::wait::{Wait, Waiter, now};

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
///         sum += jobs.recv().unwrap().number; // sleeps until there is one
///     }
///     sum
/// });
/// for number in 1..=3 {
///     QUEUE.push(Box::new(Job { link: Link::new(), number })).unwrap();
/// }
/// assert_eq!(worker.join().unwrap(), 6);
/// ```
pub type BlockingQueue<H, F = ForwardLinked> = WakingQueue<H, ThreadWaker, F>;

/// Unparks the thread that waits in `recv`. The waker of a [`BlockingQueue`].
pub struct ThreadWaker(WakerSlot<Thread>);

impl<H: Handle> BlockingQueue<H> {
    const_fn_unless_loom! {
        /// Creates an empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self::with_form(ForwardLinked)
        }
    }
}

impl<H: Handle, F: Form> BlockingQueue<H, F> {
    const_fn_unless_loom! {
        /// Creates an empty queue of this form.
        #[must_use]
        pub fn with_form(form: F) -> Self {
            Self::from_parts(Queue::with_form(form), ThreadWaker(WakerSlot::new()))
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
    ///
    /// # Errors
    ///
    /// Returns [`RecvError`] if this receiver has [closed](Self::close) the queue and has
    /// removed everything that was pushed before.
    pub fn recv(&mut self) -> Result<R::Handle, RecvError> {
        recv(self, Self::park_thread)
    }

    /// Removes at least one and at most `limit` items, sleeping until there is one, and appends
    /// them to `buffer`. Returns their number.
    ///
    /// Returns 0 only if nothing will come any more, as for the error of [`recv`](Self::recv), or
    /// if the limit is 0.
    pub fn recv_many(&mut self, buffer: &mut Vec<R::Handle>, limit: usize) -> usize {
        recv_many(self, buffer, limit, Self::park_thread)
    }

    /// Sets how this receiver waits. The default is [`Wait::Park`].
    ///
    /// ```
    /// # use mpsc_queue::{BlockingQueue, Link, Receiver, Wait, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// fn prepare(jobs: &mut Receiver<&BlockingQueue<Box<Job>>>) {
    ///     jobs.set_wait(Wait::ADAPTIVE);
    /// }
    /// ```
    pub fn set_wait(&mut self, wait: Wait) {
        *self.waiter_mut() = Waiter::new(wait);
    }

    /// Parks the consumer with this thread to be woken. Returns `false` if the queue is closed
    /// or not empty.
    fn park_thread(&mut self) -> bool {
        let thread = current();
        self.park_with(
            |waker| &waker.0,
            |stored| stored.id() == thread.id(),
            || thread.clone(),
        )
    }
}

/// Receiving with a time limit.
impl<R: QueueRef<Waker = ThreadWaker>> Receiver<R, ThreadWaker> {
    /// Removes and returns the oldest item, sleeping for at most `timeout` until there is
    /// one. See [`recv_deadline`](Self::recv_deadline).
    ///
    /// # Errors
    ///
    /// As for [`recv_deadline`](Self::recv_deadline).
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
    ///     while let Ok(job) = jobs.recv_timeout(Duration::from_secs(1)) {
    ///         run(job);
    ///     }
    /// }
    /// ```
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<R::Handle, RecvTimeoutError> {
        recv_timeout(self, timeout, Self::park_thread)
    }

    /// Removes and returns the oldest item, sleeping until there is one or until `deadline`.
    ///
    /// Returns an item that is in the queue even if the deadline has passed, but does not
    /// wait for a stalled one then. During a stall, this method may exceed the deadline by a
    /// millisecond and the time that the system takes to run the thread. Otherwise like
    /// `recv`.
    ///
    /// # Errors
    ///
    /// Returns [`RecvTimeoutError::Timeout`] if the deadline has passed, and
    /// [`RecvTimeoutError::Disconnected`] as [`recv`](Self::recv) does.
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<R::Handle, RecvTimeoutError> {
        recv_deadline(self, deadline, Self::park_thread)
    }
}

/// Removes and returns the oldest item, sleeping until there is one. `park_thread` parks the
/// consumer with this thread to be woken, if the queue is empty.
pub(crate) fn recv<R: QueueRef<Waker = W>, W: WakeTarget>(
    receiver: &mut Receiver<R, W>,
    park_thread: impl Fn(&mut Receiver<R, W>) -> bool,
) -> Result<R::Handle, RecvError> {
    loop {
        match receiver.try_recv() {
            Ok(handle) => return Ok(handle),
            Err(TryRecvError::Disconnected) => return Err(RecvError),
            Err(TryRecvError::Empty) if receiver.spin(Duration::MAX) => {}
            Err(TryRecvError::Empty) => {
                // After each wake-up, even a spurious one, the waker is stored again.
                if park_thread(receiver) {
                    park();
                }
                receiver.waiter_mut().slept(now);
            }
        }
    }
}

/// As [`recv`], for up to `limit` items.
pub(crate) fn recv_many<R: QueueRef<Waker = W>, W: WakeTarget>(
    receiver: &mut Receiver<R, W>,
    buffer: &mut Vec<R::Handle>,
    limit: usize,
    park_thread: impl Fn(&mut Receiver<R, W>) -> bool,
) -> usize {
    let Some(more) = limit.checked_sub(1) else {
        return 0;
    };
    let Ok(first) = recv(receiver, park_thread) else {
        return 0;
    };
    let before = buffer.len();
    buffer.push(first);
    buffer.extend(receiver.drain(more));
    buffer.len() - before
}

/// As [`recv`], for at most `timeout`.
pub(crate) fn recv_timeout<R: QueueRef<Waker = W>, W: WakeTarget>(
    receiver: &mut Receiver<R, W>,
    timeout: Duration,
    park_thread: impl Fn(&mut Receiver<R, W>) -> bool,
) -> Result<R::Handle, RecvTimeoutError> {
    match Instant::now().checked_add(timeout) {
        Some(deadline) => recv_deadline(receiver, deadline, park_thread),
        // The clock cannot represent the deadline.
        None => Ok(recv(receiver, park_thread)?),
    }
}

/// As [`recv`], until `deadline` at the latest.
pub(crate) fn recv_deadline<R: QueueRef<Waker = W>, W: WakeTarget>(
    receiver: &mut Receiver<R, W>,
    deadline: Instant,
    park_thread: impl Fn(&mut Receiver<R, W>) -> bool,
) -> Result<R::Handle, RecvTimeoutError> {
    let mut backoff = Backoff::new();
    loop {
        match receiver.pop() {
            Pop::Item(handle) => return Ok(handle),
            Pop::Closed => return Err(RecvTimeoutError::Disconnected),
            Pop::Stalled(_) if Instant::now() >= deadline => return Err(RecvTimeoutError::Timeout),
            Pop::Stalled(_) => backoff.snooze(),
            Pop::Empty => {
                backoff = Backoff::new();
                let left = deadline.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    if !receiver.spin(left) {
                        if park_thread(receiver) {
                            park_timeout(deadline.saturating_duration_since(Instant::now()));
                        }
                        receiver.waiter_mut().slept(now);
                    }
                    continue;
                }
                #[cfg(mpsc_fail_point)]
                crate::fail_point::deadline();
                // If a push came first, its item is received.
                if receiver.leave_park() {
                    return Err(RecvTimeoutError::Timeout);
                }
            }
        }
    }
}

impl WakeTarget for ThreadWaker {
    type Taken = Option<Thread>;

    unsafe fn take(&self, handover: Handover, _: Internal) -> Option<Thread> {
        // SAFETY: the caller is the push that replaced `PARKED`, as `handover` says.
        unsafe { self.0.take(handover) }
    }

    fn wake_taken(&self, thread: Option<Thread>, _: Internal) {
        if let Some(thread) = thread {
            thread.unpark();
        }
    }

    unsafe fn clear(&self, handover: Handover, _: Internal) {
        // SAFETY: the caller is the consumer of a queue that was empty and not parked.
        unsafe { self.0.clear(handover) }
    }
}

impl<H: Handle, F: Form> Default for BlockingQueue<H, F> {
    fn default() -> Self {
        Self::with_form(F::default())
    }
}

impl fmt::Debug for ThreadWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadWaker")
    }
}

#[cfg(test)]
mod tests;
