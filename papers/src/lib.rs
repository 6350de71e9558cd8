//! The queues with which the literature compares [`mpsc_queue`], under one trait.
//!
//! Exchange, then link: [`vyukov`], [`io_uring`], [`wfcqueue`] and [`clh`]. [`treiber`] takes
//! a stack as a whole, [`michael_scott`] links first, [`cc_synch`] combines pushes, [`ring`]
//! is bounded, [`segmented`] and [`jiffy`] fetch-and-add into linked blocks, and [`ltqueue`]
//! has a lane per producer. Each module states its guarantees. The README says which queue to
//! choose, and which claims of the papers were confirmed.
//!
//! ```
//! use mpsc_queue::Pop;
//! use papers::segmented::Segmented;
//! use papers::{Consume, Mpsc};
//!
//! let queue = Segmented::<_>::new();
//! std::thread::scope(|scope| {
//!     for number in 0..4 {
//!         let queue = &queue;
//!         scope.spawn(move || queue.push(number));
//!     }
//! });
//! let mut consumer = queue.consumer().unwrap();
//! let mut sum = 0;
//! while let Pop::Item(number) = consumer.pop() {
//!     sum += number;
//! }
//! assert_eq!(sum, 6);
//! ```

#[cfg(all(not(loom), target_os = "linux", target_arch = "x86_64"))]
pub mod accesses;
#[cfg(not(loom))]
pub mod backoff;
mod blocks;
pub mod cc_synch;
pub mod clh;
mod consumer_cell;
#[cfg(not(loom))]
pub mod cores;
#[cfg(all(not(loom), target_os = "linux", target_arch = "x86_64"))]
pub mod cost;
#[cfg(all(not(loom), target_os = "linux", target_arch = "x86_64"))]
pub mod effects;
pub mod eventcount;
pub mod fenced_flag;
#[cfg(all(not(loom), target_os = "linux"))]
pub mod futex;
#[cfg(all(not(loom), target_os = "linux", target_arch = "x86_64"))]
pub mod instructions;
pub mod io_uring;
pub mod jiffy;
mod list_node;
pub mod ltqueue;
#[cfg(not(loom))]
pub mod mesi;
pub mod michael_scott;
mod next;
#[cfg(all(not(loom), target_os = "linux", target_arch = "x86_64"))]
mod out_of_line;
mod queue;
pub mod ring;
pub mod segmented;
#[cfg(all(not(loom), target_os = "linux", target_arch = "x86_64"))]
pub mod single_step;
#[cfg(not(loom))]
pub mod span;
#[cfg(not(loom))]
pub mod statistics;
mod stub_queue;
mod sync;
#[cfg(not(loom))]
pub mod transfers;
pub mod treiber;
mod value_cell;
pub mod vyukov;
pub mod wfcqueue;
#[cfg(not(loom))]
pub mod work;

pub use blocks::BlockQueue;
pub use consumer_cell::Consumer;
pub use next::{HasNext, Next, Node};
pub use queue::{Consume, Full, Mpsc};
pub use stub_queue::StubQueue;
