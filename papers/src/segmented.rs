//! Fetch-and-add into linked blocks, strictly first in, first out.
//!
//! The single-consumer member of the family of LCRQ (Morrison and Afek, PPoPP 2013),
//! Yang and Mellor-Crummey's queue (PPoPP 2016) and FAAArrayQueue (Ramalhete and
//! Correia, 2016). Those let a pop spoil a slot whose push is late, so that both
//! sides compare-exchange in the slot. Here the consumer says
//! [`Stalled`](Pop::Stalled) instead, and a slot needs no read-modify-write at all.
//!
//! ```text
//! push:  index = fetch_add(tail)  ──►  its block, its slot: write, then SET
//! pop:   slot of head:  SET ──► take, head += 1
//!                       not ──► head == tail: Empty, else Stalled
//! ```
//!
//! | | |
//! |---|---|
//! | push | one read-modify-write, one more now and then to move the tail to the next block. Wait-free if the allocator and the fetch-and-add are: it walks as many blocks as were reserved between its two first steps, which is finite when it begins to walk, but not bounded by a constant |
//! | pop | no read-modify-write, but one per block for each of: ticket, recycling. Lock-free: recycling retries if producers append at the same moment |
//! | order | linearizable, FIFO in the order of the fetch-and-adds |
//! | [`Empty`](Pop::Empty) | exact: nothing was reserved at the moment `tail` was read |
//! | [`Stalled`](Pop::Stalled) | the oldest index is reserved and was not set when last looked at |
//! | memory | one slot (a value, a byte, its padding) per item, rounded up to whole blocks, and as many spare blocks as the backlog had, up to 17. No allocation while the backlog varies by less than that |
//! | a frozen producer | everything behind it waits for it; no other push does. Drained blocks wait, too, until it has set its slot |
//!
//! When blocks may be used again is argued in `blocks.rs`.

use std::fmt;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::blocks::{self, Block, Blocks, Drained};
use crate::family::{Consume, Full, Mpsc};
use crate::place::{Place, Taken};

/// The queue, with `B` slots to a block: a power of two. See the [module](self).
pub struct Segmented<T, const B: usize = 128> {
    blocks: Blocks<T, B>,
    consumer: CachePadded<Place<Head<T, B>>>,
}

/// The consumer's own.
struct Head<T, const B: usize> {
    /// The index of the next pop.
    index: usize,
    /// The block of the last pop, and mostly of the next.
    block: *mut Block<T, B>,
    drained: Drained<T, B>,
}

// SAFETY: to move the queue is to move the values in it.
unsafe impl<T: Send, const B: usize> Send for Segmented<T, B> {}
// SAFETY: through `&Segmented` values are moved in on one thread and out on another.
// `Blocks` and `Place` see to it that accesses do not overlap.
unsafe impl<T: Send, const B: usize> Sync for Segmented<T, B> {}

impl<T, const B: usize> Segmented<T, B> {
    /// An empty queue, of one block.
    #[must_use]
    pub fn new() -> Self {
        let (blocks, drained) = Blocks::new();
        let head = Head {
            index: 0,
            block: drained.first(),
            drained,
        };
        Self {
            blocks,
            consumer: CachePadded::new(Place::new(head)),
        }
    }
}

impl<T, const B: usize> Head<T, B> {
    fn pop(&mut self, blocks: &Blocks<T, B>) -> Pop<T> {
        let mut taken = self.take(blocks);
        if taken.is_none() {
            if blocks.reserved() == self.index {
                self.reclaim(blocks);
                return Pop::Empty;
            }
            // A push was under way between the two looks, or still is.
            taken = self.take(blocks);
        }
        taken.map_or(Pop::Stalled, Pop::Item)
    }

    /// Takes the item of `index` out, if it is there.
    fn take(&mut self, blocks: &Blocks<T, B>) -> Option<T> {
        // SAFETY: the consumer's block is not reclaimed, nor any newer one; its slots
        // are never freed here. The slot is set, and its index passed.
        unsafe {
            if self.index == blocks::start(self.block) + B {
                let next = blocks::next(self.block);
                if next.is_null() {
                    return None;
                }
                self.block = next;
                self.reclaim(blocks);
            }
            let slot = blocks::slot(self.block, self.index);
            if !slot.is_set() {
                return None;
            }
            self.index += 1;
            Some(slot.take())
        }
    }

    fn reclaim(&mut self, blocks: &Blocks<T, B>) {
        // SAFETY: this is the consumer. It found every slot below `index` set, and
        // touches no block older than its own.
        unsafe { blocks.reclaim(&mut self.drained, self.block, self.index) }
    }
}

impl<T: Send, const B: usize> Mpsc for Segmented<T, B> {
    type Item = T;
    type Consumer<'q>
        = Consumer<'q, T, B>
    where
        T: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        self.blocks.fill(self.blocks.reserve(), item);
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, T, B>, ConsumerTaken> {
        let head = self.consumer.take()?;
        Ok(Consumer { queue: self, head })
    }
}

impl<T, const B: usize> Default for Segmented<T, B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const B: usize> Drop for Segmented<T, B> {
    fn drop(&mut self) {
        let head = self.consumer.own_mut();
        // No push is under way, so this ends with `Empty`, not before.
        while let Pop::Item(value) = head.pop(&self.blocks) {
            drop(value);
        }
        // SAFETY: `&mut self`, and all values are out.
        unsafe { self.blocks.free(&head.drained) };
    }
}

impl<T, const B: usize> fmt::Debug for Segmented<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segmented").finish_non_exhaustive()
    }
}

/// The one consumer of a [`Segmented`].
#[derive(Debug)]
pub struct Consumer<'q, T, const B: usize> {
    queue: &'q Segmented<T, B>,
    head: Taken<'q, Head<T, B>>,
}

// SAFETY: the consumer is a reference to a queue that is `Sync`, and the place in
// it, which any thread may hold.
unsafe impl<T: Send, const B: usize> Send for Consumer<'_, T, B> {}

impl<T, const B: usize> Consume for Consumer<'_, T, B> {
    type Item = T;

    fn pop(&mut self) -> Pop<T> {
        let blocks = &self.queue.blocks;
        self.head.with(|head| head.pop(blocks))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn pop(queue: &Segmented<u32, 2>) -> Pop<u32> {
        queue.consumer().unwrap().pop()
    }

    /// Everything behind a push that has reserved waits for it; `Empty` is not said.
    #[test]
    fn a_reserved_slot_stalls() {
        let queue = Segmented::<u32, 2>::new();
        let late = queue.blocks.reserve();
        assert_eq!(pop(&queue), Pop::Stalled);
        queue.push(1).unwrap();
        assert_eq!(pop(&queue), Pop::Stalled);
        queue.blocks.fill(late, 0);
        assert_eq!(pop(&queue), Pop::Item(0));
        assert_eq!(pop(&queue), Pop::Item(1));
        assert_eq!(pop(&queue), Pop::Empty);
    }

    /// As in `jiffy`: a push with a later index keeps the block it stands on.
    #[test]
    fn a_late_push_stands_on_a_drained_block() {
        let queue = Segmented::<u32, 2>::new();
        let first = queue.consumer().unwrap().head.with(|head| head.block);
        queue.push(0).unwrap();
        queue.push(1).unwrap();
        let late = queue.blocks.reserve();
        assert_eq!(late.from(), first);
        queue.push(3).unwrap();
        assert_eq!(pop(&queue), Pop::Item(0));
        assert_eq!(pop(&queue), Pop::Item(1));
        assert_eq!(pop(&queue), Pop::Stalled);
        queue
            .consumer()
            .unwrap()
            .head
            .with(|head| assert_eq!(head.drained.first(), first));
        queue.blocks.fill(late, 2);
        assert_eq!(pop(&queue), Pop::Item(2));
        assert_eq!(pop(&queue), Pop::Item(3));
        assert_eq!(pop(&queue), Pop::Empty);
        queue
            .consumer()
            .unwrap()
            .head
            .with(|head| assert_ne!(head.drained.first(), first));
    }
}
