//! Queues of links, in the forms that they can have: which links a push writes, and how the
//! consumer reaches them.
//!
//! Outside this folder, only `queue.rs` names a form, in one type.

mod back;
mod forward;
mod raw;

pub(crate) use forward::Forward;
pub(crate) use raw::{Form, RawPop, RawQueue};
