//! The gap-free form: each push writes its own link before it publishes it by a
//! compare-exchange of `back`.
//!
//! The push is that of Treiber's stack and of Linux's `llist`.

use core::convert::Infallible;
use core::iter;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::back::{CLOSED, PARKED, is_link};
use super::batch::{self, BOTTOM, Batch, BatchForm};
use super::line::Line;
use super::raw::{Pushed, RawBatched, RawForm, RawPop, RawQueue};
use crate::item::{Link, Links};
use crate::sync::{Ordering, impl_initial, initial};

/// The consumer's end of a gap-free queue.
pub struct Treiber<A>(Batch, PhantomData<A>);

impl_initial!([A] Treiber<A> = Treiber(initial!(Batch), PhantomData));

impl<A: Line> BatchForm for Treiber<A> {
    fn batch(&self) -> &Batch {
        &self.0
    }
}

impl<A: Line> RawBatched for Treiber<A> {
    unsafe fn push_own(queue: &RawQueue<Self>, link: NonNull<Link>) -> bool {
        // SAFETY: the caller's promise.
        unsafe { batch::push_own(queue, link) }
    }
}

impl<A: Line> RawForm for Treiber<A> {
    type Stall = Infallible;
    type Line = A;

    const STALL: Option<Infallible> = None;

    const NEWEST_FIRST: bool = true;

    /// Runs `on_parked` after the links are in place.
    #[inline]
    unsafe fn push<T>(
        queue: &RawQueue<Self>,
        links: Links,
        on_parked: impl FnOnce() -> T,
    ) -> Pushed<T> {
        // SAFETY: the links belong to this push until the compare-exchange succeeds, and
        // then are touched no more.
        let own = unsafe { &(*links.oldest.as_ptr()).next };
        let back = &queue.back.word;
        let backoff = crossbeam_utils::Backoff::new();
        // Acquire, here and on failure: pairs with the release in `close`.
        // (A load first, since a failed compare-exchange costs as much as a successful one.
        // loom explores too few schedules of a thread that loads a word and then changes it,
        // so there the push begins with a guess.)
        #[cfg(not(loom))]
        let mut prev = back.load(Ordering::Acquire);
        #[cfg(loom)]
        let mut prev = super::back::EMPTY;
        loop {
            if prev == CLOSED {
                return Pushed::Closed;
            }
            // Relaxed: published by the compare-exchange.
            own.store(if is_link(prev) { prev } else { BOTTOM }, Ordering::Relaxed);
            // Release pairs with the acquire of the exchange in `batch::take` and in
            // `close`. As a read-modify-write, it also continues the release sequences of
            // the pushes before it, so that their links can be read as well.
            // Acquire pairs with the release in `park` (what the consumer left for its
            // waker).
            match back.compare_exchange_weak(
                prev,
                links.newest.as_ptr(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(changed) => prev = changed,
            }
            backoff.spin();
        }
        #[cfg(mpsc_fail_point)]
        crate::fail_point::gap();
        if prev == PARKED {
            return Pushed::Parked(on_parked());
        }
        Pushed::Quiet
    }

    #[inline]
    unsafe fn pop(queue: &RawQueue<Self>) -> RawPop<Infallible> {
        // SAFETY: the caller is the only consumer.
        unsafe { batch::pop(queue) }
    }

    #[inline]
    unsafe fn newest_held(queue: &RawQueue<Self>) -> *mut Link {
        // SAFETY: the caller is the only consumer.
        unsafe { queue.consumer.form.0.newest() }
    }

    /// Nothing, because a push that finds `CLOSED` leaves it in place.
    unsafe fn sweep(_: &RawQueue<Self>, _: Links) -> impl Iterator<Item = NonNull<Link>> {
        iter::empty()
    }
}
