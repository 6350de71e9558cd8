//! Cache-line transfers per operation with more cores than this machine has, modelled.
//!
//! The compiled operations of a queue are executed one at a time, on a thread for each modelled
//! core, and their memory accesses are replayed to a [simulator](crate::mesi) of the cores'
//! caches.

mod consumer;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod core;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod count;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod traffic;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use self::core::{Core, Turn};
pub use consumer::Consumer;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use count::{Count, Counts};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use traffic::{Items, Plan, TURNS, model, round, stay_on_this_core};
