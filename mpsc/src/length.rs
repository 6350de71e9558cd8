//! An approximate length for those who want it.

use core::fmt;

use crossbeam_utils::CachePadded;

use crate::seal::Seal;
use crate::sync::{AtomicUsize, Ordering, const_fn_unless_loom};

/// Whether a queue counts its items: [`Counted`] or [`Uncounted`]. Sealed.
pub trait Length: Count {}

impl Length for Uncounted {}
impl Length for Counted {}

/// Unreachable from outside, which seals [`Length`].
pub trait Count {
    /// `count` items are about to be published.
    fn pushed(&self, count: usize, _: Seal);

    /// One item has been taken out. Called by the one consumer.
    fn popped(&self, _: Seal);
}

/// A queue that does not count: no space, no time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uncounted;

impl Count for Uncounted {
    #[inline]
    fn pushed(&self, _: usize, _: Seal) {}

    #[inline]
    fn popped(&self, _: Seal) {}
}

/// A queue that counts what was pushed and what was popped. See
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

    /// Pushed less popped. Both wrap around; their difference does not.
    pub(crate) fn get(&self) -> usize {
        // Acquire pairs with the release in `popped`. It stands first: every
        // push whose pop is counted here is then counted below, so that the
        // difference cannot be negative.
        let popped = self.popped.load(Ordering::Acquire);
        // Relaxed: ordered by the load above, as far as it must be.
        let pushed = self.pushed.load(Ordering::Relaxed);
        pushed.wrapping_sub(popped)
    }
}

impl Count for Counted {
    #[inline]
    fn pushed(&self, count: usize, _: Seal) {
        // Relaxed: the push that follows publishes it to the consumer, and the
        // consumer's store below to whoever asks for the length.
        self.pushed.fetch_add(count, Ordering::Relaxed);
    }

    #[inline]
    fn popped(&self, _: Seal) {
        // A load and a store suffice: only the consumer writes. Relaxed: it reads its
        // own, or an earlier consumer's, from whom it has acquired the place.
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
