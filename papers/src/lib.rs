//! The algorithms that the literature of multi-producer single-consumer queues compares
//! [`mpsc_queue`] with, under one small trait.
//!
//! [`treiber`] takes a stack as a whole, [`ring`] is bounded, [`segmented`] and [`jiffy`]
//! fetch-and-add into linked blocks. Each module says what it guarantees. Which one to
//! take, what the papers claim and what of it holds, stands in the README.
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
//! let mut consumer = queue.consumer().expect("there is no other consumer");
//! let mut sum = 0;
//! while let Pop::Item(number) = consumer.pop() {
//!     sum += number;
//! }
//! assert_eq!(sum, 6);
//! ```

mod blocks;
mod family;
pub mod jiffy;
mod place;
pub mod ring;
pub mod segmented;
#[cfg(all(not(loom), target_os = "linux", target_arch = "x86_64"))]
pub mod step;
mod sync;
pub mod treiber;

pub use family::{Consume, Full, Mpsc};
