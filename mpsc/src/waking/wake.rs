//! Wakers: what a user gives to a queue, and what the queue keeps.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, sync::Arc};

use super::slot::Handover;
use crate::sealed::Internal;

/// Wakes the consumer of a [`WakingQueue`](crate::WakingQueue): an event loop by its
/// eventfd, a thread by a condition variable, a core by an interrupt.
///
/// Unlike `std::task::Wake`, this trait needs no `Arc`: the queue owns
/// the waker and calls it through a reference.
///
/// # Examples
///
/// ```
/// use mpsc_queue::{Link, Wake, WakingQueue, linked};
///
/// struct Job {
///     link: Link,
/// }
/// linked!(Job => link: Link);
///
/// /// Wakes an event loop that sleeps in `std::thread::park`.
/// struct EventLoop(std::thread::Thread);
///
/// impl Wake for EventLoop {
///     fn wake(&self) {
///         self.0.unpark();
///     }
/// }
///
/// let queue = WakingQueue::with_waker(EventLoop(std::thread::current()));
/// let mut jobs = queue.receiver().unwrap();
/// std::thread::scope(|s| {
///     s.spawn(|| assert!(queue.push(Box::new(Job { link: Link::new() })).is_ok()));
///     let job = loop {
///         if let Some(job) = jobs.pop_blocking() {
///             break job;
///         }
///         if let Some(parked) = jobs.park() {
///             std::thread::park(); // until the push calls `wake`, or spuriously
///             drop(parked);
///         }
///     };
///     drop(job);
/// });
/// ```
pub trait Wake {
    /// Wakes the consumer. If the consumer is only about to sleep, its sleep must end at
    /// once.
    ///
    /// A push calls this method on the producer's thread, after its item is in place, at
    /// most once for each time that the consumer has [parked](crate::Receiver::park). The
    /// call may be late: the consumer may already have woken, popped the item and parked
    /// again. Implementations must tolerate spurious calls.
    ///
    /// If this method unwinds, the push unwinds too. The item is in the queue all the same,
    /// but no later push wakes the consumer for it.
    fn wake(&self);
}

impl<W: Wake + ?Sized> Wake for &W {
    fn wake(&self) {
        (**self).wake();
    }
}

#[cfg(feature = "alloc")]
impl<W: Wake + ?Sized> Wake for Box<W> {
    fn wake(&self) {
        (**self).wake();
    }
}

#[cfg(feature = "alloc")]
impl<W: Wake + ?Sized> Wake for Arc<W> {
    fn wake(&self) {
        (**self).wake();
    }
}

/// The waker that a [`WakingQueue`](crate::WakingQueue) owns: any [`Wake`],
/// `ThreadWaker`, or [`TaskWaker`](crate::TaskWaker). Sealed.
pub trait WakeTarget {
    /// What a push takes out of the queue in order to wake the consumer.
    #[doc(hidden)]
    type Taken;

    /// Takes the waker out. Does not unwind and runs no user code.
    ///
    /// # Safety
    ///
    /// The caller is the push that replaced `PARKED`, at the point that `handover` names. It
    /// calls this function once.
    #[doc(hidden)]
    unsafe fn take(&self, handover: Handover, _: Internal) -> Self::Taken;

    /// Wakes the consumer.
    #[doc(hidden)]
    fn wake_taken(&self, taken: Self::Taken, _: Internal);

    /// Drops the waker that the consumer stored, if there is one.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, and the queue was empty and not parked just now.
    #[doc(hidden)]
    unsafe fn clear(&self, handover: Handover, _: Internal);
}

impl<W: Wake> WakeTarget for W {
    type Taken = ();

    unsafe fn take(&self, _: Handover, _: Internal) {}

    fn wake_taken(&self, (): (), _: Internal) {
        self.wake();
    }

    unsafe fn clear(&self, _: Handover, _: Internal) {}
}
