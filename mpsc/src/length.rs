//! An optional count of the items in a queue.

use core::fmt;

use crossbeam_utils::CachePadded;

use crate::sealed::Internal;
use crate::sync::{AtomicUsize, Ordering, const_fn_unless_loom, fence};

/// Whether a queue counts its items: [`Counted`] or [`Uncounted`]. Sealed.
pub trait Length {
    /// Counts `count` items that are about to be published.
    #[doc(hidden)]
    fn pushed(&self, count: usize, _: Internal);

    /// Counts one item that the consumer has taken out.
    #[doc(hidden)]
    fn popped(&self, _: Internal);
}

/// The length of a queue that does not count. Takes no space and no time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uncounted;

impl Length for Uncounted {
    #[inline]
    fn pushed(&self, _: usize, _: Internal) {}

    #[inline]
    fn popped(&self, _: Internal) {}
}

/// The length of a queue that counts its pushes and pops. See
/// [`Queue::counted`](crate::Queue::counted).
pub struct Counted {
    pushed: CachePadded<AtomicUsize>,
    popped: CachePadded<AtomicUsize>,
}

impl Counted {
    const_fn_unless_loom! {
        pub(crate) fn new() -> Self {
            Self {
                pushed: CachePadded::new(AtomicUsize::new(0)),
                popped: CachePadded::new(AtomicUsize::new(0)),
            }
        }
    }

    /// Returns the number of pushes less the number of pops.
    pub(crate) fn get(&self) -> usize {
        // The acquire fence pairs with the release of the exchange in `Form::push`: a
        // push counts its items before that exchange, so an item that this thread has
        // seen in the queue, by a relaxed load of `back`, is counted below.
        fence(Ordering::Acquire);
        // Acquire pairs with the release in `popped`. This load comes first: the push of
        // each item that is counted here as popped is then counted below as well, so the
        // difference cannot be negative.
        let popped = self.popped.load(Ordering::Acquire);
        // Relaxed: ordered by the fence and by the load above.
        let pushed = self.pushed.load(Ordering::Relaxed);
        pushed.wrapping_sub(popped) // both counters may have wrapped around
    }
}

impl Length for Counted {
    #[inline]
    fn pushed(&self, count: usize, _: Internal) {
        // Relaxed: published by the exchange of the push that follows, and to other
        // readers by the consumer's store in `popped`.
        self.pushed.fetch_add(count, Ordering::Relaxed);
    }

    #[inline]
    fn popped(&self, _: Internal) {
        // A load and a store suffice, because only the consumer writes. Relaxed: the
        // consumer reads its own value, or that of an earlier consumer, from which it has
        // acquired the place.
        let popped = self.popped.load(Ordering::Relaxed).wrapping_add(1);
        // Release pairs with the acquire in `get`.
        self.popped.store(popped, Ordering::Release);
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counted").field(&self.get()).finish()
    }
}
