//! Jiffy, with a reclamation that is correct.
//!
//! D. Adas and R. Friedman, *Jiffy: A Fast, Memory Efficient, Wait-Free
//! Multi-Producers Single-Consumer Queue*, arXiv 2010.14189, 2020.
//!
//! A push reserves an index with a fetch-and-add, as in [`segmented`](crate::segmented).
//! The pop does not wait for a late push: it takes the first slot that *is* set, if
//! it makes sure of one thing. While it looked further, an earlier push may have
//! completed, and even have been followed by the one that it found. So it looks again
//! at the slots before, until it finds no earlier one.
//!
//! ```text
//! index    4     5     6     7     8
//!        [ · ] [ X ] [ · ] [ S ] [ S ]      · reserved, not set   S set   X popped
//!          │                 └ 2. the first that is set: a candidate
//!          └ 1. not set           3. look at 4 and 6 again; then take 7
//! ```
//!
//! | | |
//! |---|---|
//! | push | as `segmented`'s: one read-modify-write, and one per block |
//! | pop | no read-modify-write, but for reclaiming. Every look again has an earlier end, so it ends; O(unset slots²) at the worst |
//! | order | linearizable. FIFO, but a push that overlaps others may count as later than its index: it takes effect, at the latest, when it sets its slot |
//! | [`Empty`](Pop::Empty) | no push that had *completed* when the pop began is in the queue. Pushes in flight may be |
//! | [`Stalled`](Pop::Stalled) | never |
//! | memory | one slot per item, rounded up to blocks. Blocks of which all is popped give up their slots at once, and keep 32 bytes until they can be reclaimed. The consumer's list of blocks has 24 bytes for each block of the longest backlog |
//! | a frozen producer | delays nobody's items; each pop looks at its slot again. Blocks wait for it (their 32 bytes) |
//!
//! # What the published code gets wrong
//!
//! It deletes a block as soon as the consumer has left it. A producer with a *later*
//! index may have read the tail while it led to that block, and follows its `next`
//! after the deletion: the test `a_late_push_stands_on_a_drained_block` does it step
//! by step. The rule in `blocks.rs` is the remedy: the same test passes with it. What
//! the paper calls folding, the removal of drained blocks from the middle, has the same
//! difficulty. Here such a block gives up its slots, which nobody walks over, and
//! stays as a stepping stone.
//!
//! # What is left of "wait-free"
//!
//! A push has no loop that another thread could prolong for ever. After its
//! fetch-and-add it reads the tail; from then on the number of blocks it walks is
//! fixed. But that number is not bounded in advance, and neither is the allocator's
//! time. The compare-exchange on the tail is repeated only when the tail has moved
//! towards this push's block. So: wait-free, not *bounded* wait-free, on machines with
//! a fetch-and-add instruction, and if allocation is. The pop is finite, too: looks
//! again are bounded by the unset slots. (Recycling, which is ours and not the
//! paper's, can retry while producers append blocks: lock-free.) What does not survive
//! is a bound on memory with it: as long as one push is frozen, headers accumulate.

use std::collections::VecDeque;
use std::fmt;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::blocks::{self, Block, Blocks, Drained, HANDLED, Slot};
use crate::family::{Consume, Full, Mpsc};
use crate::place::{Place, Taken};
use crate::sync::Ordering;

/// The queue, with `B` slots to a block: a power of two. See the [module](self).
pub struct Jiffy<T, const B: usize = 128> {
    blocks: Blocks<T, B>,
    consumer: CachePadded<Place<Head<T, B>>>,
}

/// The consumer's own.
struct Head<T, const B: usize> {
    /// The first slot of the first live block that is not popped. So every push of an
    /// earlier index has completed.
    offset: usize,
    /// The blocks that the consumer has reached and not popped all of; the newest of
    /// them even if it has. Never empty.
    live: VecDeque<Live<T, B>>,
    drained: Drained<T, B>,
}

struct Live<T, const B: usize> {
    block: *mut Block<T, B>,
    start: usize,
    /// How many of its items are popped.
    handled: usize,
}

/// A slot: which of the live blocks, and where in it.
#[derive(Clone, Copy)]
struct Spot {
    live: usize,
    offset: usize,
}

// SAFETY: to move the queue is to move the values in it.
unsafe impl<T: Send, const B: usize> Send for Jiffy<T, B> {}
// SAFETY: through `&Jiffy` values are moved in on one thread and out on another.
// `Blocks` and `Place` see to it that accesses do not overlap.
unsafe impl<T: Send, const B: usize> Sync for Jiffy<T, B> {}

impl<T, const B: usize> Jiffy<T, B> {
    /// An empty queue, of one block.
    #[must_use]
    pub fn new() -> Self {
        let (blocks, drained) = Blocks::new();
        let first = Live {
            block: drained.first(),
            start: 0,
            handled: 0,
        };
        let head = Head {
            offset: 0,
            live: VecDeque::from([first]),
            drained,
        };
        Self {
            blocks,
            consumer: CachePadded::new(Place::new(head)),
        }
    }
}

impl<T, const B: usize> Live<T, B> {
    fn slot(&self, offset: usize) -> &Slot<T> {
        // SAFETY: a live block is not reclaimed, and its slots are not freed.
        unsafe { blocks::slot(self.block, offset) }
    }
}

impl<T, const B: usize> Head<T, B> {
    fn pop(&mut self, blocks: &Blocks<T, B>) -> Pop<T> {
        let first = Spot {
            live: 0,
            offset: self.offset,
        };
        if first.offset < B && self.live[0].slot(first.offset).is_set() {
            return Pop::Item(self.take(first, blocks)); // none can be earlier
        }
        let end = blocks.reserved();
        self.reach(end, blocks);
        let Some(mut found) = self.first_set_before(end) else {
            self.reclaim(blocks);
            return Pop::Empty;
        };
        // A push that completed before the one found began is visible by now: the
        // acquire that found the one made it so.
        while let Some(earlier) = self.first_set_before(self.index(found)) {
            found = earlier;
        }
        Pop::Item(self.take(found, blocks))
    }

    /// Makes live every block, as far as linked, that has an index below `end`.
    fn reach(&mut self, end: usize, blocks: &Blocks<T, B>) {
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
            let next = unsafe { blocks::next(block) };
            if next.is_null() {
                return;
            }
            self.live.push_back(Live {
                block: next,
                start: start + B,
                handled: 0,
            });
            if handled == B {
                self.leave(newest, blocks);
            }
        }
    }

    /// The first set slot with an index below `end`, in the live blocks.
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

    /// Takes the value out of a slot that is set.
    fn take(&mut self, spot: Spot, blocks: &Blocks<T, B>) -> T {
        let live = &mut self.live[spot.live];
        live.handled += 1;
        let full = live.handled == B;
        let slot = live.slot(spot.offset);
        // SAFETY: this is the consumer; the slot is set, and not from here on.
        let value = unsafe { slot.take() };
        // Relaxed: only the consumer reads it, until the block is recycled.
        slot.state.store(HANDLED, Ordering::Relaxed);
        if full && spot.live + 1 < self.live.len() {
            self.leave(spot.live, blocks);
        } else {
            self.skip_handled();
        }
        value
    }

    /// Leaves a block of which every item is popped.
    fn leave(&mut self, number: usize, blocks: &Blocks<T, B>) {
        let Some(left) = self.live.remove(number) else {
            unreachable!("it is one of the live blocks");
        };
        if number == 0 {
            self.offset = 0;
            self.skip_handled();
            self.reclaim(blocks);
        } else {
            // SAFETY: this is the consumer, and `left` is forgotten. It is not
            // reclaimed yet: the first live block is older.
            unsafe { blocks::fold(left.block) };
        }
    }

    fn skip_handled(&mut self) {
        let first = &self.live[0];
        // Relaxed: the consumer wrote it.
        while self.offset < B && first.slot(self.offset).state.load(Ordering::Relaxed) == HANDLED {
            self.offset += 1;
        }
    }

    fn reclaim(&mut self, blocks: &Blocks<T, B>) {
        let first = &self.live[0];
        // SAFETY: this is the consumer. It has popped all below `head`, so those
        // pushes have completed; it touches no block older than the first live one.
        unsafe { blocks.reclaim(&mut self.drained, first.block, first.start + self.offset) }
    }
}

impl<T: Send, const B: usize> Mpsc for Jiffy<T, B> {
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

impl<T, const B: usize> Default for Jiffy<T, B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const B: usize> Drop for Jiffy<T, B> {
    fn drop(&mut self) {
        let head = self.consumer.own_mut();
        while let Pop::Item(value) = head.pop(&self.blocks) {
            drop(value);
        }
        // SAFETY: `&mut self`; no push is under way, so all values are out.
        unsafe { self.blocks.free(&head.drained) };
    }
}

impl<T, const B: usize> fmt::Debug for Jiffy<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jiffy").finish_non_exhaustive()
    }
}

/// The one consumer of a [`Jiffy`].
#[derive(Debug)]
pub struct Consumer<'q, T, const B: usize> {
    queue: &'q Jiffy<T, B>,
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

    fn pop(queue: &Jiffy<u32, 2>) -> Pop<u32> {
        queue.consumer().unwrap().pop()
    }

    /// Four pushes into blocks of two. The third (index 2) has read the tail, which
    /// leads to the first block, and goes no further; the others complete; the
    /// consumer drains the first block. Returns that block, and finishes the push.
    fn late_push(queue: &Jiffy<u32, 2>, drained: impl FnOnce(&mut Drained<u32, 2>)) {
        let first = queue
            .consumer()
            .unwrap()
            .head
            .with(|head| head.live[0].block);
        queue.push(0).unwrap();
        queue.push(1).unwrap();
        let late = queue.blocks.reserve();
        assert_eq!(late.from(), first, "it stands on the first block");
        queue.push(3).unwrap();
        for expected in [0, 1, 3] {
            assert_eq!(
                pop(queue),
                Pop::Item(expected),
                "nobody waits for the late push"
            );
        }
        assert_eq!(pop(queue), Pop::Empty);
        queue
            .consumer()
            .unwrap()
            .head
            .with(|head| drained(&mut head.drained));
        queue.blocks.fill(late, 2); // walks from the first block
        assert_eq!(pop(queue), Pop::Item(2));
    }

    /// The use-after-free of the published code, shown without committing it: its rule
    /// frees a block on which a push stands. (Here it is put aside.)
    #[test]
    fn a_late_push_stands_on_a_block_that_the_published_rule_frees() {
        let queue = Jiffy::new();
        let first = queue.consumer().unwrap().head.with(|head| {
            head.drained.freed_at_once = Some(Vec::new());
            head.live[0].block
        });
        late_push(&queue, |drained| {
            assert_eq!(drained.freed_at_once.as_deref(), Some(&[first][..]));
        });
    }

    /// The same with tickets: the block is kept until the push has completed.
    #[test]
    fn a_late_push_stands_on_a_drained_block() {
        let queue = Jiffy::new();
        let first = queue
            .consumer()
            .unwrap()
            .head
            .with(|head| head.live[0].block);
        late_push(&queue, |drained| assert_eq!(drained.first(), first));
        // Now that it has, the block goes back to the producers.
        assert_eq!(pop(&queue), Pop::Empty);
        queue.push(4).unwrap();
        assert_eq!(pop(&queue), Pop::Item(4));
        queue
            .consumer()
            .unwrap()
            .head
            .with(|head| assert_ne!(head.drained.first(), first));
    }

    /// A push that is late for ever: all else is delivered in order, drained blocks
    /// in the middle give up their slots, and all is reclaimed when it completes.
    #[test]
    fn blocks_behind_a_frozen_push_give_up_their_slots() {
        let queue = Jiffy::<u32, 2>::new();
        let frozen = queue.blocks.reserve();
        for number in 1..100 {
            queue.push(number).unwrap();
            assert_eq!(pop(&queue), Pop::Item(number));
        }
        queue.consumer().unwrap().head.with(|head| {
            assert_eq!(head.live.len(), 2, "the frozen push's, and the newest");
        });
        queue.blocks.fill(frozen, 0);
        assert_eq!(pop(&queue), Pop::Item(0));
        assert_eq!(pop(&queue), Pop::Empty);
    }

    /// A push that completes while the consumer looks further is taken first, and one
    /// that overlaps is no reason to wait.
    #[test]
    fn the_first_that_is_set_is_taken() {
        let queue = Jiffy::<u32, 2>::new();
        let (a, b) = (queue.blocks.reserve(), queue.blocks.reserve());
        queue.push(2).unwrap();
        queue.blocks.fill(b, 1);
        assert_eq!(pop(&queue), Pop::Item(1));
        assert_eq!(pop(&queue), Pop::Item(2));
        assert_eq!(pop(&queue), Pop::Empty, "only a push in flight");
        queue.blocks.fill(a, 0);
        assert_eq!(pop(&queue), Pop::Item(0));
    }
}
