//! The consumer's side of the list: reclaims drained blocks.

use super::block::Block;
use super::list::BlockList;
use crate::sync::free;

/// The maximum number of drained blocks that are kept for the producers, beyond the
/// block to which they push.
pub(crate) const MAX_SPARE: usize = 16;

/// The consumer's knowledge of the list.
pub struct DrainedBlocks<T, const B: usize> {
    /// The first block of the list.
    oldest: *mut Block<T, B>,
    /// The last block of the list when the consumer last looked.
    newest: *mut Block<T, B>,
    grace_period: Option<GracePeriod>,
    /// In a test of the published algorithm, which has no grace period: frees nothing,
    /// but records here which blocks that algorithm would have freed.
    #[cfg(test)]
    pub(crate) freed_when_drained: Option<Vec<*mut Block<T, B>>>,
}

/// Blocks that start before `before` may be reused once `head` reaches `end`.
struct GracePeriod {
    before: usize,
    end: usize,
}

impl<T, const B: usize> DrainedBlocks<T, B> {
    pub(super) fn new(first: *mut Block<T, B>) -> Self {
        Self {
            oldest: first,
            newest: first,
            grace_period: None,
            #[cfg(test)]
            freed_when_drained: None,
        }
    }

    /// Returns the first block of the list.
    pub(crate) fn oldest(&self) -> *mut Block<T, B> {
        self.oldest
    }

    /// Recycles or frees drained blocks that no push can access any more.
    ///
    /// Costs a few loads if there are none; otherwise one read-modify-write for the
    /// grace period, and one for each recycled block.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, and accesses no block older than `oldest_used`.
    /// Every push of an index below `head` has completed, and happens before.
    pub(crate) unsafe fn reclaim(
        &mut self,
        list: &BlockList<T, B>,
        oldest_used: *mut Block<T, B>,
        head: usize,
    ) {
        #[cfg(test)]
        if let Some(freed) = &mut self.freed_when_drained {
            while self.oldest != oldest_used {
                freed.push(self.oldest);
                // SAFETY: in this mode no block is reclaimed.
                self.oldest = unsafe { (*self.oldest).next() };
            }
            return;
        }
        while self.oldest != oldest_used {
            let Some(GracePeriod { before, end }) = self.grace_period else {
                // SAFETY: only this function reclaims, and it reclaims neither the block
                // to which `tail.block` leads nor a block that the consumer accesses.
                let (oldest, before) = unsafe {
                    let tail = (*list.tail_block()).start();
                    ((*self.oldest).start(), tail.min((*oldest_used).start()))
                };
                if oldest >= before {
                    return;
                }
                let end = list.start_grace_period();
                self.grace_period = Some(GracePeriod { before, end });
                continue;
            };
            if head < end {
                return;
            }
            self.grace_period = None;
            // SAFETY: the grace period has ended (see the module's documentation).
            unsafe { self.reuse(list, before) };
        }
    }

    /// Recycles or frees the blocks that start before `before`.
    ///
    /// # Safety
    ///
    /// Only the consumer can reach these blocks.
    unsafe fn reuse(&mut self, list: &BlockList<T, B>, before: usize) {
        // SAFETY: `newest` is in the list. It moves on before the loop below, because
        // the list continues to `before`, so it is none of the blocks that are reused.
        unsafe {
            loop {
                let newer = (*self.newest).next();
                if newer.is_null() {
                    break;
                }
                self.newest = newer;
            }
            while (*self.oldest).start() < before {
                let block = self.oldest;
                self.oldest = (*block).next();
                let enough = list.reserved() + MAX_SPARE * B;
                if (*block).has_no_slots() || (*self.newest).start() >= enough {
                    free(block);
                } else {
                    self.recycle(block);
                }
            }
        }
    }

    /// Appends a drained block to the list, where the producers find it.
    ///
    /// # Safety
    ///
    /// Only the consumer can reach `block`, which is not `newest`.
    unsafe fn recycle(&mut self, block: *mut Block<T, B>) {
        // SAFETY: `block` belongs to the consumer until `link` succeeds, and the blocks
        // from `newest` on are in the list.
        unsafe {
            (*block).reset();
            loop {
                (*block).set_prev(self.newest);
                match (*self.newest).link(block) {
                    Ok(()) => break self.newest = block,
                    Err(newer) => self.newest = newer,
                }
            }
        }
    }

    /// Frees the list.
    ///
    /// # Safety
    ///
    /// The list is not used any more, and holds no values.
    pub(super) unsafe fn free(&self) {
        #[cfg(test)]
        for &block in self.freed_when_drained.iter().flatten() {
            // SAFETY: the caller's guarantee. These blocks have left the list.
            unsafe { free(block) };
        }
        let mut block = self.oldest;
        while !block.is_null() {
            // SAFETY: the caller's guarantee. Each block is freed once.
            unsafe {
                let newer = (*block).next();
                free(block);
                block = newer;
            }
        }
    }
}
