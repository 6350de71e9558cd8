//! The comparison of queues. See the README.

pub mod check;
mod child;
pub mod contestant;
pub mod contestants;
pub mod costs;
mod counter;
#[cfg(target_os = "linux")]
mod eventfd;
mod floor;
pub mod machine;
pub mod payload;
pub mod report;
pub mod rounds;
pub mod scenario;
pub mod scenarios;
pub mod sleep;
pub mod transfers;
