//! The time that several threads take together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::backoff::Backoff;

/// A barrier that does not sleep, because sleeping threads would wake up one after the
/// other.
pub struct Gate(AtomicUsize);

impl Gate {
    /// Creates a gate for this number of threads.
    pub fn of(threads: usize) -> Self {
        Self(AtomicUsize::new(threads))
    }

    /// Waits until all threads have come.
    pub fn pass(&self) {
        // Relaxed, also below: the gate synchronises the threads' start, not their data.
        self.0.fetch_sub(1, Ordering::Relaxed);
        let mut backoff = Backoff::new();
        while self.0.load(Ordering::Relaxed) > 0 {
            backoff.snooze();
        }
    }
}

/// Starts a thread. Boxes its work, so that the start of a thread is compiled once, and not for each
/// contestant and payload kind.
pub fn start<'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> R + Send + 'scope,
) -> ScopedJoinHandle<'scope, R> {
    let work: Box<dyn FnOnce() -> R + Send + 'scope> = Box::new(work);
    scope.spawn(work)
}

/// The time from the first start to the last end of some threads' work.
pub struct Span {
    start: Instant,
    end: Instant,
}

impl Span {
    /// Returns the time that `work` takes.
    pub fn of(work: impl FnOnce()) -> Self {
        let start = Instant::now();
        work();
        let end = Instant::now();
        Self { start, end }
    }

    /// Returns the time from the start of the earlier to the end of the later.
    pub fn and(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Returns the length.
    pub fn length(self) -> Duration {
        self.end - self.start
    }
}

/// Joins the threads, and returns the span of their work.
pub fn spans<'a>(threads: impl IntoIterator<Item = ScopedJoinHandle<'a, Span>>) -> Span {
    let spans = threads
        .into_iter()
        .map(|thread| thread.join().expect("the thread does not panic"));
    spans.reduce(Span::and).expect("at least one thread ran")
}
