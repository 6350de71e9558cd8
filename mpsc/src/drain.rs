//! A bounded sweep over what is in the queue.

use core::fmt;

use crate::handle::{Handle, check_out};
use crate::length::Length;
use crate::queue::Queue;
use crate::raw::RawPop;

/// An iterator that takes items out. See
/// [`Consumer::drain`](crate::Consumer::drain).
///
/// Dropping it leaves the rest in the queue. A `for` loop over it ends at a stall, too:
/// [`is_stalled`](Self::is_stalled) tells.
#[must_use = "it takes nothing out before it is asked to"]
pub struct Drain<'a, H: Handle, L: Length> {
    queue: &'a Queue<H, L>,
    /// The address of the newest link when the sweep began. No link before it in
    /// the queue has that address, so the sweep ends with this very item.
    newest: usize,
    left: usize,
    stalled: bool,
}

impl<'a, H: Handle, L: Length> Drain<'a, H, L> {
    /// # Safety
    ///
    /// The caller is the only consumer for as long as the result lives.
    pub(crate) unsafe fn new(queue: &'a Queue<H, L>, limit: usize) -> Self {
        let newest = queue.raw.newest();
        Self {
            queue,
            newest,
            left: if newest == 0 { 0 } else { limit },
            stalled: false,
        }
    }

    /// Whether the last [`next`](Iterator::next) returned `None` because of a
    /// stall: there is more, but a push is not finished. Then `next` may be
    /// called again.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.stalled
    }
}

impl<H: Handle, L: Length> Iterator for Drain<'_, H, L> {
    type Item = H;

    fn next(&mut self) -> Option<H> {
        self.stalled = false;
        if self.left == 0 {
            return None;
        }
        // SAFETY: by `new`, the caller is the only consumer.
        match unsafe { self.queue.pop_link() } {
            RawPop::Item(link) => {
                self.left = if link.addr().get() == self.newest {
                    0
                } else {
                    self.left - 1
                };
                // SAFETY: all links in the queue were checked in as `H`s, and
                // this one has just left.
                Some(unsafe { check_out(link) })
            }
            RawPop::Stalled => {
                self.stalled = true;
                None
            }
            RawPop::Empty => unreachable!("the newest item of the beginning is still to come"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<H: Handle, L: Length> fmt::Debug for Drain<'_, H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("left_at_most", &self.left)
            .field("is_stalled", &self.stalled)
            .finish_non_exhaustive()
    }
}
