//! Fetch-and-add into linked blocks, strictly first in, first out.
//!
//! A single-consumer relative of LCRQ (Morrison and Afek, PPoPP 2013), Yang and
//! Mellor-Crummey's queue (PPoPP 2016) and FAAArrayQueue (Ramalhete and Correia, 2016).
//! In those queues a pop may invalidate the slot of a late push, so both sides
//! compare-exchange in the slot. Here the consumer returns [`Stalled`](Pop::Stalled)
//! instead, and a slot needs no read-modify-write.
//!
//! ```text
//! push:  index = fetch_add(tail)  ──►  its block, its slot: write, then SET
//! pop:   slot of head:  SET ──► take, head += 1
//!                       not ──► head == tail: Empty, else Stalled
//! ```
//!
//! | | |
//! |---|---|
//! | push | one read-modify-write, and one or two more when it reaches a new block (link, tail). Wait-free if the allocator and the fetch-and-add are, but not bounded: it walks as many blocks as were reserved between its first two steps. [`SegmentedWithBackoff`] takes the index by a compare-exchange and backs off when that fails: lock-free |
//! | pop | no read-modify-write, except two per block (grace period, recycling). Lock-free: recycling retries if producers append blocks at the same time |
//! | order | FIFO in the order of the fetch-and-adds |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](Pop::Stalled) | the oldest index is reserved, and its slot was not set when last read |
//! | memory | one slot (a value, a byte, padding) per item, rounded up to blocks, and at most 17 spare blocks. No allocation while the backlog varies by less than that |
//! | a frozen producer | delays every later item, but no other push. Drained blocks are not reused until it has set its slot |
//!
//! The documentation of `blocks` argues when a block may be reused.
//!
//! # When the consumer catches up
//!
//! The consumer then reads the slots that the producers are about to write, and `tail`. Each of
//! these reads takes a cache line away from a producer, which slows the producers down so that the
//! consumer does not fall behind again. Therefore a pop that finds no item pauses briefly, about
//! 100 ns on the machine of the measurements, before it looks at `tail`.

use std::hint::spin_loop;
use std::marker::PhantomData;

use mpsc_queue::{Pop, Stall};

use crate::blocks::{
    Block, BlockList, BlockPop, BlockQueue, DrainedBlocks, FetchAdd, Reserve, Retry,
};

/// A queue with `B` slots per block, a power of two. See the [module](self).
pub type Segmented<T, const B: usize = 128> = BlockQueue<T, Head<T, FetchAdd, B>, B>;

/// A [`Segmented`] whose producers back off from each other.
pub type SegmentedWithBackoff<T, const B: usize = 128> = BlockQueue<T, Head<T, Retry, B>, B>;

/// The number of pauses of a pop that finds no item.
const PAUSES: u32 = 4;

/// The state of the consumer of a [`Segmented`].
pub struct Head<T, R, const B: usize> {
    /// The index of the next pop.
    index: usize,
    /// The block of the last pop, which the next pop leaves if it is drained.
    block: *mut Block<T, B>,
    drained: DrainedBlocks<T, B>,
    reserve: PhantomData<fn() -> R>,
}

// SAFETY: the state owns no values; it gives access to those of the queue, which are
// `Send`. One thread at a time has the state.
unsafe impl<T: Send, R, const B: usize> Send for Head<T, R, B> {}

impl<T, R: Reserve, const B: usize> BlockPop<T, B> for Head<T, R, B> {
    type Reserve = R;

    fn new(drained: DrainedBlocks<T, B>) -> Self {
        Self {
            index: 0,
            block: drained.oldest(),
            drained,
            reserve: PhantomData,
        }
    }

    fn pop(&mut self, list: &BlockList<T, B>) -> Pop<T> {
        let mut taken = self.take(list);
        if taken.is_none() {
            for _ in 0..PAUSES {
                spin_loop();
            }
            if list.reserved() == self.index {
                self.reclaim(list);
                return Pop::Empty;
            }
            // A push was in flight between the two loads, or still is.
            taken = self.take(list);
        }
        taken.map_or(Pop::Stalled(Stall), Pop::Item)
    }

    fn drained(&self) -> &DrainedBlocks<T, B> {
        &self.drained
    }
}

impl<T, R, const B: usize> Head<T, R, B> {
    /// Takes the item of `index`, if its slot is set.
    fn take(&mut self, list: &BlockList<T, B>) -> Option<T> {
        // SAFETY: neither the consumer's block nor a newer block is reclaimed, and this
        // queue frees no slots. The slot is set, and its index is not used again.
        unsafe {
            if self.index == (*self.block).start() + B {
                let next = (*self.block).next();
                if next.is_null() {
                    return None;
                }
                self.block = next;
                self.reclaim(list);
            }
            let slot = (*self.block).slot(self.index);
            if !slot.is_set() {
                return None;
            }
            self.index += 1;
            Some(slot.take())
        }
    }

    fn reclaim(&mut self, list: &BlockList<T, B>) {
        // SAFETY: this is the consumer. It has found every slot below `index` set, and
        // accesses no block older than its own.
        unsafe { self.drained.reclaim(list, self.block, self.index) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use mpsc_queue::{Pop, Stall};

    use super::*;
    use crate::Mpsc;

    #[test]
    fn reserved_slot_stalls_later_items() {
        let queue = Segmented::<u32, 2>::new();
        let late = queue.list().reserve::<FetchAdd>();
        assert_eq!(queue.pop(), Pop::Stalled(Stall));
        queue.push(1).unwrap();
        assert_eq!(queue.pop(), Pop::Stalled(Stall));
        queue.list().fill(late, 0);
        assert_eq!(queue.pop(), Pop::Item(0));
        assert_eq!(queue.pop(), Pop::Item(1));
        assert_eq!(queue.pop(), Pop::Empty);
    }

    /// As in `jiffy`: a push with a later index keeps the block from which it walks.
    #[test]
    fn late_push_keeps_drained_block() {
        let queue = Segmented::<u32, 2>::new();
        let oldest = || queue.with_head(|head| head.drained.oldest());
        let first = oldest();
        queue.push(0).unwrap();
        queue.push(1).unwrap();
        let late = queue.list().reserve::<FetchAdd>();
        assert!(late.starts_at(first));
        queue.push(3).unwrap();
        assert_eq!(queue.pop(), Pop::Item(0));
        assert_eq!(queue.pop(), Pop::Item(1));
        assert_eq!(queue.pop(), Pop::Stalled(Stall));
        assert_eq!(oldest(), first);
        queue.list().fill(late, 2);
        assert_eq!(queue.pop(), Pop::Item(2));
        assert_eq!(queue.pop(), Pop::Item(3));
        assert_eq!(queue.pop(), Pop::Empty);
        assert_ne!(oldest(), first);
    }
}
