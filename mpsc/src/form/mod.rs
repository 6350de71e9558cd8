//! The forms of a queue: which links a push writes, and how the consumer reaches them.

mod back;
mod back_linked;
mod batch;
mod forward;
mod gap_free;
mod kinds;
mod line;
mod raw;
mod stall;

pub use kinds::{BackLinked, Batched, Compact, Counted, Form, ForwardLinked, GapFree};
pub use stall::Stall;

pub(crate) use back::{Back, Mark};
#[cfg(feature = "alloc")]
pub(crate) use kinds::{Ending, LineOf};
pub(crate) use line::Aligned;
pub(crate) use raw::{Pushed, RawBatched, RawForm, RawPop, RawQueue};
