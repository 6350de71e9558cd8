//! Jiffy, with a safe reclamation.
//!
//! D. Adas and R. Friedman, *Jiffy: A Fast, Memory Efficient, Wait-Free
//! Multi-Producers Single-Consumer Queue*, arXiv 2010.14189, 2020.
//!
//! A push reserves an index by a fetch-and-add, as in [`segmented`](crate::segmented).
//! The pop does not wait for a late push, but takes the first slot that *is* set. During
//! the scan an earlier push may have completed before the push that was found began. So
//! the consumer scans the earlier slots again, until it finds no earlier item.
//!
//! ```text
//! index    4     5     6     7     8
//!        [ · ] [ X ] [ · ] [ S ] [ S ]      · reserved, not set   S set   X popped
//!          │                 └ 2. the first that is set: a candidate
//!          └ 1. not set           3. scan 4 and 6 again; then take 7
//! ```
//!
//! | | |
//! |---|---|
//! | push | as in `segmented` |
//! | pop | no read-modify-write, except for reclamation. Each scan ends earlier than the one before, so the pop ends: O(unset slots²) in the worst case |
//! | order | FIFO, but a push that overlaps others may count as later than its index: it takes effect, at the latest, when it sets its slot |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed. Pushes in flight may be in the queue |
//! | [`Stalled`](Pop::Stalled) | never |
//! | memory | one slot per item, rounded up to blocks. A drained block frees its slots at once, and keeps 32 bytes until it is reclaimed. The consumer's list of blocks has 24 bytes for each block of the longest backlog |
//! | a frozen producer | delays no other item; each pop scans its slot again. Blocks are not reclaimed until it has set its slot |
//!
//! # The defect of the published code
//!
//! It deletes a block as soon as the consumer has left it, although a push may walk from
//! that block (test `late_push_walks_from_block_freed_by_published_rule`). The grace
//! period of `blocks` is the remedy. Folding, the paper's removal of drained blocks from
//! the middle, has the same defect. Here such a block frees its slots, which no push
//! accesses, and stays in the list.
//!
//! # What remains of "wait-free"
//!
//! No other thread can prolong a push forever. Once the push has read the tail, the
//! number of blocks that it walks is fixed, and its compare-exchange on the tail repeats
//! only when the tail has moved towards its block. But that number has no bound in
//! advance, and the allocator has none either. So the push is wait-free, not *bounded*
//! wait-free, if fetch-and-add is one instruction and allocation is wait-free. The pop is
//! finite as well, except that recycling, which is not the paper's, can retry while
//! producers append blocks, which makes it lock-free. Memory has no bound: headers
//! accumulate while one push is frozen.

use std::collections::VecDeque;

use mpsc_queue::Pop;

use crate::blocks::{
    Block, BlockList, BlockPop, BlockQueue, DrainedBlocks, FetchAdd, HANDLED, Slot,
};
use crate::sync::Ordering;

/// A queue with `B` slots per block, a power of two. See the [module](self).
pub type Jiffy<T, const B: usize = 128> = BlockQueue<T, Head<T, B>, B>;

/// The state of the consumer of a [`Jiffy`].
pub struct Head<T, const B: usize> {
    /// The first slot of the first live block that is not popped. Every push of an
    /// earlier index has completed.
    offset: usize,
    /// The blocks that the consumer has reached and not drained, and always the newest
    /// block that it has reached. Never empty.
    live: VecDeque<Live<T, B>>,
    drained: DrainedBlocks<T, B>,
}

struct Live<T, const B: usize> {
    block: *mut Block<T, B>,
    start: usize,
    /// The number of popped items.
    handled: usize,
}

/// A slot of a live block.
#[derive(Clone, Copy)]
struct Spot {
    /// The position of the block in `Head::live`.
    live: usize,
    /// The position of the slot in the block.
    offset: usize,
}

// SAFETY: the state owns no values; it gives access to those of the queue, which are
// `Send`. One thread at a time has the state.
unsafe impl<T: Send, const B: usize> Send for Head<T, B> {}

impl<T, const B: usize> BlockPop<T, B> for Head<T, B> {
    type Reserve = FetchAdd;

    fn new(drained: DrainedBlocks<T, B>) -> Self {
        Self {
            offset: 0,
            live: VecDeque::from([Live::new(drained.oldest(), 0)]),
            drained,
        }
    }

    fn pop(&mut self, list: &BlockList<T, B>) -> Pop<T> {
        let first = Spot {
            live: 0,
            offset: self.offset,
        };
        if first.offset < B && self.live[0].slot(first.offset).is_set() {
            return Pop::Item(self.take(first, list)); // no item is earlier
        }
        let end = list.reserved();
        self.reach(end, list);
        let Some(mut found) = self.first_set_before(end) else {
            self.reclaim(list);
            return Pop::Empty;
        };
        // If an earlier push completed before the push of `found` began, its slot is
        // visible now, because `found` was read with acquire.
        while let Some(earlier) = self.first_set_before(self.index(found)) {
            found = earlier;
        }
        Pop::Item(self.take(found, list))
    }

    fn drained(&self) -> &DrainedBlocks<T, B> {
        &self.drained
    }
}

impl<T, const B: usize> Head<T, B> {
    /// Makes live every linked block that has an index below `end`.
    fn reach(&mut self, end: usize, list: &BlockList<T, B>) {
        loop {
            let newest = self.live.len() - 1;
            let Live {
                block,
                start,
                handled,
            } = self.live[newest];
            if start + B >= end {
                return;
            }
            // SAFETY: a live block is not reclaimed.
            let next = unsafe { (*block).next() };
            if next.is_null() {
                return;
            }
            self.live.push_back(Live::new(next, start + B));
            if handled == B {
                self.leave(newest, list);
            }
        }
    }

    /// Returns the first slot in the live blocks that is set and has an index below
    /// `end`.
    fn first_set_before(&self, end: usize) -> Option<Spot> {
        let mut first = self.offset;
        for (number, live) in self.live.iter().enumerate() {
            for offset in first..B.min(end.saturating_sub(live.start)) {
                if live.slot(offset).is_set() {
                    return Some(Spot {
                        live: number,
                        offset,
                    });
                }
            }
            if live.start + B >= end {
                return None;
            }
            first = 0;
        }
        None
    }

    fn index(&self, spot: Spot) -> usize {
        self.live[spot.live].start + spot.offset
    }

    /// Takes the value out of a set slot.
    fn take(&mut self, spot: Spot, list: &BlockList<T, B>) -> T {
        let live = &mut self.live[spot.live];
        live.handled += 1;
        let is_drained = live.handled == B;
        let slot = live.slot(spot.offset);
        // SAFETY: this is the consumer. The slot is set now, and never again.
        let value = unsafe { slot.take() };
        // Relaxed: only the consumer reads the state until the block is recycled.
        slot.state.store(HANDLED, Ordering::Relaxed);
        if is_drained && spot.live + 1 < self.live.len() {
            self.leave(spot.live, list);
        } else {
            self.skip_handled();
        }
        value
    }

    /// Leaves a drained block.
    fn leave(&mut self, number: usize, list: &BlockList<T, B>) {
        let left = self.live.remove(number).expect("the block is live");
        if number == 0 {
            self.offset = 0;
            self.skip_handled();
            self.reclaim(list);
        } else {
            // SAFETY: this is the consumer, and it does not access `left` again. The
            // block is not reclaimed yet, because the first live block is older.
            unsafe { (*left.block).free_slots() };
        }
    }

    fn skip_handled(&mut self) {
        let first = &self.live[0];
        // Relaxed: the consumer wrote this state.
        while self.offset < B && first.slot(self.offset).state.load(Ordering::Relaxed) == HANDLED {
            self.offset += 1;
        }
    }

    fn reclaim(&mut self, list: &BlockList<T, B>) {
        let first = &self.live[0];
        // SAFETY: this is the consumer. It has popped all items below `head`, so those
        // pushes have completed, and it accesses no block older than the first live one.
        unsafe {
            self.drained
                .reclaim(list, first.block, first.start + self.offset)
        }
    }
}

impl<T, const B: usize> Live<T, B> {
    fn new(block: *mut Block<T, B>, start: usize) -> Self {
        Self {
            block,
            start,
            handled: 0,
        }
    }

    fn slot(&self, offset: usize) -> &Slot<T> {
        // SAFETY: a live block is not reclaimed, and its slots are not freed.
        unsafe { (*self.block).slot(offset) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use mpsc_queue::Pop;

    use super::*;
    use crate::Mpsc;

    fn oldest(queue: &Jiffy<u32, 2>) -> *mut Block<u32, 2> {
        queue.with_head(|head| head.drained.oldest())
    }

    /// Makes four pushes into blocks of two. The push of index 2 has read the tail, which
    /// leads to the first block, and stops there. The others complete, and the consumer
    /// drains the first block. After `drained` the late push completes.
    fn late_push(queue: &Jiffy<u32, 2>, drained: impl FnOnce()) {
        let first = oldest(queue);
        queue.push(0).unwrap();
        queue.push(1).unwrap();
        let late = queue.list().reserve::<FetchAdd>();
        assert!(late.starts_at(first));
        queue.push(3).unwrap();
        for expected in [0, 1, 3] {
            assert_eq!(queue.pop(), Pop::Item(expected));
        }
        assert_eq!(queue.pop(), Pop::Empty);
        drained();
        queue.list().fill(late, 2); // walks from the first block
        assert_eq!(queue.pop(), Pop::Item(2));
    }

    /// The use-after-free of the published code, without committing it: the block is
    /// recorded instead of freed.
    #[test]
    fn late_push_walks_from_block_freed_by_published_rule() {
        let queue = Jiffy::new();
        let first = oldest(&queue);
        queue.with_head(|head| head.drained.freed_when_drained = Some(Vec::new()));
        late_push(&queue, || {
            let freed = queue.with_head(|head| head.drained.freed_when_drained.clone());
            assert_eq!(freed, Some(vec![first]));
        });
    }

    #[test]
    fn late_push_keeps_drained_block() {
        let queue = Jiffy::new();
        let first = oldest(&queue);
        late_push(&queue, || assert_eq!(oldest(&queue), first));
        // The late push has completed, so the block returns to the producers.
        assert_eq!(queue.pop(), Pop::Empty);
        queue.push(4).unwrap();
        assert_eq!(queue.pop(), Pop::Item(4));
        assert_ne!(oldest(&queue), first);
    }

    #[test]
    fn blocks_behind_frozen_push_free_slots() {
        let queue = Jiffy::<u32, 2>::new();
        let frozen = queue.list().reserve::<FetchAdd>();
        for number in 1..100 {
            queue.push(number).unwrap();
            assert_eq!(queue.pop(), Pop::Item(number));
        }
        // The block of the frozen push, and the newest block.
        queue.with_head(|head| assert_eq!(head.live.len(), 2));
        queue.list().fill(frozen, 0);
        assert_eq!(queue.pop(), Pop::Item(0));
        assert_eq!(queue.pop(), Pop::Empty);
    }

    #[test]
    fn first_set_slot_is_popped() {
        let queue = Jiffy::<u32, 2>::new();
        let (a, b) = (
            queue.list().reserve::<FetchAdd>(),
            queue.list().reserve::<FetchAdd>(),
        );
        queue.push(2).unwrap();
        queue.list().fill(b, 1);
        assert_eq!(queue.pop(), Pop::Item(1));
        assert_eq!(queue.pop(), Pop::Item(2));
        assert_eq!(queue.pop(), Pop::Empty, "the only push is in flight");
        queue.list().fill(a, 0);
        assert_eq!(queue.pop(), Pop::Item(0));
    }
}
