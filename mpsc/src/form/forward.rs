//! The forward-linked form: each push writes the link of the push before it.
//!
//! The states (E, P, G, L), the transitions and the argument for the results are
//! in `docs/algorithm.md`. Here each operation names its partner.

use core::iter;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use super::back::{CLOSED, EMPTY, is_empty, is_link};
use super::line::Line;
use super::raw::{Closing, Pushed, RawForm, RawPop, RawQueue};
use super::stall::Stall;
use crate::backoff::Backoff;
use crate::item::{Link, Links};
use crate::sync::{AtomicPtr, Ordering, impl_initial};

/// The consumer's end of a forward-linked queue.
pub struct Forward<A> {
    /// The oldest link. Null in an empty queue, and until the first push into an empty
    /// queue has stored its link. The consumer writes it, and so does the one push that
    /// finds the queue empty.
    front: AtomicPtr<Link>,
    line: PhantomData<A>,
}

impl_initial!(
    [A] Forward<A> = Forward {
        front: AtomicPtr::new(ptr::null_mut()),
        line: PhantomData,
    }
);

impl<A: Line> RawForm for Forward<A> {
    type Stall = Stall;
    type Line = A;

    const STALL: Option<Stall> = Some(Stall);

    const NEWEST_FIRST: bool = false;

    /// E, P → G → L, or L → L. Runs `on_parked` in the gap.
    #[inline]
    unsafe fn push<T>(
        queue: &RawQueue<Self>,
        links: Links,
        on_parked: impl FnOnce() -> T,
    ) -> Pushed<T> {
        // Release pairs with the acquire of the next push's exchange, which must find
        // `newest.next = null` written before that push stores its link there.
        // Acquire pairs with the release of that exchange; with the release of the
        // compare-exchange in `pop` (`front = null` is written before the store below);
        // with the release in `park` (what the consumer left for its waker); and with the
        // release in `close`.
        let prev = queue
            .back
            .word
            .swap(links.newest.as_ptr(), Ordering::AcqRel);
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
            // Release pairs with the acquire loads of `next` in `pop` and in `sweep`.
            prev.store(links.oldest.as_ptr(), Ordering::Release);
            return Pushed::Quiet;
        }
        let pushed = match prev {
            EMPTY => Pushed::Quiet,
            CLOSED => return Pushed::Closed,
            _ => Pushed::Parked(on_parked()),
        };
        // Release pairs with the acquire loads of `front` in `pop`.
        queue
            .front()
            .store(links.oldest.as_ptr(), Ordering::Release);
        pushed
    }

    /// L → L or L → E.
    #[inline]
    unsafe fn pop(queue: &RawQueue<Self>) -> RawPop<Stall> {
        // Acquire (here and below) pairs with the release store to `front` in `push`:
        // the item and its `next` are written.
        let mut front = queue.front().load(Ordering::Acquire);
        if front.is_null() {
            // Relaxed: only the value counts.
            if is_empty(queue.back.word.load(Ordering::Relaxed)) {
                return RawPop::Empty;
            }
            // A push was in its gap between the two loads, or still is; or the queue is closed.
            front = queue.front().load(Ordering::Acquire);
        }
        let Some(first) = NonNull::new(front) else {
            // SAFETY: the caller is the only consumer.
            return unsafe { queue.pop_none() };
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
        // Relaxed on failure: the value read is not used. In a closed queue, `back` is
        // never `first`, so the exchange fails.
        if queue
            .back
            .word
            .compare_exchange(first.as_ptr(), EMPTY, Ordering::Release, Ordering::Relaxed)
            .is_ok()
        {
            return RawPop::Item(first);
        }

        // Not the last one, or the queue is closed. If another push has exchanged `back`, it stores
        // its link to `next`, and not to `front`, so the store above may be undone below.
        let next = first_next.load(Ordering::Acquire);
        if !next.is_null() {
            return queue.advance(first, next);
        }
        // SAFETY: the caller is the only consumer.
        unsafe { queue.pop_newest(first) }
    }

    #[inline]
    unsafe fn newest_held(_: &RawQueue<Self>) -> *mut Link {
        ptr::null_mut() // all links are reached from `back`, until a close notes the newest
    }

    /// Waits for the gap of each push that has appended to `own`.
    unsafe fn sweep(queue: &RawQueue<Self>, own: Links) -> impl Iterator<Item = NonNull<Link>> {
        // Relaxed: this end of the set is compared only, and each link on the way to it is
        // acquired. As a read-modify-write, the exchange continues the release sequence of
        // the one in `close`.
        let newest = queue.back.word.swap(CLOSED, Ordering::Relaxed);
        // The next link is read before this one is given away.
        let next = move |link: NonNull<Link>| {
            // SAFETY: the link is in the set, which belongs to the caller, or the newest of
            // `own`, which the caller keeps.
            (link.as_ptr() != newest).then(|| unsafe { wait_for_next(link) })
        };
        iter::successors(next(own.newest), move |link| next(*link))
    }
}

/// Returns the successor of a link, waiting while the push of the successor is in its gap.
///
/// # Safety
///
/// The link is valid, and a push has found it in `back`.
unsafe fn wait_for_next(link: NonNull<Link>) -> NonNull<Link> {
    let mut backoff = Backoff::new();
    loop {
        // SAFETY: the caller's promise.
        // Acquire pairs with the release store to `next` in `push`.
        let next = unsafe { link.as_ref() }.next.load(Ordering::Acquire);
        if let Some(next) = NonNull::new(next) {
            return next;
        }
        backoff.snooze();
    }
}

impl<A: Line> RawQueue<Forward<A>> {
    fn front(&self) -> &AtomicPtr<Link> {
        &self.consumer.form.front
    }

    /// The result of a pop that finds neither an item nor an empty queue.
    ///
    /// (Out of line, like `pop_newest`, so that the rest of a pop is inlined.)
    ///
    /// # Safety
    ///
    /// The caller is the only consumer.
    #[cold]
    unsafe fn pop_none(&self) -> RawPop<Stall> {
        // SAFETY: the caller is the only consumer.
        match unsafe { self.closing() } {
            Closing::Closed { newest } if newest.is_null() => RawPop::Closed,
            _ => RawPop::Stalled(Stall),
        }
    }

    /// Takes out `first`, whose successor is unknown and which is not in `back`, if it was the
    /// newest link when the queue was closed.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer.
    #[cold]
    unsafe fn pop_newest(&self, first: NonNull<Link>) -> RawPop<Stall> {
        // SAFETY: the caller is the only consumer.
        if let Closing::Closed { newest } = unsafe { self.closing() } {
            if first.as_ptr() == newest {
                self.set_held(false);
                // SAFETY: the caller is the only consumer.
                unsafe { self.set_drained() };
                return RawPop::Item(first);
            }
        }
        // Relaxed: `back` is a link or `CLOSED`, so no producer touches `front`.
        self.front().store(first.as_ptr(), Ordering::Relaxed);
        RawPop::Stalled(Stall)
    }

    /// Takes out `first`, which has a successor.
    #[inline]
    fn advance(&self, first: NonNull<Link>, next: *mut Link) -> RawPop<Stall> {
        // Relaxed: only the consumer reads `front` while the queue is not empty.
        self.front().store(next, Ordering::Relaxed);
        RawPop::Item(first)
    }
}
