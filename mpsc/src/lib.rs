#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(not(target_has_atomic = "ptr"))]
compile_error!(
    "mpsc-queue needs an atomic exchange and compare-exchange of pointers, \
     which this target does not have"
);

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", loom))]
extern crate std;

mod chain;
mod consumer;
mod drain;
mod handle;
mod length;
mod link;
mod queue;
mod raw;
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
pub use link::{Link, LinkKind, Linked, SharedLink};
pub use queue::{AlreadyQueued, Queue, Wakeup};
pub use task::{TaskQueue, TaskWaker};
#[cfg(feature = "std")]
pub use thread::{ThreadQueue, ThreadWaker};
pub use waking::{Receiver, Wake, WakingQueue, WakingQueueRef};
