//! A consumer that waits for several queues.

use core::fmt;
use core::marker::PhantomData;

use crate::consumer::Consumer;
use crate::queue_ref::QueueRef;
use crate::sealed::{INTERNAL, Internal};
use crate::waking::{Receiver, Wake};

/// A consumer that can park together with others, by [`park_all`]. Sealed.
///
/// Implemented by [`Consumer`], and by the [`Receiver`] of a queue with your own [`Wake`].
pub trait Park {
    #[doc(hidden)]
    fn mark(&mut self, _: Internal) -> bool;

    #[doc(hidden)]
    fn unmark(&mut self, _: Internal);
}

impl<R: QueueRef<Waker = ()>> Park for Consumer<R> {
    fn mark(&mut self, _: Internal) -> bool {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use.
        unsafe { self.raw().park() }
    }

    fn unmark(&mut self, _: Internal) {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use.
        unsafe { self.raw().unpark() };
    }
}

impl<R: QueueRef<Waker = W>, W: Wake> Park for Receiver<R, W> {
    fn mark(&mut self, _: Internal) -> bool {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use.
        unsafe { self.consumer().raw().park() }
    }

    fn unmark(&mut self, _: Internal) {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use.
        unsafe { self.consumer().raw().unpark() };
    }
}

/// Announces that this thread is about to sleep, to the producers of several queues.
///
/// Returns `None` if one of the queues is closed or not empty; then it has parked none of them, and the
/// thread must not sleep. Otherwise the next push to *each* queue reports it, as after
/// [`Consumer::park`], and wakes the thread. Hold the guard while sleeping and drop it after every
/// wake-up.
///
/// One read-modify-write per queue, and another one when the guard is dropped.
///
/// # Examples
///
/// ```
/// use mpsc_queue::{Consumer, Link, Queue, linked, park_all};
///
/// struct Job { link: Link }
/// linked!(Job => link: Link);
///
/// struct Order { link: Link }
/// linked!(Order => link: Link);
///
/// /// Sleeps until a push to either queue, whose producer calls `unpark`.
/// fn wait(jobs: &mut Consumer<&Queue<Box<Job>>>, orders: &mut Consumer<&Queue<Box<Order>>>) {
///     if let Some(parked) = park_all(&mut [jobs, orders]) {
///         std::thread::park();
///         drop(parked);
///     }
/// }
/// ```
pub fn park_all<'a, 'c>(consumers: &'a mut [&'c mut dyn Park]) -> Option<ParkedAll<'a, 'c>> {
    let mut parked = ParkedAll {
        consumers,
        count: 0,
        on_thread: PhantomData,
    };
    while let Some(consumer) = parked.consumers.get_mut(parked.count) {
        if !consumer.mark(INTERNAL) {
            return None; // the guard unparks the others
        }
        parked.count += 1;
    }
    Some(parked)
}

/// A guard that marks consumers as parked while it exists. See [`park_all`].
#[must_use = "dropping the guard unparks the consumers"]
pub struct ParkedAll<'a, 'c> {
    consumers: &'a mut [&'c mut dyn Park],
    /// How many of them are parked.
    count: usize,
    /// The guard stays on its thread.
    on_thread: PhantomData<*const ()>,
}

impl Drop for ParkedAll<'_, '_> {
    fn drop(&mut self) {
        for consumer in &mut self.consumers[..self.count] {
            consumer.unmark(INTERNAL);
        }
    }
}

impl fmt::Debug for ParkedAll<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParkedAll")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
