//! Random schedules, for sizes that loom cannot explore: the shipped code, eight
//! producers, hundreds of items each, and a scheduler that switches threads at any
//! atomic operation. Run with `cargo schedules`. A failure prints its seed, and
//!
//! ```sh
//! SCHEDULE_SEED=<seed> cargo schedules -- <test>
//! ```
//!
//! runs that schedule again, with every step the same. `SCHEDULES` is the number of
//! schedules. They are sequentially consistent, so they do not test memory orderings.
#![cfg(shuttle)]

mod channel;
mod closing;
mod items;
mod producers;
mod queue;
mod runner;
mod server;
mod shared;
mod waking;
