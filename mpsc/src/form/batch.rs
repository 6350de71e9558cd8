//! The consumer's end of the forms whose pushes write their own link.
//!
//! The links lead from the newest to the oldest. The consumer takes all of them by one
//! exchange, turns them round, and hands them out one by one.

use core::ptr::{self, NonNull};

use super::back::{EMPTY, is_empty, is_link};
use super::raw::{Closing, RawForm, RawPop, RawQueue};
use crate::item::Link;
use crate::prefetch::prefetch;
use crate::sync::{Ordering, UnsafeCell, impl_initial};

/// The `next` of the oldest link of a batch. Null says that its push is in its gap.
pub(super) const BOTTOM: *mut Link = ptr::without_provenance_mut(5);

/// The links that the consumer has taken. It belongs to the queue, so that a consumer that
/// is dropped loses none.
pub(super) struct Batch(UnsafeCell<Ends>);

impl_initial!(
    Batch = Batch(UnsafeCell::new(Ends {
        ready: ptr::null_mut(),
        turned: ptr::null_mut(),
        walk: ptr::null_mut(),
        newest: ptr::null_mut(),
    }))
);

/// At most one of `ready` and `walk` is a link.
#[derive(Clone, Copy)]
struct Ends {
    /// The oldest of the links that have been turned round completely. Each leads to the
    /// next newer one, the newest to null. Null if there are none.
    ready: *mut Link,
    /// The oldest of the links that the walk has turned round so far, or null.
    turned: *mut Link,
    /// The link at which the walk stands: the newest of those that still lead to the older
    /// ones. Null if there is no walk.
    walk: *mut Link,
    /// The newest link of the batch. Null without a batch.
    newest: *mut Link,
}

/// A form whose consumer's end is a [`Batch`].
pub(super) trait BatchForm: RawForm {
    fn batch(&self) -> &Batch;
}

impl Batch {
    /// Returns the newest link of the batch, or null.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer.
    #[inline]
    pub(super) unsafe fn newest(&self) -> *mut Link {
        // SAFETY: only the consumer accesses the batch, and the caller is the only consumer.
        self.0.with(|ends| unsafe { (*ends).newest })
    }
}

/// Takes the oldest link out. The body of [`RawForm::pop`].
///
/// # Safety
///
/// As for [`RawForm::pop`]: the caller is the only consumer.
#[inline]
pub(super) unsafe fn pop<F: BatchForm>(queue: &RawQueue<F>) -> RawPop<F::Stall> {
    let batch = queue.consumer.form.batch();
    // SAFETY: only the consumer accesses the batch, and the caller is the only consumer.
    // (The cell is accessed through a copy, since the walk yields in a model.)
    let mut ends = batch.0.with(|ends| unsafe { *ends });
    if ends.ready.is_null() {
        if ends.walk.is_null() {
            // SAFETY: the caller is the only consumer.
            match unsafe { take(queue) } {
                RawPop::Item(newest) => {
                    ends.walk = newest.as_ptr();
                    ends.newest = newest.as_ptr();
                }
                other => return other,
            }
        }
        // SAFETY: the links from `walk` on are in the batch.
        let stall = unsafe { turn(&mut ends, F::STALL) };
        if let Some(stall) = stall {
            // SAFETY: the caller is the only consumer.
            batch.0.with_mut(|cell| unsafe { *cell = ends });
            return RawPop::Stalled(stall);
        }
    }
    // SAFETY: `ready` is the oldest link of the batch, which is valid until it is handed out
    // here. It is not null, because a batch has at least one link.
    let first = unsafe { NonNull::new_unchecked(ends.ready) };
    // SAFETY: the link is valid, as said. Relaxed: written by the consumer.
    ends.ready = unsafe { first.as_ref() }.next.load(Ordering::Relaxed);
    if ends.ready.is_null() {
        ends.newest = ptr::null_mut();
        // SAFETY: the caller is the only consumer.
        if !matches!(unsafe { queue.closing() }, Closing::Closed { newest } if !newest.is_null()) {
            queue.set_held(false);
        }
    } else {
        prefetch(ends.ready);
    }
    // SAFETY: the caller is the only consumer.
    batch.0.with_mut(|cell| unsafe { *cell = ends });
    RawPop::Item(first)
}

/// Takes all links from the producers, or those that a close has found. Returns the newest.
///
/// # Safety
///
/// As for [`RawForm::pop`]: the caller is the only consumer. The batch is empty.
#[inline]
unsafe fn take<F: BatchForm>(queue: &RawQueue<F>) -> RawPop<F::Stall> {
    // Acquire: pairs with the release of the exchange in `push`. An observer that finds `held`
    // set knows of what a push did before (`Counters::get`).
    if is_empty(queue.back.word.load(Ordering::Acquire)) {
        return RawPop::Empty;
    }
    // SAFETY: the caller is the only consumer.
    if let Closing::Closed { newest } = unsafe { queue.closing() } {
        // SAFETY: the caller is the only consumer.
        unsafe { queue.set_drained() };
        return NonNull::new(newest).map_or(RawPop::Closed, RawPop::Item);
    }
    queue.set_held(true);
    // Acquire pairs with the release of the exchange in `push`, and with those before it, since
    // each continues their release sequences: all links can be read. Release pairs with the
    // acquire in `RawQueue::is_empty`: `held` is set.
    let back = queue.back.word.swap(EMPTY, Ordering::AcqRel);
    debug_assert!(is_link(back), "only the consumer replaces a link by a tag");
    // SAFETY: `back` was a link, and only the consumer replaces a link by a tag.
    RawPop::Item(unsafe { NonNull::new_unchecked(back) })
}

/// Continues the walk over the batch, which turns its links round. Returns the stall if the
/// walk meets a push in its gap.
///
/// # Safety
///
/// The links from `ends.walk` on are in the batch, and the caller is the only consumer.
#[inline]
unsafe fn turn<S: Copy>(ends: &mut Ends, stall: Option<S>) -> Option<S> {
    while let Some(link) = NonNull::new(ends.walk) {
        // SAFETY: a link in the batch is valid until it is handed out.
        let next = unsafe { &link.as_ref().next };
        // Acquire pairs with the release store to `next` in the push of this link: the push
        // accesses the link no more, so the link may be freed. (The older links can be read
        // in any case: the exchange in `take` has acquired those of all their pushes.)
        let older = next.load(Ordering::Acquire);
        if older.is_null() && stall.is_some() {
            return stall;
        }
        // Relaxed: only the consumer reads the link from here on.
        next.store(ends.turned, Ordering::Relaxed);
        ends.turned = link.as_ptr();
        ends.walk = if older == BOTTOM {
            ptr::null_mut()
        } else if stall.is_some() {
            older
        } else {
            // A gap-free push stores what it has read from `back`. Its compare-exchange then
            // compares addresses, so if the same link was popped and pushed again meanwhile, it
            // succeeds, although the pointer may be one that is no longer valid. Only its
            // address is used. (`handle_to_link` exposes the provenance of each link.)
            ptr::with_exposed_provenance_mut(older.addr())
        };
    }
    ends.ready = ends.turned;
    ends.turned = ptr::null_mut();
    None
}
