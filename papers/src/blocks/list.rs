//! The producers' side of the list.

use std::ptr;

use crossbeam_utils::{Backoff, CachePadded};

use super::block::Block;
use crate::sync::{AtomicPtr, AtomicUsize, Ordering, free};

/// The list of blocks, as the producers reach it.
pub struct BlockList<T, const B: usize> {
    tail: Tail<T, B>,
}

/// The words are on different cache lines: each push writes `index`, but one in `B` pushes `block`.
struct Tail<T, const B: usize> {
    /// The index of the next push.
    index: CachePadded<AtomicUsize>,
    /// A block of which an index has been reserved. Only moves forward.
    block: CachePadded<AtomicPtr<Block<T, B>>>,
}

/// The way in which a push takes the next index.
pub trait Reserve {
    /// Increments the index and returns the previous one, by a read-modify-write with acquire.
    fn next(index: &AtomicUsize) -> usize;
}

/// Takes the index by one fetch-and-add, which never fails.
#[derive(Debug)]
pub struct FetchAdd;

/// Takes the index by a compare-exchange. A push that fails waits before it tries again, for longer
/// each time, so that another producer keeps the cache line for several pushes.
#[derive(Debug)]
pub struct Retry;

impl Reserve for FetchAdd {
    #[inline]
    fn next(index: &AtomicUsize) -> usize {
        // Acquire pairs with the release in `start_grace_period`: see `BlockList::reserve`.
        index.fetch_add(1, Ordering::Acquire)
    }
}

impl Reserve for Retry {
    #[inline]
    fn next(index: &AtomicUsize) -> usize {
        let backoff = Backoff::new();
        // Relaxed, also on failure: the value is only compared.
        let mut next = index.load(Ordering::Relaxed);
        loop {
            // Acquire pairs with the release in `start_grace_period`: see `BlockList::reserve`.
            match index.compare_exchange(next, next + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return next,
                Err(changed) => next = changed,
            }
            backoff.spin();
        }
    }
}

/// A reserved index, and the block from which its push starts to walk.
pub(crate) struct Reservation<T, const B: usize> {
    index: usize,
    from: *mut Block<T, B>,
}

// SAFETY: a push moves its value into the slot of an index that no other push has.
unsafe impl<T: Send, const B: usize> Send for BlockList<T, B> {}
// SAFETY: the same. `&BlockList` gives no access to a value.
unsafe impl<T: Send, const B: usize> Sync for BlockList<T, B> {}

impl<T, const B: usize> BlockList<T, B> {
    /// Creates a list of one block, which is returned beside it.
    pub(super) fn new() -> (Self, *mut Block<T, B>) {
        const { assert!(B.is_power_of_two(), "an index is split by masking") };
        let first = Block::allocate(0, ptr::null_mut());
        let tail = Tail {
            index: CachePadded::new(AtomicUsize::new(0)),
            block: CachePadded::new(AtomicPtr::new(first)),
        };
        (Self { tail }, first)
    }

    /// Reserves the index of a push.
    #[inline]
    pub(crate) fn reserve<R: Reserve>(&self) -> Reservation<T, B> {
        // If the grace period started before, then by the acquire, the load below sees `tail.block`
        // as the consumer saw it, or newer.
        let index = R::next(&self.tail.index);
        Reservation {
            index,
            from: self.tail_block(),
        }
    }

    /// Completes the push of a reserved index.
    #[inline]
    pub(crate) fn fill(&self, reservation: Reservation<T, B>, value: T) {
        let index = reservation.index;
        let block = self.walk(reservation);
        // SAFETY: the block has this index, so neither the block is reclaimed nor its
        // slots freed before the slot is set. No other push has the index.
        unsafe { (*block).slot(index).set(value) }
    }

    /// Returns the index of the next push. Every push that happens before has a lower
    /// index.
    pub(crate) fn reserved(&self) -> usize {
        // Relaxed: only the value is used, and coherence makes it no older than any
        // push that happens before.
        self.tail.index.load(Ordering::Relaxed)
    }

    pub(super) fn tail_block(&self) -> *mut Block<T, B> {
        // Acquire pairs with the release in `advance`: the contents of the block.
        self.tail.block.load(Ordering::Acquire)
    }

    /// Returns the index at which a grace period ends that starts now.
    pub(super) fn start_grace_period(&self) -> usize {
        // Release pairs with the acquire in `Reserve::next`; each further read-modify-write
        // continues its release sequence.
        self.tail.index.fetch_add(0, Ordering::Release)
    }

    /// Returns the block of the reserved index. Moves `tail.block` up to that block.
    #[inline]
    fn walk(&self, reservation: Reservation<T, B>) -> *mut Block<T, B> {
        let Reservation { index, from } = reservation;
        // SAFETY: no block on the way is reclaimed while this push is in flight. See
        // the module's documentation.
        unsafe {
            let mut block = from;
            while (*block).start() > index {
                block = (*block).prev();
            }
            if (*block).start() + B > index {
                return block;
            }
            while (*block).start() + B <= index {
                block = next_or_new(block);
            }
            self.advance(from, block);
            block
        }
    }

    /// Moves `tail.block` to `to`, unless `tail.block` is there or further.
    ///
    /// # Safety
    ///
    /// The caller is a push in flight, and `to` is the block of its index.
    unsafe fn advance(&self, from: *mut Block<T, B>, to: *mut Block<T, B>) {
        let mut now = from;
        // SAFETY: a block that a push in flight has loaded from `tail.block` is not
        // reclaimed.
        while unsafe { (*now).start() < (*to).start() } {
            // Release pairs with the acquire in `tail_block`: the contents of `to`.
            // Acquire on failure pairs with this release: the contents of `now`.
            match self
                .tail
                .block
                .compare_exchange(now, to, Ordering::Release, Ordering::Acquire)
            {
                Ok(_) => return,
                Err(moved) => now = moved,
            }
        }
    }
}

/// Returns the next block, which is allocated if there is none.
///
/// # Safety
///
/// `block` is in the list, and is not reclaimed meanwhile.
unsafe fn next_or_new<T, const B: usize>(block: *mut Block<T, B>) -> *mut Block<T, B> {
    // SAFETY: the caller guarantees that the block exists.
    let this = unsafe { &*block };
    let found = this.next();
    if !found.is_null() {
        return found;
    }
    let new = Block::allocate(this.start() + B, block);
    match this.link(new) {
        Ok(()) => new,
        Err(found) => {
            // SAFETY: another push linked first, so no other thread has seen `new`.
            unsafe { free(new) };
            found
        }
    }
}

#[cfg(test)]
impl<T, const B: usize> Reservation<T, B> {
    /// Returns `true` if the push walks from `block`.
    pub(crate) fn starts_at(&self, block: *mut Block<T, B>) -> bool {
        self.from == block
    }
}
