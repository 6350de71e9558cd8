//! Wakers, and how a push gets hold of the consumer's.
//!
//! The consumer may run on a different thread or task each time it parks, so it stores its
//! current waker in a slot on every park. The slot needs no synchronisation of its own,
//! because it belongs
//!
//! | to | from | until |
//! |---|---|---|
//! | the consumer | its construction | the consumer parks |
//! | the push that replaces `PARKED` | its exchange | it stores its link; it takes the waker *out* in between |
//! | the consumer | the pop of that link, or a successful unpark | the consumer parks |
//!
//! Because the push takes the waker before it stores its link, the consumer may write to
//! the slot as soon as it has popped the item, even if the push has not woken it yet.

use core::fmt;
use core::panic::RefUnwindSafe;

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, sync::Arc};

use crate::sealed::Internal;
use crate::sync::{UnsafeCell, const_fn_unless_loom};

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
///     s.spawn(|| queue.push(Box::new(Job { link: Link::new() })));
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
    /// The caller is the push whose exchange replaced `PARKED`, and it has not stored its
    /// link yet. It calls this function once.
    #[doc(hidden)]
    unsafe fn take(&self, _: Internal) -> Self::Taken;

    /// Wakes the consumer.
    #[doc(hidden)]
    fn wake_taken(&self, taken: Self::Taken, _: Internal);

    /// Drops the waker that the consumer stored, if there is one.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, and the slot belongs to it (table in this module).
    #[doc(hidden)]
    unsafe fn clear(&self, _: Internal);
}

impl<W: Wake> WakeTarget for W {
    type Taken = ();

    unsafe fn take(&self, _: Internal) {}

    fn wake_taken(&self, (): (), _: Internal) {
        self.wake();
    }

    unsafe fn clear(&self, _: Internal) {}
}

/// The slot in which a consumer stores its waker. Empty or full, even after a panic.
pub(super) struct WakerSlot<T>(UnsafeCell<Option<T>>);

// SAFETY: the slot passes a `T` from the consumer's thread to a producer's, which `T: Send`
// permits. The conditions of its methods exclude overlapping accesses.
unsafe impl<T: Send> Sync for WakerSlot<T> {}

impl<T> RefUnwindSafe for WakerSlot<T> {}

impl<T> WakerSlot<T> {
    const_fn_unless_loom! {
        pub(super) fn new() -> Self {
            Self(UnsafeCell::new(None))
        }
    }

    /// Takes the waker out.
    ///
    /// # Safety
    ///
    /// As for [`WakeTarget::take`]: the caller is the push that replaced `PARKED`, in its
    /// gap.
    pub(super) unsafe fn take(&self) -> Option<T> {
        // SAFETY: the exchange acquired what the consumer wrote before it parked, and the
        // consumer does not access the slot before it has seen the link.
        self.0.with_mut(|waker| unsafe { (*waker).take() })
    }

    /// Stores `waker()`, unless `is_current` returns `true` for the waker that is there.
    ///
    /// # Safety
    ///
    /// As for [`WakeTarget::clear`]: the slot belongs to the consumer, which the caller is.
    pub(super) unsafe fn fill(
        &self,
        is_current: impl FnOnce(&T) -> bool,
        waker: impl FnOnce() -> T,
    ) {
        // SAFETY: the slot belongs to the caller. (The waker is taken out, so that no user
        // code runs while the slot is borrowed, and a panic leaves it empty.)
        let old = self.0.with_mut(|slot| unsafe { (*slot).take() });
        let new = match old {
            Some(old) if is_current(&old) => old,
            _ => waker(),
        };
        // SAFETY: the slot belongs to the caller.
        self.0.with_mut(|slot| unsafe { *slot = Some(new) });
    }

    /// Drops the waker.
    ///
    /// # Safety
    ///
    /// As for [`WakeTarget::clear`]: the slot belongs to the consumer, which the caller is.
    pub(super) unsafe fn clear(&self) {
        // SAFETY: the slot belongs to the caller.
        drop(self.0.with_mut(|waker| unsafe { (*waker).take() }));
    }
}

impl<T> fmt::Debug for WakerSlot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WakerSlot")
    }
}
