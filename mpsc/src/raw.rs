//! The algorithm, on links alone. Everything else in this crate is about who
//! may call it and what the links belong to.
//!
//! `back` belongs to the producers, `front` to the consumer and, while the queue
//! is empty, to the one producer that finds it so.
//!
//! The states (E, P, G, L), the transitions and the argument for the three answers
//! stand in `docs/algorithm.md`. Here each operation names its partner.

use core::ptr::{self, NonNull};

use crossbeam_utils::CachePadded;

use crate::link::Link;
use crate::sync::{AtomicBool, AtomicPtr, Ordering, const_fn_unless_loom};

/// In `back`: the queue is empty and the consumer sleeps, or is about to.
/// Whoever replaces this value must wake it.
const PARKED: *mut Link = ptr::without_provenance_mut(1);

const _: () = assert!(
    align_of::<Link>() > 1,
    "address 1 must not be that of a link"
);

/// Whether a value of `back` is a link, not null or [`PARKED`].
fn is_link(back: *mut Link) -> bool {
    !back.is_null() && back != PARKED
}

/// Both ends of a queue, each on its own cache line. Dropping it drops no items.
#[derive(Debug)]
pub(crate) struct RawQueue {
    /// The link pushed last; or null or [`PARKED`] in an empty queue.
    back: CachePadded<AtomicPtr<Link>>,
    consumer: CachePadded<ConsumerEnd>,
}

#[derive(Debug)]
struct ConsumerEnd {
    /// The oldest link; null in an empty queue and until the first push into it
    /// is complete.
    front: AtomicPtr<Link>,
    /// Whether a consumer exists. The algorithm does not look at it.
    taken: AtomicBool,
}

/// The three answers of [`RawQueue::pop`].
pub(crate) enum RawPop {
    Item(NonNull<Link>),
    Empty,
    Stalled,
}

impl RawQueue {
    const_fn_unless_loom! {
        pub(crate) fn new() -> Self {
            Self {
                back: CachePadded::new(AtomicPtr::new(ptr::null_mut())),
                consumer: CachePadded::new(ConsumerEnd {
                    front: AtomicPtr::new(ptr::null_mut()),
                    taken: AtomicBool::new(false),
                }),
            }
        }
    }

    /// E, P → G → L, or L → L. Appends the chain `first..=last`. If the consumer was
    /// parked, returns what `on_parked` does; the caller must then wake it.
    ///
    /// `on_parked` runs while the list has its gap, before the consumer can see
    /// the chain. It must be short.
    ///
    /// # Safety
    ///
    /// The links are valid, in no queue, and each but `last` has the following
    /// one as its `next`; that of `last` is null. From now on they belong to
    /// the queue until they are popped. `on_parked` does not unwind.
    #[inline]
    pub(crate) unsafe fn push<T>(
        &self,
        first: NonNull<Link>,
        last: NonNull<Link>,
        on_parked: impl FnOnce() -> T,
    ) -> Option<T> {
        // Release pairs with the acquire of the next push's exchange, which must
        // find `last.next = null` written before it stores its link there.
        // Acquire pairs with the release of that exchange; with that of the
        // compare-exchange in `pop` (`front = null` is written before the store
        // below); and with that in `park` (what the consumer left for its waker).
        let prev = self.back.swap(last.as_ptr(), Ordering::AcqRel);
        #[cfg(mpsc_fail_point)]
        crate::fail_point::gap();
        let wake = (prev == PARKED).then(on_parked);
        if is_link(prev) {
            // SAFETY: the consumer does not release `prev` before its `next` is
            // set or `back` equals it, and `back` equals it no more. It may do so
            // as soon as the store below is made: nothing touches `prev` after.
            // (The reference made for the call consists of an atomic only, and
            // so is not assumed to stay dereferenceable.)
            let prev = unsafe { &(*prev).next };
            // Release pairs with the acquire loads of `next` in `pop`.
            prev.store(first.as_ptr(), Ordering::Release);
        } else {
            // Release pairs with the acquire loads of `front` in `pop`.
            self.consumer.front.store(first.as_ptr(), Ordering::Release);
        }
        wake
    }

    /// L → L or L → E. Takes the oldest link out.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer: no other call of `pop`, `park` or
    /// `unpark` overlaps this one, and earlier ones happened before it.
    #[inline]
    pub(crate) unsafe fn pop(&self) -> RawPop {
        // Acquire (here and below) pairs with the release store to `front` in
        // `push`: the item and its `next` are written.
        let mut front = self.consumer.front.load(Ordering::Acquire);
        if front.is_null() {
            if self.is_empty() {
                return RawPop::Empty;
            }
            // A push was under way between the two loads, or still is.
            front = self.consumer.front.load(Ordering::Acquire);
        }
        let Some(first) = NonNull::new(front) else {
            return RawPop::Stalled;
        };
        // SAFETY: a link in the queue is valid until it is popped, by `push`.
        let first_next = unsafe { &first.as_ref().next };

        // Acquire (here and below) pairs with the release store to `next` in
        // `push`: the next item and its own `next` are written.
        let next = first_next.load(Ordering::Acquire);
        if !next.is_null() {
            return self.advance(first, next);
        }

        // It may be the last one. `front` must be null before `back` is, because
        // from then on a producer may store to it.
        // Relaxed: published by the compare-exchange; otherwise only the consumer
        // reads it.
        self.consumer
            .front
            .store(ptr::null_mut(), Ordering::Relaxed);
        // Release pairs with the acquire of the exchange in `push`, as said above.
        // Relaxed on failure: the value read is not used.
        if self
            .back
            .compare_exchange(
                first.as_ptr(),
                ptr::null_mut(),
                Ordering::Release,
                Ordering::Relaxed,
            )
            .is_ok()
        {
            return RawPop::Item(first);
        }

        // Not the last one: a push has exchanged `back`, and links, or has linked.
        let next = first_next.load(Ordering::Acquire);
        if !next.is_null() {
            return self.advance(first, next);
        }
        // Relaxed: `back` is a link, so no producer touches `front`.
        self.consumer.front.store(first.as_ptr(), Ordering::Relaxed);
        RawPop::Stalled
    }

    /// Takes out `first`, which has a successor.
    #[inline]
    fn advance(&self, first: NonNull<Link>, next: *mut Link) -> RawPop {
        // Relaxed: only the consumer reads `front` while the queue is not empty.
        self.consumer.front.store(next, Ordering::Relaxed);
        RawPop::Item(first)
    }

    /// E → P, or P → P. Marks the consumer as asleep. Fails unless the queue is empty
    /// at that moment.
    ///
    /// # Safety
    ///
    /// As for [`pop`](Self::pop).
    #[inline]
    pub(crate) unsafe fn park(&self) -> bool {
        // Release pairs with the acquire of the exchange in `push`: publishes
        // what the consumer left for its waker. Relaxed on failure: only the
        // value counts, and only the consumer itself writes `PARKED`.
        let mark = |empty| {
            self.back
                .compare_exchange(empty, PARKED, Ordering::Release, Ordering::Relaxed)
        };
        match mark(ptr::null_mut()) {
            Ok(_) => true,
            // Marked already: a guard was leaked. Marked anew, since something else
            // may have been left for the waker by now.
            Err(back) => back == PARKED && mark(PARKED).is_ok(),
        }
    }

    /// P → E. Marks the consumer as awake. Returns `false` if a push has replaced the
    /// mark: then the queue is not empty, and that push wakes the consumer.
    ///
    /// # Safety
    ///
    /// As for [`pop`](Self::pop).
    #[inline]
    pub(crate) unsafe fn unpark(&self) -> bool {
        // Relaxed: nothing is published. As a read-modify-write it continues the
        // release sequence of the compare-exchange that emptied the queue.
        match self.back.compare_exchange(
            PARKED,
            ptr::null_mut(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            Ok(_) => true,
            Err(back) => back.is_null(),
        }
    }

    /// Takes the consumer's place. `false`: it is taken.
    pub(crate) fn claim(&self) -> bool {
        // Acquire pairs with the release in `release`: the earlier consumer's
        // accesses to `front` and to its waker are over. Relaxed on failure:
        // nothing is done then.
        self.consumer
            .taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes the consumer's place, whoever has it.
    pub(crate) fn claim_mut(&mut self) {
        // Relaxed: `&mut` orders this after all that was done to the queue.
        self.consumer.taken.store(true, Ordering::Relaxed);
    }

    /// Frees the consumer's place.
    pub(crate) fn release(&self) {
        // Release pairs with the acquire in `claim`.
        self.consumer.taken.store(false, Ordering::Release);
    }

    /// Whether the queue is empty at this moment.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: only the value counts. For the consumer it is exact: it alone
        // writes null and `PARKED`, so by coherence it cannot read one of them
        // that is older than a push that happened before.
        !is_link(self.back.load(Ordering::Relaxed))
    }

    /// Whether the consumer is marked as asleep at this moment.
    #[cfg(feature = "std")]
    pub(crate) fn is_parked(&self) -> bool {
        // Relaxed: only the value counts.
        self.back.load(Ordering::Relaxed) == PARKED
    }

    /// The address of the link pushed last, to recognise it by; 0 if the queue
    /// is empty.
    #[inline]
    pub(crate) fn newest(&self) -> usize {
        // Relaxed: the address is compared, never followed.
        let back = self.back.load(Ordering::Relaxed);
        if is_link(back) { back.addr() } else { 0 }
    }
}
