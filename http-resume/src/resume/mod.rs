//! How a suspended request leaves its event loop and comes back: everything that two
//! threads touch. Knows nothing of sockets or HTTP.
//!
//! A suspended request is a cell on the heap: a header with the queue's link, and the work,
//! whose type only the handler knows. At any time, the cell has exactly one owner:
//!
//! | owner | where | may | until |
//! |---|---|---|---|
//! | [`Pending`] | a background thread, or a queue of its own | read and write the work | `resume` or the drop, which push the cell on the resume queue |
//! | [`Returned`] | the resume queue, then the event loop; a closed queue leaves it to the background | read the key and the completion | [`Returned::open`], or the drop, which frees the cell with its work |
//! | [`VacantCell`] | the event loop | | [`suspend`], or the drop, which frees the cell |
//!
//! A [`WakeSlot`] owns the `Pending` of a request that waits for a `Waker`.
//!
//! The same embedded link carries the cell to a worker, because a `Pending` is a queue
//! handle too, and back. With a recycled cell, a round trip allocates nothing.

mod cell;
mod pending;
mod queue;
mod sleep;
mod stop;
#[cfg(all(test, not(loom)))]
mod tests;
mod wake_slot;

pub use cell::{AbandonFlag, CellId, Completion, RequestKey, Returned, VacantCell, Waiting};
pub use pending::{Pending, cancel, cell_id, suspend};
pub use stop::{StopOnDrop, Stopper, stopper};
pub use wake_slot::WakeSlot;

/// The queue on which suspended requests return to their event loop.
pub type ResumeQueue = queue::ResumeQueue<Returned>;

/// The event loop's end of a [`ResumeQueue`].
pub type ResumeConsumer<'a> = queue::ResumeConsumer<'a, Returned>;
