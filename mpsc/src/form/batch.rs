//! The consumer's end of the forms whose pushes write their own link.
//!
//! The links lead from the newest to the oldest. The consumer takes all of them by one
//! exchange, turns them round, and hands them out one by one.

use core::mem;
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
pub(super) struct Batch(UnsafeCell<State>);

impl_initial!(
    [] Batch = Batch(UnsafeCell::new(State {
        ready: ptr::null_mut(),
        walk: Walk::NONE,
        newest: ptr::null_mut(),
    }))
);

/// (A pop accesses the fields one by one, and not the whole as a copy: a load of two words that
/// were stored one by one waits for the stores.)
struct State {
    /// The oldest of the links that have been turned round completely. Each leads to the
    /// next newer one, the newest to null. Null if there are none.
    ready: *mut Link,
    /// The walk that met a push in its gap. No link is ready then.
    walk: Walk,
    /// The newest link of the batch. Null without a batch.
    newest: *mut Link,
}

/// A walk over a batch, from the newest to the oldest, which turns its links round.
#[derive(Clone, Copy)]
struct Walk {
    /// The link at which the walk stands: the newest of those that still lead to the older
    /// ones. Null if there is no walk.
    at: *mut Link,
    /// The oldest of the links that the walk has turned round so far, or null.
    turned: *mut Link,
}

impl Walk {
    const NONE: Self = Self {
        at: ptr::null_mut(),
        turned: ptr::null_mut(),
    };
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
        self.0.with(|batch| unsafe { (*batch).newest })
    }
}

/// Appends a link at the consumer's end, if the link is then the newest of the queue: if the
/// producers have left nothing that has not been taken. Otherwise returns `false`.
///
/// # Safety
///
/// As for [`RawForm::pop`]: the caller is the only consumer. The link is valid, in no queue, and
/// its `next` is null. It belongs to the queue until it is popped, if the result is `true`.
pub(super) unsafe fn push_own<F: BatchForm>(queue: &RawQueue<F>, link: NonNull<Link>) -> bool {
    let batch = &queue.consumer.form.batch().0;
    // SAFETY: only the consumer accesses the batch, and the caller is the only consumer.
    let (is_walking, newest) = batch.with(|batch| unsafe {
        let State { walk, newest, .. } = &*batch;
        (!walk.at.is_null(), *newest)
    });
    // Relaxed: no link is read by it.
    if is_walking || !is_empty(queue.back.word.load(Ordering::Relaxed)) {
        return false;
    }
    match NonNull::new(newest) {
        None => {
            queue.set_held(true);
            // SAFETY: the caller is the only consumer.
            batch.with_mut(|batch| unsafe { (*batch).ready = link.as_ptr() });
        }
        // SAFETY: a link in the batch is valid until it is handed out, and all of them have been
        // turned round. Relaxed: only the consumer reads the link from here on.
        Some(newest) => unsafe { newest.as_ref() }
            .next
            .store(link.as_ptr(), Ordering::Relaxed),
    }
    // SAFETY: the caller is the only consumer.
    batch.with_mut(|batch| unsafe { (*batch).newest = link.as_ptr() });
    true
}

/// Takes the oldest link out. The body of [`RawForm::pop`].
///
/// # Safety
///
/// As for [`RawForm::pop`]: the caller is the only consumer.
#[inline]
pub(super) unsafe fn pop<F: BatchForm>(queue: &RawQueue<F>) -> RawPop<F::Stall> {
    let batch = &queue.consumer.form.batch().0;
    // SAFETY: only the consumer accesses the batch, and the caller is the only consumer.
    let ready = batch.with(|batch| unsafe { (*batch).ready });
    let first = match NonNull::new(ready) {
        Some(first) => first,
        // SAFETY: the caller is the only consumer, and no link is ready.
        None => match unsafe { refill(queue) } {
            RawPop::Item(first) => first,
            other => return other,
        },
    };
    // SAFETY: a link in the batch is valid until it is handed out. Relaxed: written by the
    // consumer.
    let next = unsafe { first.as_ref() }.next.load(Ordering::Relaxed);
    // SAFETY: the caller is the only consumer.
    batch.with_mut(|batch| unsafe { (*batch).ready = next });
    if next.is_null() {
        // SAFETY: the caller is the only consumer.
        batch.with_mut(|batch| unsafe { (*batch).newest = ptr::null_mut() });
        // SAFETY: the caller is the only consumer.
        if !matches!(unsafe { queue.closing() }, Closing::Closed { newest } if !newest.is_null()) {
            queue.set_held(false);
        }
    } else {
        prefetch(next);
    }
    RawPop::Item(first)
}

/// Takes a batch, or goes on with the walk over the one that there is. Returns the oldest link,
/// which is still in the batch.
///
/// # Safety
///
/// As for [`RawForm::pop`]: the caller is the only consumer. No link is ready.
#[inline]
unsafe fn refill<F: BatchForm>(queue: &RawQueue<F>) -> RawPop<F::Stall> {
    let batch = &queue.consumer.form.batch().0;
    // SAFETY: the caller is the only consumer.
    let mut walk = batch.with(|batch| unsafe { (*batch).walk });
    if walk.at.is_null() {
        // SAFETY: the caller is the only consumer, and the batch is empty: no link is ready, and
        // there is no walk.
        let newest = match unsafe { take(queue) } {
            RawPop::Item(newest) => newest.as_ptr(),
            other => return other,
        };
        walk.at = newest;
        // SAFETY: the caller is the only consumer.
        batch.with_mut(|batch| unsafe { (*batch).newest = newest });
    }
    // SAFETY: the caller is the only consumer, and the links from `walk.at` on, which is not null,
    // are in the batch. (A copy of the walk, because it yields in a model, and a cell must not be
    // accessed across that.)
    let result = unsafe { turn(&mut walk, F::STALL) };
    // SAFETY: the caller is the only consumer.
    batch.with_mut(|batch| unsafe { (*batch).walk = walk });
    result
}

/// Takes all links from the producers, or those that a close has found. Returns the newest.
///
/// # Safety
///
/// As for [`RawForm::pop`]: the caller is the only consumer. The batch is empty.
#[inline]
unsafe fn take<F: BatchForm>(queue: &RawQueue<F>) -> RawPop<F::Stall> {
    // Acquire: pairs with the release of the exchange in `push`. An observer that finds `held`
    // set knows of what a push did before (`Counts::get`), and the links that a close has found
    // can be read.
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

/// Continues the walk. Returns the oldest link at its end, or the stall if the walk meets a push
/// in its gap.
///
/// # Safety
///
/// The links from `walk.at` on are in the batch, at least one, and the caller is the only
/// consumer.
#[inline]
unsafe fn turn<S: Copy>(walk: &mut Walk, stall: Option<S>) -> RawPop<S> {
    while let Some(link) = NonNull::new(walk.at) {
        // SAFETY: a link in the batch is valid until it is handed out.
        let next = unsafe { &link.as_ref().next };
        // Acquire pairs with the release store to `next` in the push of this link: the push
        // accesses the link no more, so the link may be freed. (The older links can be read
        // in any case: `take` has acquired those of all their pushes.)
        let older = next.load(Ordering::Acquire);
        if let (true, Some(stall)) = (older.is_null(), stall) {
            return RawPop::Stalled(stall);
        }
        // Relaxed: only the consumer reads the link from here on.
        next.store(walk.turned, Ordering::Relaxed);
        walk.turned = link.as_ptr();
        walk.at = if older == BOTTOM {
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
    let oldest = mem::replace(walk, Walk::NONE).turned;
    // SAFETY: the walk has turned at least one link round.
    RawPop::Item(unsafe { NonNull::new_unchecked(oldest) })
}
