//! The forward-linked form: each push writes the link of the push before it.
//!
//! The states (E, P, G, L), the transitions and the argument for the three results are
//! in `docs/algorithm.md`. Here each operation names its partner.

use core::ptr::{self, NonNull};

use super::back::{EMPTY, PARKED, is_link};
use super::raw::{Form, RawPop, RawQueue};
use crate::item::Link;
use crate::sync::{AtomicPtr, Ordering, const_fn_unless_loom};

/// The consumer's end of a forward-linked queue.
#[derive(Debug)]
pub(crate) struct Forward {
    /// The oldest link. Null in an empty queue, and until the first push into an empty
    /// queue has stored its link. The consumer writes it, and so does the one push that
    /// finds the queue empty.
    front: AtomicPtr<Link>,
}

impl RawQueue<Forward> {
    const_fn_unless_loom! {
        pub(crate) fn forward() -> Self {
            Self::with_form(Forward { front: AtomicPtr::new(ptr::null_mut()) })
        }
    }

    fn front(&self) -> &AtomicPtr<Link> {
        &self.consumer.form.front
    }

    /// Takes out `first`, which has a successor.
    #[inline]
    fn advance(&self, first: NonNull<Link>, next: *mut Link) -> RawPop {
        // Relaxed: only the consumer reads `front` while the queue is not empty.
        self.front().store(next, Ordering::Relaxed);
        RawPop::Item(first)
    }
}

impl Form for Forward {
    /// E, P → G → L, or L → L. Runs `on_parked` in the gap.
    #[inline]
    unsafe fn push<T>(
        queue: &RawQueue<Self>,
        first: NonNull<Link>,
        last: NonNull<Link>,
        on_parked: impl FnOnce() -> T,
    ) -> Option<T> {
        // Release pairs with the acquire of the next push's exchange, which must find
        // `last.next = null` written before that push stores its link there.
        // Acquire pairs with the release of that exchange; with the release of the
        // compare-exchange in `pop` (`front = null` is written before the store below);
        // and with the release in `park` (what the consumer left for its waker).
        let prev = queue.back.word.swap(last.as_ptr(), Ordering::AcqRel);
        #[cfg(mpsc_fail_point)]
        crate::fail_point::gap();
        // Two stores in two branches, and not one store through a chosen pointer: LLVM would
        // turn the choice into a conditional move, which waits for the exchange
        // (`docs/performance.md`). It does so if the address of `front` is known before the
        // branch; hence `queue` is passed, and not its consumer's end.
        if is_link(prev) {
            // SAFETY: the consumer does not release `prev` before its `next` is set or
            // `back` equals it, and `back` equals it no more. The consumer may release
            // `prev` as soon as the store below is made, and nothing touches `prev`
            // after it. (The reference made for the call consists of an atomic only,
            // and so is not assumed to stay dereferenceable.)
            let prev = unsafe { &(*prev).next };
            // Release pairs with the acquire loads of `next` in `pop`.
            prev.store(first.as_ptr(), Ordering::Release);
            return None;
        }
        let wake = (prev == PARKED).then(on_parked);
        // Release pairs with the acquire loads of `front` in `pop`.
        queue.front().store(first.as_ptr(), Ordering::Release);
        wake
    }

    /// L → L or L → E.
    #[inline]
    unsafe fn pop(queue: &RawQueue<Self>) -> RawPop {
        // Acquire (here and below) pairs with the release store to `front` in `push`:
        // the item and its `next` are written.
        let mut front = queue.front().load(Ordering::Acquire);
        if front.is_null() {
            if queue.back.is_empty() {
                return RawPop::Empty;
            }
            // A push was in its gap between the two loads, or still is.
            front = queue.front().load(Ordering::Acquire);
        }
        let Some(first) = NonNull::new(front) else {
            return RawPop::Stalled;
        };
        // SAFETY: a link in the queue is valid until it is popped, by `push`.
        let first_next = unsafe { &first.as_ref().next };

        // Acquire (here and below) pairs with the release store to `next` in `push`:
        // the next item and its own `next` are written.
        let next = first_next.load(Ordering::Acquire);
        if !next.is_null() {
            return queue.advance(first, next);
        }

        // `first` may be the last one. `front` must be null before `back` is, because
        // from then on a producer may store to `front`.
        // Relaxed: published by the compare-exchange; otherwise only the consumer
        // reads it.
        queue.front().store(ptr::null_mut(), Ordering::Relaxed);
        // Release pairs with the acquire of the exchange in `push`, as said above.
        // Relaxed on failure: the value read is not used.
        if queue
            .back
            .word
            .compare_exchange(first.as_ptr(), EMPTY, Ordering::Release, Ordering::Relaxed)
            .is_ok()
        {
            return RawPop::Item(first);
        }

        // Not the last one: another push has exchanged `back`. It stores its link to `next`,
        // and not to `front`, so the store above may be undone below.
        let next = first_next.load(Ordering::Acquire);
        if !next.is_null() {
            return queue.advance(first, next);
        }
        // Relaxed: `back` is a link, so no producer touches `front`.
        queue.front().store(first.as_ptr(), Ordering::Relaxed);
        RawPop::Stalled
    }
}
