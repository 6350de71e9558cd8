//! A bounded iterator over the items in a queue.

use core::fmt;

use crate::form::{Form, RawPop};
use crate::item::{Handle, link_to_handle};
use crate::queue::Queue;

/// An iterator that removes items from a queue. Made by
/// [`Consumer::drain`](crate::Consumer::drain).
///
/// Dropping the iterator leaves the rest of the items in the queue.
#[must_use = "iterators are lazy and remove nothing unless consumed"]
pub struct Drain<'a, H: Handle, F: Form> {
    queue: &'a Queue<H, F>,
    /// Address of the newest link when the drain started. Iteration ends after this link.
    /// Queued links have distinct addresses, so the comparison is exact.
    newest: Option<usize>,
    left: usize,
    stalled: bool,
}

impl<'a, H: Handle, F: Form> Drain<'a, H, F> {
    /// # Safety
    ///
    /// The caller is the only consumer for as long as the result lives.
    pub(crate) unsafe fn new(queue: &'a Queue<H, F>, limit: usize) -> Self {
        // SAFETY: the caller is the only consumer.
        let newest = unsafe { queue.raw().newest_addr() };
        Self {
            queue,
            newest,
            left: if newest.is_some() { limit } else { 0 },
            stalled: false,
        }
    }

    /// Returns `true` if the last [`next`](Iterator::next) returned `None` because the
    /// queue was stalled. The iterator may then be used again.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.stalled
    }
}

impl<H: Handle, F: Form> Iterator for Drain<'_, H, F> {
    type Item = H;

    fn next(&mut self) -> Option<H> {
        self.stalled = false;
        if self.left == 0 {
            return None;
        }
        // SAFETY: by `new`, the caller is the only consumer.
        match unsafe { self.queue.pop() } {
            RawPop::Item(link) => {
                let is_newest = self.newest == Some(link.addr().get());
                self.left = if is_newest { 0 } else { self.left - 1 };
                // SAFETY: all links in the queue come from handles of type `H`, and this
                // one has just left.
                Some(unsafe { link_to_handle(link) })
            }
            RawPop::Stalled(_) => {
                self.stalled = true;
                None
            }
            // The newest link at the start was the end mark of a channel.
            RawPop::Closed => {
                self.left = 0;
                None
            }
            RawPop::Empty => unreachable!("the link that was newest at the start is queued"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<H: Handle, F: Form> fmt::Debug for Drain<'_, H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("left_at_most", &self.left)
            .field("is_stalled", &self.stalled)
            .finish_non_exhaustive()
    }
}
