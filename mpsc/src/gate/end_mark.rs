//! The end mark of a channel's queue, and the flag that stops its senders.

use core::ptr::NonNull;

use super::Gate;
use crate::item::Link;
use crate::sync::{AtomicBool, Ordering, impl_initial};

/// A queue whose last producer pushes a mark.
pub struct EndMark {
    /// Pushed once, like the link of an item. It lies in the queue, which must not move from
    /// then on.
    mark: Link,
    /// On the line of the mark, which is written twice in the life of the queue.
    is_shut: AtomicBool,
}

impl_initial!(
    [] EndMark = EndMark {
        mark: Link::new(),
        is_shut: AtomicBool::new(false),
    }
);

impl EndMark {
    /// Returns the mark, to be pushed.
    pub(crate) fn mark(&self) -> NonNull<Link> {
        NonNull::from(&self.mark)
    }
}

impl Gate for EndMark {
    #[inline]
    fn is_mark(&self, link: NonNull<Link>) -> bool {
        link == self.mark()
    }

    #[inline]
    fn is_shut(&self) -> bool {
        // Acquire pairs with the release in `shut`: what the consumer did before it closed
        // the queue happens before the refusal.
        self.is_shut.load(Ordering::Acquire)
    }

    fn shut(&self) {
        // Release pairs with the acquire in `is_shut`.
        self.is_shut.store(true, Ordering::Release);
    }
}
