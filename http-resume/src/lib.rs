#![doc = include_str!("../README.md")]

mod config;
mod connection;
mod error;
mod event_loop;
mod handler;
mod listen;
mod metrics;
mod panic;
#[cfg(not(any(loom, shuttle)))]
#[allow(unreachable_pub, reason = "public for the models of `loom-tests`")]
mod resume;
mod server;
mod service;
mod sync;
#[cfg(not(any(loom, shuttle)))]
pub mod testing;
mod wire;

pub use config::Config;
pub use error::Error;
pub use handler::{
    Outcome, OwnedRequest, Receipt, Reply, Request, Response, Router, async_handler, sync_handler,
};
/// The `http` crate, and its types in the signatures of this crate.
pub use http::{self, HeaderName, HeaderValue, Method, StatusCode};
pub use metrics::{Metric, Metrics};
/// The type of [`Config::wait`].
pub use mpsc_queue::Wait;
pub use resume::{Pending, Stopper};
pub use server::Server;

/// What the models of `loom-tests` check.
#[cfg(any(loom, shuttle))]
#[doc(hidden)]
pub mod resume;

/// Entry points of the fuzz targets.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::wire::replay::{End, Parsed};

    /// Parses a stream of requests with limits that a small input can reach.
    pub fn replay(pieces: &[&[u8]]) -> (Vec<Parsed>, End) {
        let limits = crate::wire::Limits {
            request_line: 100,
            headers: 400,
            fields: 100,
            body: 100,
        };
        crate::wire::replay::replay(pieces, &limits)
    }
}
