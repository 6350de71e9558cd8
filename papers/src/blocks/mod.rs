//! A list of blocks of slots, under [`segmented`](crate::segmented) and
//! [`jiffy`](crate::jiffy). A fetch-and-add reserves an index, which determines the
//! block and the slot.
//!
//! ```text
//!  oldest            tail.block           newest
//!    │                   │                  │
//!  [0..B) ◄──► [B..2B) ◄──► [2B..3B) ◄──► [3B..4B)      ──► next, ◄── prev
//!    drained     │             │             spare: recycled, no index of it
//!                head          tail.index     is reserved yet
//! ```
//!
//! A push reserves its index and *then* loads `tail.block`. From there it walks to the
//! block of its index, backwards or forwards, and moves `tail.block` up to that block.
//!
//! # When a block may be reused
//!
//! The items of a drained block are popped, but a push with a *later* index may still
//! access the block if it loaded `tail.block` while that led there. Therefore the
//! consumer
//!
//! 1. observes that `tail.block` has moved past the block;
//! 2. then reads `tail.index` by a read-modify-write, which starts a *grace period*;
//! 3. waits until `head`, below which every push has completed, reaches that index.
//!
//! A push with an index below the end of the grace period has completed by then. A push
//! with a later index incremented `tail.index` after step 2, so it loads `tail.block`
//! as the consumer did in step 1, or newer. Walking backwards is safe, too: a push walks
//! towards its own block, `head` cannot pass that block, and all blocks between are newer.
//!
//! For the same reason `tail.block` never returns to an older block (the ABA problem):
//! a block is not reused while a push accesses it.

mod block;
mod block_queue;
mod list;
mod reclaim;

pub(crate) use block::{Block, HANDLED, Slot};
pub(crate) use block_queue::BlockPop;
pub use block_queue::BlockQueue;
pub(crate) use list::BlockList;
pub(crate) use list::{FetchAdd, Reserve, Retry};
pub(crate) use reclaim::DrainedBlocks;
