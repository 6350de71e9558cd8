//! The word that the producers share, and the tags that it can hold.

use core::ptr;

use crate::item::Link;
use crate::sync::{AtomicPtr, Ordering, const_fn_unless_loom};

/// The queue is empty and the consumer is awake, or the consumer has just taken all links.
///
/// Set by the consumer: by a pop, and by [`Back::unpark`].
/// Replaced by a push, by [`Back::park`] or by a close.
pub(super) const EMPTY: *mut Link = ptr::null_mut();

/// The queue is empty and the consumer is parked: it sleeps, or is about to.
///
/// Set by [`Back::park`]. Replaced by [`Back::unpark`], by a close, or by a push, and that
/// push must wake the consumer.
pub(super) const PARKED: *mut Link = ptr::without_provenance_mut(1);

/// The queue is closed: the consumer may still hold links, but takes no more from here.
///
/// Set by a close, and again by each push that has replaced it: that push refuses itself,
/// and removes the links that other pushes have appended to its own meanwhile. (A
/// compare-exchange of the gap-free form never replaces it.)
pub(super) const CLOSED: *mut Link = ptr::without_provenance_mut(3);

const _: () = assert!(
    align_of::<Link>() > 1,
    "a link must not have the odd address of a tag"
);

/// The newest link of a queue, or a tag that says why there is none.
#[derive(Debug)]
pub(crate) struct Back {
    pub(super) word: AtomicPtr<Link>,
}

/// What has become of the mark of a parked consumer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It was there, and has been removed: no push wakes the consumer.
    Removed,
    /// There was none, and there is no link.
    Absent,
    /// A push has replaced it, and wakes the consumer; or the queue is closed.
    Replaced,
}

/// Returns `true` if `back` is a link and not a tag.
#[inline]
pub(super) fn is_link(back: *mut Link) -> bool {
    if align_of::<Link>() > CLOSED.addr() {
        back.addr() > CLOSED.addr() // one comparison
    } else {
        !back.is_null() && back.addr() & 1 == 0
    }
}

/// Returns `true` if `back` says that the queue is empty and not closed.
///
/// On the consumer's thread this is exact, whatever the ordering of the load of `back`: the
/// consumer alone writes `EMPTY` and `PARKED`, so by coherence it cannot read one that is older
/// than a push that happens before the load.
#[inline]
pub(super) fn is_empty(back: *mut Link) -> bool {
    back == EMPTY || back == PARKED
}

impl Back {
    const_fn_unless_loom! {
        pub(super) fn new() -> Self {
            Self { word: AtomicPtr::new(EMPTY) }
        }
    }

    /// `EMPTY` or `PARKED` → `PARKED`. Marks the consumer as parked. Returns `false` if
    /// the queue is closed or `back` is a link.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer: no other call of this function, of `unpark` or
    /// of `pop` overlaps this one, and earlier calls happen before it.
    #[inline]
    pub(super) unsafe fn park(&self) -> bool {
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

    /// `PARKED` or `EMPTY` → `EMPTY`. Marks the consumer as awake.
    ///
    /// # Safety
    ///
    /// As for [`park`](Self::park): the caller is the only consumer.
    #[inline]
    pub(crate) unsafe fn unpark(&self) -> Mark {
        // Relaxed: nothing is published. As a read-modify-write, the operation continues
        // the release sequence of the compare-exchange that emptied the queue.
        match self
            .word
            .compare_exchange(PARKED, EMPTY, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => Mark::Removed,
            Err(back) if back == EMPTY => Mark::Absent,
            Err(_) => Mark::Replaced,
        }
    }

    /// Returns the address of the newest link, or `None` if `back` is a tag.
    #[inline]
    pub(super) fn newest_addr(&self) -> Option<usize> {
        // Relaxed: the address is compared and never dereferenced.
        let back = self.word.load(Ordering::Relaxed);
        is_link(back).then(|| back.addr())
    }
}
