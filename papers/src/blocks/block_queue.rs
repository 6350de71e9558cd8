//! A queue over the list of blocks. Only the pop differs between the algorithms.

use std::fmt;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use super::list::{BlockList, Reserve};
use super::reclaim::DrainedBlocks;
use crate::consumer_cell::{Consumer, ConsumerCell, PopWith};
use crate::queue::{Full, Mpsc};

/// A queue over a list of blocks with `B` slots, a power of two. `H`, the state of the
/// consumer, determines the order of the pops.
pub struct BlockQueue<T, H: BlockPop<T, B>, const B: usize> {
    list: BlockList<T, B>,
    head: CachePadded<ConsumerCell<H>>,
}

/// A consumer's state that pops from a list of blocks.
pub trait BlockPop<T, const B: usize>: Sized {
    /// The way in which the pushes of this queue take their index.
    type Reserve: Reserve;

    /// Creates the state for a new list.
    fn new(drained: DrainedBlocks<T, B>) -> Self;

    /// Pops an item.
    fn pop(&mut self, list: &BlockList<T, B>) -> Pop<T>;

    /// Returns the knowledge of the list.
    fn drained(&self) -> &DrainedBlocks<T, B>;
}

impl<T, H: BlockPop<T, B>, const B: usize> BlockQueue<T, H, B> {
    /// Creates an empty queue of one block.
    #[must_use]
    pub fn new() -> Self {
        let (list, first) = BlockList::new();
        let head = H::new(DrainedBlocks::new(first));
        Self {
            list,
            head: CachePadded::new(ConsumerCell::new(head)),
        }
    }
}

impl<T: Send, H: BlockPop<T, B> + Send, const B: usize> Mpsc for BlockQueue<T, H, B> {
    type Item = T;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        Self: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        self.list.fill(self.list.reserve::<H::Reserve>(), item);
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.head)
    }
}

impl<T, H: BlockPop<T, B>, const B: usize> PopWith for BlockQueue<T, H, B> {
    type Item = T;
    type State = H;

    #[inline]
    fn pop_with(&self, head: &mut H) -> Pop<T> {
        head.pop(&self.list)
    }
}

impl<T, H: BlockPop<T, B>, const B: usize> Default for BlockQueue<T, H, B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, H: BlockPop<T, B>, const B: usize> Drop for BlockQueue<T, H, B> {
    fn drop(&mut self) {
        let head = self.head.get_mut();
        // No push is in flight, so this ends when the queue is empty.
        while let Pop::Item(value) = head.pop(&self.list) {
            drop(value);
        }
        // SAFETY: `&mut self`, and all values are popped.
        unsafe { head.drained().free() };
    }
}

impl<T, H: BlockPop<T, B>, const B: usize> fmt::Debug for BlockQueue<T, H, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockQueue").finish_non_exhaustive()
    }
}

#[cfg(test)]
impl<T, H: BlockPop<T, B>, const B: usize> BlockQueue<T, H, B> {
    pub(crate) fn list(&self) -> &BlockList<T, B> {
        &self.list
    }

    pub(crate) fn with_head<R>(&self, access: impl FnOnce(&mut H) -> R) -> R {
        let mut guard = self.head.acquire().expect("no consumer exists");
        guard.with(access)
    }

    pub(crate) fn pop(&self) -> Pop<T> {
        self.with_head(|head| head.pop(&self.list))
    }
}
