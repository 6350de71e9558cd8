//! The word that the producers share, and the tags that it can hold.

use core::ptr;

use crate::item::Link;
use crate::sync::{AtomicPtr, Ordering, const_fn_unless_loom};

/// The queue is empty and the consumer is awake.
///
/// Set by the consumer: by the pop of the last item, and by [`Back::unpark`].
/// Replaced by a push or by [`Back::park`].
pub(super) const EMPTY: *mut Link = ptr::null_mut();

/// The queue is empty and the consumer is parked: it sleeps, or is about to.
///
/// Set by [`Back::park`]. Replaced by [`Back::unpark`] or by a push, and that push must
/// wake the consumer.
pub(super) const PARKED: *mut Link = ptr::without_provenance_mut(1);

const _: () = assert!(
    align_of::<Link>() > 1,
    "a link must not have the odd address of a tag"
);

/// The newest link of a queue, or a tag that says why there is none.
///
/// Producers exchange it. Only the consumer writes tags to it.
#[derive(Debug)]
pub(crate) struct Back {
    pub(super) word: AtomicPtr<Link>,
}

/// Returns `true` if `back` is a link and not a tag.
#[inline]
pub(super) fn is_link(back: *mut Link) -> bool {
    back != EMPTY && back != PARKED
}

impl Back {
    const_fn_unless_loom! {
        pub(crate) fn new() -> Self {
            Self { word: AtomicPtr::new(EMPTY) }
        }
    }

    /// `EMPTY` or `PARKED` → `PARKED`. Marks the consumer as parked. Returns `false` if
    /// the queue is not empty.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer: no other call of this function, of `unpark` or
    /// of `pop` overlaps this one, and earlier calls happen before it.
    #[inline]
    pub(crate) unsafe fn park(&self) -> bool {
        // Release pairs with the acquire of the exchange in `push`: publishes what the
        // consumer left for the push that wakes it. Relaxed on failure: the value is
        // compared only, and the consumer alone writes `PARKED`.
        let mark = |empty| {
            self.word
                .compare_exchange(empty, PARKED, Ordering::Release, Ordering::Relaxed)
        };
        match mark(EMPTY) {
            Ok(_) => true,
            // Still marked, because a guard was leaked. The mark is made anew, since
            // the consumer may have left something else by now.
            Err(back) => back == PARKED && mark(PARKED).is_ok(),
        }
    }

    /// `PARKED` or `EMPTY` → `EMPTY`. Marks the consumer as awake. Returns `false` if a
    /// push has replaced the mark: the queue is not empty, and that push wakes the
    /// consumer.
    ///
    /// # Safety
    ///
    /// As for [`park`](Self::park): the caller is the only consumer.
    #[inline]
    pub(crate) unsafe fn unpark(&self) -> bool {
        // Relaxed: nothing is published. As a read-modify-write, the operation continues
        // the release sequence of the compare-exchange that emptied the queue.
        match self
            .word
            .compare_exchange(PARKED, EMPTY, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => true,
            Err(back) => back == EMPTY,
        }
    }

    /// Returns `true` if the queue is empty.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: only the value counts. On the consumer's thread the result is exact:
        // the consumer alone writes tags, so by coherence it cannot read a tag that is
        // older than a push that happens before the load.
        !is_link(self.word.load(Ordering::Relaxed))
    }

    /// Returns `true` if the consumer is marked as parked.
    #[cfg(feature = "std")]
    pub(crate) fn is_parked(&self) -> bool {
        // Relaxed: only the value counts.
        self.word.load(Ordering::Relaxed) == PARKED
    }

    /// Returns the address of the newest link, or `None` if the queue is empty.
    #[inline]
    pub(crate) fn newest_addr(&self) -> Option<usize> {
        // Relaxed: the address is compared and never dereferenced.
        let back = self.word.load(Ordering::Relaxed);
        is_link(back).then(|| back.addr())
    }
}
