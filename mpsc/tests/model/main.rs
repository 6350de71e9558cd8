//! Random programs of all operations, compared with a `VecDeque`.
//!
//! The programs run on one thread, so each result is known exactly: which item comes out,
//! which push must wake the consumer, the length, which push of a shared item fails, which
//! push a closed queue refuses, and that each item is dropped once, when no handle to it is
//! left.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;
mod channels;
mod items;
mod operations;
mod run;
mod tasks;

use std::pin::Pin;
use std::sync::Arc;

use mpsc_queue::Form;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, proptest};

use items::{Shared, TestHandle, Unique};
use operations::step;
use run::run;

test_each_form! {
    model_box
    model_pinned_box
    model_arc
    model_task
    model_channel
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(miri) { 8 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn model<H: TestHandle, F: Form>() {
    proptest!(config(), |(program in vec(step(), 0..60))| run::<H, F>(&program));
}

fn model_box<F: Form>() {
    model::<Box<Unique>, F>();
}

fn model_pinned_box<F: Form>() {
    model::<Pin<Box<Unique>>, F>();
}

fn model_arc<F: Form>() {
    model::<Arc<Shared>, F>();
}

fn model_task<F: Form>() {
    proptest!(config(), |(program in vec(tasks::session(), 0..6))| tasks::run::<F>(&program));
}

fn model_channel<F: Form>() {
    proptest!(config(), |(program in vec(channels::step(), 0..60))| channels::run::<F>(&program));
}
