//! Each handle that can travel, and what its item promises meanwhile.

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

#[cfg(feature = "alloc")]
mod cell;
#[cfg(feature = "alloc")]
mod counted;
mod custom;
#[cfg(feature = "alloc")]
mod named;
#[cfg(feature = "std")]
mod projected;
mod references;
#[cfg(feature = "alloc")]
mod retired;
#[cfg(all(feature = "async-task", feature = "std"))]
mod runnable;
