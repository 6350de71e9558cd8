//! Many threads and many items, more than a model checker can explore.
//!
//! No test sleeps in the hope that another thread has got somewhere meanwhile. Where a
//! mistake would leave a thread asleep, the test runs under [`must_end`].
#![cfg(feature = "std")]
#![forbid(unsafe_code)]

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

mod census;
mod closing;
mod order;
mod shared;
mod wakeups;

use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const PRODUCERS: [usize; 4] = [1, 2, 4, 8];

/// Whether the tests are short, for an emulated processor.
const IS_SHORT: bool = option_env!("MPSC_SHORT").is_some();

/// The number of items that a producer pushes.
const EACH: usize = match (cfg!(miri), IS_SHORT) {
    (true, _) => 30,
    (_, true) => 1_000,
    _ => 30_000,
};

/// Runs a test on a thread of its own. Fails if the test hangs, because a wake-up was lost.
fn must_end(test: impl FnOnce() + Send + 'static) {
    /// Far longer than any test takes.
    const LIMIT: Duration = Duration::from_secs(120);

    let (ended, end) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let _ended = ended; // dropped at the end of the test, even by a panic
        test();
    });
    if end.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("the test hangs");
    }
    thread.join().unwrap_or_else(|panic| resume_unwind(panic));
}
