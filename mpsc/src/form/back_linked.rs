//! The back-linked form: each push writes its own link, after it has exchanged `back`.
//!
//! The push is that of liburcu's `wfstack` and of Concurrency Kit's MPNC stack. Here the
//! consumer reverses what it takes, which makes the stack a queue.

use core::iter;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::back::{CLOSED, EMPTY, is_link};
use super::batch::{self, BOTTOM, Batch, BatchForm};
use super::line::Line;
use super::raw::{Pushed, RawBatched, RawForm, RawPop, RawQueue};
use super::stall::Stall;
use crate::backoff::Backoff;
use crate::item::{Link, Links};
use crate::sync::{Ordering, impl_initial, initial};

/// The consumer's end of a back-linked queue.
pub struct Backward<A>(Batch, PhantomData<A>);

impl_initial!([A] Backward<A> = Backward(initial!(Batch), PhantomData));

impl<A: Line> BatchForm for Backward<A> {
    fn batch(&self) -> &Batch {
        &self.0
    }
}

impl<A: Line> RawBatched for Backward<A> {
    unsafe fn push_own(queue: &RawQueue<Self>, link: NonNull<Link>) -> bool {
        // SAFETY: the caller's promise.
        unsafe { batch::push_own(queue, link) }
    }
}

impl<A: Line> RawForm for Backward<A> {
    type Stall = Stall;
    type Line = A;

    const STALL: Option<Stall> = Some(Stall);

    const NEWEST_FIRST: bool = true;

    /// Runs `on_parked` in the gap, between the exchange and the store.
    #[inline]
    unsafe fn push<T>(
        queue: &RawQueue<Self>,
        links: Links,
        on_parked: impl FnOnce() -> T,
    ) -> Pushed<T> {
        // Release pairs with the acquire of the exchange in `batch::take`, in `close` and in
        // `sweep`. As a read-modify-write, the exchange also continues the release sequences
        // of the pushes before it, so that their links can be read as well.
        // Acquire pairs with the release in `park` (what the consumer left for its waker) and
        // with the release in `close`.
        let prev = queue
            .back
            .word
            .swap(links.newest.as_ptr(), Ordering::AcqRel);
        #[cfg(mpsc_fail_point)]
        crate::fail_point::gap();
        // SAFETY: the consumer releases no link before the `next` of it, and of each older
        // one of its batch, is set; that of `oldest` is not. (The reference made for the
        // store consists of an atomic only, and so is not assumed to stay dereferenceable.)
        let own = unsafe { &(*links.oldest.as_ptr()).next };
        if is_link(prev) {
            // Release pairs with the acquire load of `next` in `batch::turn` and in `sweep`.
            own.store(prev, Ordering::Release);
            return Pushed::Quiet;
        }
        let pushed = match prev {
            EMPTY => Pushed::Quiet,
            CLOSED => return Pushed::Closed,
            _ => Pushed::Parked(on_parked()),
        };
        // Release pairs with the acquire load of `next` in `batch::turn`.
        own.store(BOTTOM, Ordering::Release);
        pushed
    }

    #[inline]
    unsafe fn pop(queue: &RawQueue<Self>) -> RawPop<Stall> {
        // SAFETY: the caller is the only consumer.
        unsafe { batch::pop(queue) }
    }

    #[inline]
    unsafe fn newest_held(queue: &RawQueue<Self>) -> *mut Link {
        // SAFETY: the caller is the only consumer.
        unsafe { queue.consumer.form.0.newest() }
    }

    /// Waits for the gap of each push that has appended to `own`.
    unsafe fn sweep(queue: &RawQueue<Self>, own: Links) -> impl Iterator<Item = NonNull<Link>> {
        // Acquire pairs with the release of the exchange in `push`: the newest link can be
        // read. As a read-modify-write, this exchange continues the release sequence of the
        // one in `close`.
        let newest = queue.back.word.swap(CLOSED, Ordering::Acquire);
        let mut walk = newest;
        iter::from_fn(move || {
            let link = NonNull::new(walk).filter(|link| *link != own.newest)?;
            // The next link is read before this one is given away.
            // SAFETY: the link is in the set, which belongs to the caller.
            walk = unsafe { wait_for_own_link(link) };
            Some(link)
        })
    }
}

/// Returns what the push of a link stores in the `next` of it, waiting while that push is
/// in its gap.
///
/// # Safety
///
/// The link is valid.
unsafe fn wait_for_own_link(link: NonNull<Link>) -> *mut Link {
    let mut backoff = Backoff::new();
    loop {
        // SAFETY: the caller's promise.
        // Acquire pairs with the release store to `next` in `push`.
        let next = unsafe { link.as_ref() }.next.load(Ordering::Acquire);
        if !next.is_null() {
            return next;
        }
        backoff.snooze();
    }
}
