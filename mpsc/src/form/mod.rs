//! Queues of links, in the forms that they can have: which links a push writes, and in which
//! order the consumer reaches them.
//!
//! Everything in this folder works on links; it does not know what they belong to, who waits,
//! or what is counted. Everything outside it works on any form.

mod back;
mod forward;
mod raw;

pub(crate) use back::Back;
pub(crate) use forward::Forward;
pub(crate) use raw::{RawPop, RawQueue};
