//! The literature of multi-producer single-consumer queues, made runnable.

mod blocks;
mod family;
pub mod jiffy;
mod place;
pub mod ring;
pub mod segmented;
mod sync;
pub mod treiber;

pub use family::{Consume, Full, Mpsc};
