//! Channels of each form: the behaviour that `std::sync::mpsc` documents, and what embedded
//! links add to it.
//!
//! `cargo frozen` covers sends that are stalled.
#![cfg(feature = "std")]
#![forbid(unsafe_code)]

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

mod common;
mod disconnection;
mod errors;
mod iterators;
mod ownership;
mod receiving;
mod sending;
mod std_cases;
mod tasks;
mod threads;

use common::{item, must_end, open, received};
use mpsc_queue::channel as layer;
