//! Queues of links, in the forms that they can have: which links a push writes, and how the
//! consumer reaches them.
//!
//! Outside this folder, only [`Queue`](crate::Queue) names a form, and only in its type and
//! its constructors.

mod back;
mod forward;
mod raw;

pub(crate) use forward::Forward;
pub(crate) use raw::{Form, RawPop, RawQueue};
