//! What a queue has for the end of its producers.

#[cfg(feature = "alloc")]
mod end_mark;

#[cfg(feature = "alloc")]
pub(crate) use end_mark::EndMark;

use core::ptr::NonNull;

use crate::item::Link;
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

impl_initial!([] NoGate = NoGate);

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
