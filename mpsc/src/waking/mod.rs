//! Queues that wake their consumer by themselves, and their receivers.

mod asynchronous;
#[cfg(feature = "std")]
mod blocking;
mod queue;
mod receiver;
mod wake;

pub use asynchronous::{AsyncQueue, TaskWaker};
#[cfg(feature = "std")]
pub use blocking::{BlockingQueue, ThreadWaker};
pub use queue::WakingQueue;
pub use receiver::Receiver;
pub use wake::{Wake, WakeTarget};
