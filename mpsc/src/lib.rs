// The example in there needs the feature.
#![cfg_attr(feature = "std", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "std"),
    doc = "An intrusive, lock-free MPSC queue. Start with [`Queue`] and [`Link`]."
)]
//!
//! # Progress and exclusion
//!
//! Who may call what at the same time, and how long it can take.
//!
//! | function | may overlap with | progress |
//! |---|---|---|
//! | [`Queue::push`], [`push_chain`](Queue::push_chain) | everything | wait-free (lock-free without an atomic exchange instruction) |
//! | [`Queue::try_push`] | everything | the same |
//! | [`Queue::is_empty`], [`len`](Queue::len) | everything | wait-free |
//! | [`Queue::consumer`], `Consumer::owned` | everything; one succeeds | wait-free |
//! | [`Consumer::pop`] | pushes | wait-free |
//! | [`Consumer::park`], [`Parked::unpark`] | pushes | wait-free |
//! | [`Consumer::drain`] | pushes | wait-free per item, bounded by what was there |
//! | [`Consumer::pop_blocking`] | pushes | **blocking** while a producer is in its gap |
//! | [`Receiver::poll_recv`] | pushes | wait-free, but for the waker's code |
#![cfg_attr(
    feature = "std",
    doc = "| `recv`, `recv_timeout` of a [`BlockingQueue`] | pushes | **blocking** until there is an item |"
)]
//! | [`WakingQueue::push`] and the like | everything | as above, and the waker's code if the consumer sleeps |
//! | dropping a queue | nothing (`&mut`) | one drop per item |
//!
//! # Where to read on
//!
//! [`Queue`] and [`Consumer`] are the core, [`WakingQueue`] and [`Receiver`] what to
//! use unless you build an event loop, [`Link`] and [`linked!`] what to embed,
//! [`Handle`] what may travel. Behind it: [`docs::algorithm`], [`docs::limitations`],
//! [`docs::performance`], [`docs::misuse`].
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(target_has_atomic = "ptr"))]
compile_error!(
    "mpsc-queue needs an atomic exchange and compare-exchange of pointers, \
     which this target does not have"
);

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", loom, mpsc_fail_point))]
extern crate std;

mod chain;
mod consumer;
#[cfg(any(doc, doctest))]
pub mod docs;
mod drain;
#[cfg(mpsc_fail_point)]
#[doc(hidden)]
pub mod fail_point;
mod handle;
mod length;
mod link;
mod queue;
mod raw;
mod seal;
mod signal;
mod stall;
mod sync;
mod task;
#[cfg(feature = "std")]
mod thread;
mod waking;

pub use chain::Chain;
pub use consumer::{BareQueueRef, Consumer, ConsumerTaken, Parked, Pop, QueueRef};
pub use drain::Drain;
pub use handle::{Handle, UniqueHandle};
pub use length::{Counted, Length, Uncounted};
pub use link::{Field, Link, LinkKind, Linked, SharedLink};
pub use queue::{AlreadyQueued, Queue, Wakeup};
pub use signal::Signal;
pub use task::{AsyncQueue, TaskWaker};
#[cfg(feature = "std")]
pub use thread::{BlockingQueue, ThreadWaker};
pub use waking::{Receiver, Wake, WakingQueue, WakingQueueRef};

/// What `linked!` needs, where no name of the user's can stand in for it.
#[doc(hidden)]
pub mod __private {
    pub use core::mem::offset_of;
}
