//! Queues that wake their consumer by themselves, and their receivers.

mod asynchronous;
#[cfg(feature = "std")]
mod blocking;
mod budget;
mod polled;
mod queue;
mod receiver;
mod slot;
mod wake;

pub use asynchronous::{AsyncQueue, TaskWaker};
#[cfg(feature = "std")]
pub use blocking::{BlockingQueue, ThreadWaker};
pub use polled::{NoWaker, PolledQueue};
pub use queue::WakingQueue;
pub use receiver::Receiver;
pub use wake::{Wake, WakeTarget};

#[cfg(feature = "std")]
pub(crate) use blocking::{
    recv as recv_blocking, recv_deadline, recv_many as recv_many_blocking, recv_timeout,
};
#[cfg(feature = "alloc")]
pub(crate) use {
    asynchronous::{Registers, poll_pop, poll_recv, poll_recv_many, wait},
    budget::Budget,
    slot::{Handover, WakerSlot},
};
