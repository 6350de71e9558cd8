#![doc = include_str!("../README.md")]

#[cfg(not(loom))]
mod config;
#[cfg(not(loom))]
mod connection;
#[cfg(not(loom))]
mod error;
#[cfg(not(loom))]
mod event_loop;
#[cfg(not(loom))]
mod metrics;
mod panic;
#[cfg(not(loom))]
mod request;
#[cfg(not(loom))]
mod response;
#[cfg(not(any(loom, shuttle)))]
#[allow(
    unreachable_pub,
    reason = "what is public in there is so for the models"
)]
mod resume;
#[cfg(not(loom))]
mod router;
#[cfg(not(loom))]
mod server;
#[cfg(not(loom))]
mod service;
mod sync;
#[cfg(not(loom))]
mod wire;

/// What the models of `loom-tests` check.
#[cfg(any(loom, shuttle))]
#[doc(hidden)]
pub mod resume;

/// What the fuzz targets call.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::wire::replay::{End, Parsed};

    /// Reads a stream of requests, with limits that a small input can reach.
    pub fn replay(pieces: &[&[u8]]) -> (Vec<Parsed>, End) {
        let limits = crate::wire::Limits {
            request_line: 100,
            headers: 400,
            body: 100,
        };
        crate::wire::replay::replay(pieces, &limits)
    }
}

/// The types of the crate `http` that stand in the signatures of this one, and it.
#[cfg(not(loom))]
pub use http::{self, HeaderName, HeaderValue, Method, StatusCode};
#[cfg(not(loom))]
pub use {
    config::Config,
    error::Error,
    metrics::{Metric, Metrics},
    request::Request,
    response::{Outcome, Receipt, Response},
    resume::Pending,
    router::{Router, answer},
    server::{Handle, Server},
};
