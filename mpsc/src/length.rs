//! An optional count of the items in a queue.

use crate::form::Aligned;
use crate::sync::{AtomicUsize, Initial, Ordering, fence, impl_initial};

/// What a queue counts.
pub trait Length: Initial {
    /// Counts `count` items that are about to be published.
    fn pushed(&self, count: usize);

    /// Takes back `count` items that a push has counted, and that no pop will return.
    fn refused(&self, count: usize);

    /// Counts one item that the consumer has taken out.
    fn popped(&self);
}

/// What counts all items.
pub trait Counts: Length {
    /// Returns the number of pushes less the number of pops.
    fn get(&self) -> usize;
}

/// The length of a queue that does not count. Takes no space and no time.
pub struct NoLength;

impl_initial!([] NoLength = NoLength);

impl Length for NoLength {
    #[inline]
    fn pushed(&self, _: usize) {}

    #[inline]
    fn refused(&self, _: usize) {}

    #[inline]
    fn popped(&self) {}
}

/// The number of pushes and of pops, each aligned like an `A`.
pub struct Counters<A> {
    pushed: Aligned<AtomicUsize, A>,
    popped: Aligned<AtomicUsize, A>,
}

impl_initial!(
    [A] Counters<A> = Counters {
        pushed: Aligned::new(AtomicUsize::new(0)),
        popped: Aligned::new(AtomicUsize::new(0)),
    }
);

impl<A> Counts for Counters<A> {
    fn get(&self) -> usize {
        // The acquire fence pairs with the release of the exchange in `RawForm::push`: a
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

impl<A> Length for Counters<A> {
    #[inline]
    fn pushed(&self, count: usize) {
        // Relaxed: published by the exchange of the push that follows, and to other
        // readers by the consumer's store in `popped`.
        self.pushed.fetch_add(count, Ordering::Relaxed);
    }

    fn refused(&self, count: usize) {
        // Relaxed: the items were counted before (by this push, or by pushes that it has
        // acquired), and `popped` never counts them, so the difference stays positive.
        self.pushed.fetch_sub(count, Ordering::Relaxed);
    }

    #[inline]
    fn popped(&self) {
        // A load and a store suffice, because only the consumer writes. Relaxed: the
        // consumer reads its own value, or that of an earlier consumer, from which it has
        // acquired the place.
        let popped = self.popped.load(Ordering::Relaxed).wrapping_add(1);
        // Release pairs with the acquire in `get`.
        self.popped.store(popped, Ordering::Release);
    }
}
