#![doc = include_str!("../README.md")]

#[cfg(not(loom))]
mod connection;
#[cfg(not(loom))]
mod encode;
#[cfg(not(loom))]
mod event_loop;
#[cfg(not(loom))]
mod metrics;
#[cfg(not(loom))]
mod parse;
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

/// What the models of `loom-tests` check.
#[cfg(any(loom, shuttle))]
#[doc(hidden)]
pub mod resume;

/// The types of the crate `http` that stand in the signatures of this one, and it.
#[cfg(not(loom))]
pub use http::{self, HeaderName, HeaderValue, Method, StatusCode};
#[cfg(not(loom))]
pub use {
    metrics::{Metric, Metrics},
    request::Request,
    response::{Outcome, Receipt, Response},
    resume::Pending,
    router::{Router, answer},
    server::{Config, Handle, Server},
};
