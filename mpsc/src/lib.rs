// The example in the README needs the feature.
#![cfg_attr(feature = "std", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "std"),
    doc = "An intrusive, lock-free MPSC queue. Start with [`Queue`] and [`Link`]."
)]
//!
//! # Progress and exclusion
//!
//! Which functions may run concurrently, and the progress guarantee of each. A ° marks a
//! guarantee that [depends on the hardware](docs::limitations#wait-free-and-the-hardware).
//!
//! | function | may overlap with | progress |
//! |---|---|---|
//! | [`Queue::push`], [`try_push`](Queue::try_push), [`try_push_by_ref`](Queue::try_push_by_ref), [`push_chain`](Queue::push_chain) | everything | wait-free °; lock-free if the queue is [`GapFree`] |
//! | the same, if the queue is closed | everything | **blocking** while pushes that overlap are in their gap; as above if the queue is [`GapFree`] |
//! | [`Queue::is_empty`], [`len`](Queue::len) | everything | wait-free |
//! | [`Queue::consumer`], `Consumer::owned` | everything; one succeeds | wait-free ° |
//! | [`Consumer::pop`], [`pop_fenced`](Consumer::pop_fenced) | pushes | wait-free ° if the queue is [`ForwardLinked`]; otherwise one step per item that the pop takes from the producers |
//! | [`Consumer::park`], [`Parked::unpark`], [`Consumer::close`] | pushes | wait-free ° |
//! | [`park_all`] | pushes | wait-free ° for each queue |
//! | [`Consumer::push_quiet`], [`try_push_quiet`](Consumer::try_push_quiet) | pushes | wait-free; as a push if producers have pushed since the last pop |
//! | [`Consumer::drain`] | pushes | as `pop` per item; at most the items queued at its start |
//! | [`Consumer::pop_blocking`] | pushes | **blocking** while a producer is in its gap; as `pop` if the queue is [`GapFree`] |
//! | [`Receiver::poll_recv`], [`poll_pop`](Receiver::poll_pop), a poll of their futures | pushes | as `pop`, apart from the waker's code |
#![cfg_attr(
    feature = "std",
    doc = "| `recv`, `recv_many`, `recv_timeout`, `recv_deadline` of a [`BlockingQueue`] or [channel](mod@channel) | pushes | **blocking** until there is an item, the queue is closed, or the time is over |"
)]
//! | [`WakingQueue::push`] and its siblings | everything | as above, and the waker's code if the consumer is parked |
//! | dropping a queue | nothing (`&mut`) | one drop per item |
#![cfg_attr(
    feature = "alloc",
    doc = "| `send` of a [sharded](channel::sharded) channel | everything | lock-free, and the waker's code if the receiver waits |\n\
           | `try_recv` and `try_iter` of a [channel](mod@channel), and dropping its receiver | sends | as `pop`; **blocking** while a sender is in its gap, unless the channel is [`GapFree`] |"
)]
//!
//! # Where to read on
//!
//! [`Queue`] and [`Consumer`] are the core, [`WakingQueue`] and [`Receiver`] what wakes,
//! `channel` what ends with its senders, and [`docs::algorithm`], [`docs::limitations`],
//! [`docs::performance`] and [`docs::misuse`] the essays.
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

mod backoff;
mod cell_consumer;
#[cfg(feature = "alloc")]
pub mod channel;
mod consumer;
#[cfg(any(doc, doctest))]
pub mod docs;
mod drain;
mod error;
#[cfg(mpsc_fail_point)]
#[doc(hidden)]
pub mod fail_point;
mod form;
mod gate;
mod item;
mod length;
mod park_all;
mod prefetch;
mod queue;
mod queue_ref;
#[cfg(feature = "async-task")]
mod runnable;
mod sealed;
#[cfg(feature = "stream")]
mod stream;
mod sync;
mod wait;
mod waking;

pub use cell_consumer::CellConsumer;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use channel::channel;
pub use consumer::{Consumer, Parked, Pop};
pub use drain::Drain;
pub use error::{
    AlreadyQueued, Closed, ConsumerTaken, RecvError, RecvTimeoutError, TryPushError, TryRecvError,
};
#[cfg(feature = "alloc")]
pub use error::{SendError, TrySendError};
pub use form::{BackLinked, Batched, Compact, Counted, Form, ForwardLinked, GapFree, Stall};
pub use item::{
    Chain, Field, Handle, Link, LinkKind, Linked, SharedHandle, SharedLink, UniqueHandle, Via,
};
pub use park_all::{Park, ParkedAll, park_all};
pub use queue::{Queue, Wakeup};
pub use queue_ref::{AnyQueue, Owner, Projected, QueueRef};
#[cfg(feature = "async-task")]
pub use runnable::RunnableLink;
/// The time of a model, for time limits.
#[cfg(all(feature = "std", loom))]
#[doc(hidden)]
pub use sync::Instant;
pub use wait::{Wait, Waiter};
pub use waking::{AsyncQueue, Receiver, TaskWaker, Wake, WakeTarget, WakingQueue};
#[cfg(feature = "std")]
pub use waking::{BlockingQueue, ThreadWaker};
pub use waking::{NoWaker, PolledQueue};

/// What [`linked!`] needs, under names that user code cannot shadow.
#[doc(hidden)]
pub mod __private {
    pub use core::mem::offset_of;
}
