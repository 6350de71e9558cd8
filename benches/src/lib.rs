//! The comparison of queues: which one, and how far from the limit. See the README.

pub mod check;
pub mod contestant;
pub mod contestants;
mod cores;
pub mod costs;
#[cfg(target_os = "linux")]
mod eventfd;
mod floor;
#[cfg(target_os = "linux")]
mod futex;
pub mod machine;
pub mod report;
pub mod rounds;
pub mod scenarios;
pub mod sleep;
pub mod statistics;
