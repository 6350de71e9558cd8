//! How many shared accesses each operation of the queue takes, in every schedule of a few threads.
//!
//! The algorithm's own source files are compiled here once more, with atomics that count and that
//! let a scheduler decide which thread goes on. `proof/PROGRESS.md` has the counts, and the
//! argument for any number of threads.
#![cfg(not(any(loom, shuttle)))]
#![allow(
    clippy::collapsible_if,
    clippy::manual_is_multiple_of,
    reason = "the queue's source is for an older Rust"
)]
#![allow(
    dead_code,
    unexpected_cfgs,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "most of the queue's source is not needed here, and its features are not those of this crate"
)]

#[path = "../../../mpsc/src/error.rs"]
mod error;
#[path = "../../../mpsc/src/form/mod.rs"]
mod form;
#[path = "../../../mpsc/src/gate/mod.rs"]
mod gate;
#[path = "../../../mpsc/src/item/mod.rs"]
mod item;
#[path = "../../../mpsc/src/length.rs"]
mod length;
#[path = "../../../mpsc/src/prefetch.rs"]
mod prefetch;
#[path = "../../../mpsc/src/sealed.rs"]
mod sealed;

mod backoff;
mod cases;
mod operations;
mod page;
mod schedules;
mod sync;

// What the source files name by `crate::`.
use error::{AlreadyQueued, Closed, TryPushError};
use form::{BackLinked, Batched, Form, ForwardLinked, GapFree};
use item::{Chain, Field, Handle, Link, LinkKind, Linked, SharedHandle, SharedLink, UniqueHandle};
