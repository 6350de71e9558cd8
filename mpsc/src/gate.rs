//! The producers' end of a queue: a mark that the last of them pushes, and a flag that stops
//! them.

use core::ptr::NonNull;

use crate::item::Link;
#[cfg(feature = "alloc")]
use crate::sync::{AtomicBool, Ordering};
use crate::sync::{Initial, impl_initial};

/// What a queue has for the end of its producers.
pub trait Gate: Initial {
    /// Returns `true` if `link` is the mark, and not the link of an item.
    fn is_mark(&self, link: NonNull<Link>) -> bool;

    /// Returns `true` if the consumer has begun to close the queue.
    fn is_shut(&self) -> bool;

    /// Refuses pushes that begin from now on.
    fn shut(&self);
}

/// A queue whose producers have no end.
pub struct NoGate;

impl_initial!(NoGate = NoGate);

impl Gate for NoGate {
    #[inline]
    fn is_mark(&self, _: NonNull<Link>) -> bool {
        false
    }

    #[inline]
    fn is_shut(&self) -> bool {
        false
    }

    #[inline]
    fn shut(&self) {}
}

/// A queue whose last producer pushes a mark.
#[cfg(feature = "alloc")]
pub struct EndMark {
    /// Pushed once, like the link of an item. It lies in the queue, which must not move from
    /// then on.
    mark: Link,
    /// On the line of the mark, which is written twice in the life of the queue.
    is_shut: AtomicBool,
}

#[cfg(feature = "alloc")]
impl_initial!(
    EndMark = EndMark {
        mark: Link::new(),
        is_shut: AtomicBool::new(false),
    }
);

#[cfg(feature = "alloc")]
impl EndMark {
    /// Returns the mark, to be pushed.
    pub(crate) fn mark(&self) -> NonNull<Link> {
        NonNull::from(&self.mark)
    }
}

#[cfg(feature = "alloc")]
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
