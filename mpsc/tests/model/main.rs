//! Random programs of all operations, compared with a `VecDeque`.
//!
//! The programs run on one thread, so each result is known exactly: which item comes out,
//! which push must wake the consumer, the length, which push of a shared item fails, and
//! that each item is dropped once, when no handle to it is left.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

mod items;
mod operations;
mod run;
mod tasks;

use std::pin::Pin;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, proptest};

use items::{Shared, Unique};
use operations::step;
use run::run;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(miri) { 8 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn model_box(program in vec(step(), 0..60)) {
        run::<Box<Unique>>(&program);
    }

    #[test]
    fn model_pinned_box(program in vec(step(), 0..60)) {
        run::<Pin<Box<Unique>>>(&program);
    }

    #[test]
    fn model_arc(program in vec(step(), 0..60)) {
        run::<Arc<Shared>>(&program);
    }

    #[test]
    fn model_task(program in vec(tasks::session(), 0..6)) {
        tasks::run(&program);
    }
}
