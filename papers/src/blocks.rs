//! The list of blocks under [`segmented`](crate::segmented) and
//! [`jiffy`](crate::jiffy): a fetch-and-add reserves an index, the index says which
//! block and slot.
//!
//! ```text
//!  oldest            tail.block           last
//!    │                   │                  │
//!  [0..B) ◄──► [B..2B) ◄──► [2B..3B) ◄──► [3B..4B)      ──► next, ◄── prev
//!    drained     │             │             spare: recycled, no index of it
//!                head          tail.index     is reserved yet
//! ```
//!
//! A push reserves its index and *then* reads `tail.block`; from there it walks to
//! its own block, backwards or forwards, and moves `tail.block` up to it.
//!
//! # When a block may be used again
//!
//! A drained block is full of items long popped, but a producer may stand on it: one
//! with a *later* index, that read `tail.block` while it still led there. So the
//! consumer
//!
//! 1. sees that `tail.block` has moved past the block;
//! 2. then reads `tail.index`, by a read-modify-write: the *ticket*;
//! 3. waits until `head`, below which every push has completed, reaches the ticket.
//!
//! A push with an index below the ticket has completed by then. One with an index
//! from the ticket on incremented `tail.index` after step 2, and so reads `tail.block`
//! as it was in step 1, or newer. Walking backwards is safe in any case: a push walks
//! towards its own block, `head` cannot pass that, and all between is newer.
//!
//! For the same reason `tail.block` never returns to an older block (the ABA problem):
//! the address of a block on which a push stands is not used again.

use std::mem::MaybeUninit;
use std::ptr;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicPtr, AtomicU8, AtomicUsize, Ordering, UnsafeCell};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the indices of `papers` never wrap around, which takes 64 bits");

/// States of a slot. `EMPTY` → `SET` by its push, the rest by the consumer.
pub(crate) const EMPTY: u8 = 0;
pub(crate) const SET: u8 = 1;
/// Popped. Only the consumer looks at it.
pub(crate) const HANDLED: u8 = 2;

/// How many drained blocks are kept for the producers, at most, beyond the one that
/// they write to.
pub(crate) const SPARE: usize = 16;

/// The list, as the producers reach it.
pub(crate) struct Blocks<T, const B: usize> {
    tail: CachePadded<Tail<T, B>>,
}

struct Tail<T, const B: usize> {
    /// The index of the next push.
    index: AtomicUsize,
    /// A block of which an index has been reserved. Only moves forward.
    block: AtomicPtr<Block<T, B>>,
}

/// `B` slots, and their place in the list.
pub(crate) struct Block<T, const B: usize> {
    position: UnsafeCell<Position<T, B>>,
    next: AtomicPtr<Block<T, B>>,
    /// Apart from the rest, so that the consumer can free them while a producer may
    /// still walk over the block. Null then.
    slots: UnsafeCell<*mut [Slot<T>; B]>,
}

/// Written while the block is private, only read while it is in the list.
struct Position<T, const B: usize> {
    /// The index of the first slot.
    start: usize,
    prev: *mut Block<T, B>,
}

pub(crate) struct Slot<T> {
    pub(crate) state: AtomicU8,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// An index that a push has reserved, and the block where it starts to walk.
pub(crate) struct Seat<T, const B: usize> {
    index: usize,
    from: *mut Block<T, B>,
}

/// What the consumer knows of blocks that it has drained.
pub(crate) struct Drained<T, const B: usize> {
    /// The first block of the list.
    oldest: *mut Block<T, B>,
    /// The last block of the list when the consumer last looked.
    last: *mut Block<T, B>,
    waiting: Option<Ticket>,
    /// In a test of what goes wrong without tickets: frees nothing, but notes here
    /// what would have been freed as soon as it was drained.
    #[cfg(test)]
    pub(crate) freed_at_once: Option<Vec<*mut Block<T, B>>>,
}

/// Blocks that start before `before` may be used again when `head` is `index`.
struct Ticket {
    before: usize,
    index: usize,
}

impl<T, const B: usize> Blocks<T, B> {
    /// A list of one block.
    pub(crate) fn new() -> (Self, Drained<T, B>) {
        const { assert!(B.is_power_of_two(), "an index is split by masking") };
        let first = Block::boxed(0, ptr::null_mut());
        let blocks = Self {
            tail: CachePadded::new(Tail {
                index: AtomicUsize::new(0),
                block: AtomicPtr::new(first),
            }),
        };
        let drained = Drained {
            oldest: first,
            last: first,
            waiting: None,
            #[cfg(test)]
            freed_at_once: None,
        };
        (blocks, drained)
    }

    /// The index of the next push. Every push that happened before has a lower one.
    pub(crate) fn reserved(&self) -> usize {
        // Relaxed: only the value counts; by coherence it is not older than any push
        // that happened before.
        self.tail.index.load(Ordering::Relaxed)
    }

    /// The first half of a push.
    #[inline]
    pub(crate) fn reserve(&self) -> Seat<T, B> {
        // Acquire pairs with the release of the ticket in `reclaim`: if the ticket was
        // drawn before, the load below sees `tail.block` as the consumer saw it.
        let index = self.tail.index.fetch_add(1, Ordering::Acquire);
        // Acquire pairs with the release in `advance`: the block is written.
        let from = self.tail.block.load(Ordering::Acquire);
        Seat { index, from }
    }

    /// The second half of a push.
    #[inline]
    pub(crate) fn fill(&self, seat: Seat<T, B>, value: T) {
        let index = seat.index;
        let block = self.walk(seat);
        // SAFETY: the block has this index, so it is not reclaimed, nor its slots
        // freed, before the slot is set; and no other push has the index.
        unsafe {
            let slot = slot(block, index);
            slot.value.with_mut(|place| {
                (*place).write(value);
            });
            // Release pairs with the acquire in `take`: the value; and that this
            // push has done with every block.
            slot.state.store(SET, Ordering::Release);
        }
    }

    /// The block of the seat's index. Moves `tail.block` up to it.
    #[inline]
    fn walk(&self, seat: Seat<T, B>) -> *mut Block<T, B> {
        // SAFETY: of every step here: the block is not reclaimed while this push is
        // under way. See the module's documentation.
        unsafe {
            let mut block = seat.from;
            while position(block).start > seat.index {
                block = position(block).prev;
            }
            if position(block).start + B > seat.index {
                return block;
            }
            while position(block).start + B <= seat.index {
                block = next_or_new(block);
            }
            self.advance(seat.from, block);
            block
        }
    }

    /// Moves `tail.block` to `to`, if it is behind.
    ///
    /// # Safety
    ///
    /// Called by a push under way, whose index is in `to`.
    unsafe fn advance(&self, from: *mut Block<T, B>, to: *mut Block<T, B>) {
        let mut now = from;
        // SAFETY: `tail.block`, read by a push under way, is not reclaimed meanwhile.
        while unsafe { position(now).start < position(to).start } {
            // Release pairs with the acquire loads of `tail.block`: `to` is written.
            // Acquire on failure pairs with the same: `now` is.
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

    /// Recycles or frees drained blocks that no producer can reach any more.
    ///
    /// Costs a few loads if there are none, one read-modify-write for the ticket,
    /// and one for each block.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, and touches no block older than `oldest_used`.
    /// Every push of an index below `head` has completed, and was acquired.
    pub(crate) unsafe fn reclaim(
        &self,
        drained: &mut Drained<T, B>,
        oldest_used: *mut Block<T, B>,
        head: usize,
    ) {
        #[cfg(test)]
        if let Some(freed) = &mut drained.freed_at_once {
            // SAFETY: in this mode no block is ever reclaimed.
            unsafe {
                while drained.oldest != oldest_used {
                    freed.push(drained.oldest);
                    drained.oldest = next(drained.oldest);
                }
            }
            return;
        }
        // SAFETY: only this function reclaims, and it never reclaims the block that
        // `tail.block` leads to, nor one that the consumer uses.
        unsafe {
            while drained.oldest != oldest_used {
                let Some(ticket) = &drained.waiting else {
                    // Acquire pairs with the release in `advance`.
                    let tail = self.tail.block.load(Ordering::Acquire);
                    let before = position(tail).start.min(position(oldest_used).start);
                    if position(drained.oldest).start >= before {
                        return;
                    }
                    // Release pairs with the acquire in `reserve`; each further
                    // fetch-and-add continues its release sequence.
                    let index = self.tail.index.fetch_add(0, Ordering::Release);
                    drained.waiting = Some(Ticket { before, index });
                    continue;
                };
                if head < ticket.index {
                    return;
                }
                let before = ticket.before;
                drained.waiting = None;
                self.reuse(drained, before);
            }
        }
    }

    /// Recycles or frees the blocks that start before `before`.
    ///
    /// # Safety
    ///
    /// Nobody but the consumer can reach those.
    unsafe fn reuse(&self, drained: &mut Drained<T, B>, before: usize) {
        // SAFETY: `drained.last` is in the list: if it starts before `before` it
        // moves on first, because the list goes on until there.
        unsafe {
            loop {
                let newer = next(drained.last);
                if newer.is_null() {
                    break;
                }
                drained.last = newer;
            }
            while position(drained.oldest).start < before {
                let block = drained.oldest;
                drained.oldest = next(block);
                let enough = self.reserved() + SPARE * B;
                if (*block).slots.with(|slots| (*slots).is_null())
                    || position(drained.last).start >= enough
                {
                    drop(Box::from_raw(block));
                } else {
                    recycle(drained, block);
                }
            }
        }
    }

    /// Frees the list.
    ///
    /// # Safety
    ///
    /// Nobody uses it any more, and it holds no values.
    pub(crate) unsafe fn free(&mut self, drained: &Drained<T, B>) {
        #[cfg(test)]
        for &block in drained.freed_at_once.iter().flatten() {
            // SAFETY: the caller's promise; these have left the list.
            drop(unsafe { Box::from_raw(block) });
        }
        let mut block = drained.oldest;
        while !block.is_null() {
            // SAFETY: the caller's promise; each block came from `Box::into_raw`.
            unsafe {
                let newer = next(block);
                drop(Box::from_raw(block));
                block = newer;
            }
        }
    }
}

/// Appends a drained block to the list, for the producers to find.
///
/// # Safety
///
/// Nobody but the consumer can reach `block`, and it is not `drained.last`.
unsafe fn recycle<T, const B: usize>(drained: &mut Drained<T, B>, block: *mut Block<T, B>) {
    // SAFETY: `block` is the consumer's until the compare-exchange succeeds; blocks
    // from `drained.last` on are in the list.
    unsafe {
        for index in 0..B {
            // Relaxed (here and below): published by the compare-exchange.
            slot(block, index).state.store(EMPTY, Ordering::Relaxed);
        }
        (*block).next.store(ptr::null_mut(), Ordering::Relaxed);
        loop {
            let prev = drained.last;
            let start = position(prev).start + B;
            (*block)
                .position
                .with_mut(|position| position.write(Position { start, prev }));
            drained.last = match link(prev, block) {
                Ok(()) => block,
                Err(newer) => newer,
            };
            if drained.last == block {
                return;
            }
        }
    }
}

impl<T, const B: usize> Drained<T, B> {
    /// The first block of the list.
    pub(crate) fn first(&self) -> *mut Block<T, B> {
        self.oldest
    }
}

#[cfg(test)]
impl<T, const B: usize> Seat<T, B> {
    pub(crate) fn from(&self) -> *mut Block<T, B> {
        self.from
    }
}

impl<T, const B: usize> Block<T, B> {
    fn boxed(start: usize, prev: *mut Self) -> *mut Self {
        let slots = Box::new(std::array::from_fn(|_| Slot {
            state: AtomicU8::new(EMPTY),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }));
        Box::into_raw(Box::new(Self {
            position: UnsafeCell::new(Position { start, prev }),
            next: AtomicPtr::new(ptr::null_mut()),
            slots: UnsafeCell::new(Box::into_raw(slots)),
        }))
    }
}

impl<T, const B: usize> Drop for Block<T, B> {
    fn drop(&mut self) {
        self.slots.with_mut(|slots| {
            // SAFETY: the block is owned, and so are its slots, unless they are
            // freed already.
            unsafe { free_slots(slots) }
        });
    }
}

/// # Safety
///
/// `slots` is that of a block, and nobody else uses it.
unsafe fn free_slots<T, const B: usize>(slots: *mut *mut [Slot<T>; B]) {
    // SAFETY: not null means that it came from `Box::into_raw` and is not freed.
    unsafe {
        let slots = slots.replace(ptr::null_mut());
        if !slots.is_null() {
            drop(Box::from_raw(slots));
        }
    }
}

/// Frees the slots of a block and leaves the block for producers to walk over.
///
/// # Safety
///
/// The caller is the consumer and has popped every item of the block.
pub(crate) unsafe fn fold<T, const B: usize>(block: *mut Block<T, B>) {
    // SAFETY: the pushes of all its indices have completed, and nobody else looks at
    // the slots of a block.
    unsafe { (*block).slots.with_mut(|slots| free_slots(slots)) }
}

/// # Safety
///
/// The block is not reclaimed meanwhile (so for all functions below).
unsafe fn position<T, const B: usize>(block: *mut Block<T, B>) -> Position<T, B> {
    // SAFETY: written before the block was published.
    unsafe { (*block).position.with(|position| position.read()) }
}

/// The index of the block's first slot.
///
/// # Safety
///
/// As for [`position`].
pub(crate) unsafe fn start<T, const B: usize>(block: *mut Block<T, B>) -> usize {
    // SAFETY: the caller's promise.
    unsafe { position(block).start }
}

/// The slot of an index that is the block's.
///
/// # Safety
///
/// As for [`position`]; and the slots are not freed.
pub(crate) unsafe fn slot<'b, T, const B: usize>(
    block: *mut Block<T, B>,
    index: usize,
) -> &'b Slot<T> {
    // SAFETY: the caller's promise. A slot is shared: it consists of cells.
    unsafe { (*block).slots.with(|slots| &(&(**slots))[index % B]) }
}

/// The next newer block, or null.
///
/// # Safety
///
/// As for [`position`].
pub(crate) unsafe fn next<T, const B: usize>(block: *mut Block<T, B>) -> *mut Block<T, B> {
    // Acquire pairs with the release in `link`: the block is written.
    // SAFETY: the caller's promise.
    unsafe { (*block).next.load(Ordering::Acquire) }
}

/// # Safety
///
/// As for [`position`].
unsafe fn next_or_new<T, const B: usize>(block: *mut Block<T, B>) -> *mut Block<T, B> {
    // SAFETY: the caller's promise. If another block was linked first, ours has never
    // been seen by anyone.
    unsafe {
        let found = next(block);
        if !found.is_null() {
            return found;
        }
        let new = Block::boxed(position(block).start + B, block);
        match link(block, new) {
            Ok(()) => new,
            Err(found) => {
                drop(Box::from_raw(new));
                found
            }
        }
    }
}

/// Links `new` behind `block`, unless another is linked already: then that one.
///
/// # Safety
///
/// As for [`position`]; and `new` is the caller's.
unsafe fn link<T, const B: usize>(
    block: *mut Block<T, B>,
    new: *mut Block<T, B>,
) -> Result<(), *mut Block<T, B>> {
    // Release pairs with the acquire in `next`; acquire on failure pairs with the
    // release here. SAFETY: the caller's promise.
    let link = unsafe { &(*block).next };
    link.compare_exchange(ptr::null_mut(), new, Ordering::Release, Ordering::Acquire)
        .map(drop)
}

impl<T> Slot<T> {
    /// Whether the slot is set. What the push did before happens before.
    pub(crate) fn is_set(&self) -> bool {
        // Acquire pairs with the release in `fill`.
        self.state.load(Ordering::Acquire) == SET
    }

    /// Takes the value out.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, has found the slot set, and takes it once.
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: the push wrote it and has done with it; nobody takes it again.
        self.value
            .with_mut(|value| unsafe { value.read().assume_init() })
    }
}
