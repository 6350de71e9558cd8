//! The forms of the queue: which links a push writes, and in which order the consumer
//! reaches them.
//!
//! Everything outside this folder works on any form. A form sees links only; it does
//! not know what the links belong to, who waits, or what is counted.

mod back;
mod forward;

use core::ptr::NonNull;

pub(crate) use back::Back;
pub(crate) use forward::Forward;

use crate::item::Link;

/// One algorithm: how links get from [`Back`] to the consumer.
///
/// `self` is the consumer's end of the queue, on a cache line of its own.
pub(crate) trait Form {
    /// Appends the chain `first..=last`. If the push replaced the mark of a parked
    /// consumer, returns what `on_parked` returns; the caller must then wake the
    /// consumer.
    ///
    /// `on_parked` runs before the consumer can reach the chain. It must be short.
    ///
    /// # Safety
    ///
    /// The links are valid and in no queue. Each link but `last` has the following one
    /// as its `next`; the `next` of `last` is null. From now on the links belong to the
    /// queue until they are popped. `on_parked` does not unwind.
    unsafe fn push<T>(
        &self,
        back: &Back,
        first: NonNull<Link>,
        last: NonNull<Link>,
        on_parked: impl FnOnce() -> T,
    ) -> Option<T>;

    /// Takes the oldest link out.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer: no other call of this function, of
    /// [`Back::park`] or of [`Back::unpark`] overlaps this one, and earlier calls
    /// happen before it.
    unsafe fn pop(&self, back: &Back) -> RawPop;
}

/// The three results of [`Form::pop`].
pub(crate) enum RawPop {
    Item(NonNull<Link>),
    Empty,
    Stalled,
}
