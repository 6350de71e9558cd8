//! The server left alone: faults around it, clients that want everything, and its end.

#[path = "../support/mod.rs"]
mod support;

mod limits;
mod log;
mod memory;
mod port;
mod stop;
mod time;
