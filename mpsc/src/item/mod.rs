//! Items: the link that an item embeds, the handle that travels, and chains of items.

mod chain;
mod drop_all;
mod handle;
mod link;

pub use chain::Chain;
pub use handle::{Handle, SharedHandle, UniqueHandle, Via};
pub use link::{Field, Link, LinkKind, Linked, SharedLink};

pub(crate) use drop_all::drop_all;
pub(crate) use handle::{handle_ref_to_link, handle_to_link, link_to_handle};
pub(crate) use link::Links;
