//! Returned requests of the modelled server.

// Not loom's: the counter is not part of the model.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_resume::resume::{Pending, RequestKey, ResumeQueue, suspend};
use loom::alloc::Track;

/// Work whose drops are counted. Clones share the counter.
#[derive(Debug)]
pub struct Drops {
    count: Arc<AtomicUsize>,
    /// Makes loom report a leaked clone. `None` in the original, which is not counted.
    leak: Option<Track<()>>,
}

impl Drops {
    /// Creates a counter.
    #[expect(
        clippy::new_without_default,
        reason = "`new` creates the counter, not work"
    )]
    pub fn new() -> Self {
        Self {
            count: Arc::new(AtomicUsize::new(0)),
            leak: None,
        }
    }

    /// Returns how many clones have been dropped.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl Clone for Drops {
    fn clone(&self) -> Self {
        Self {
            count: Arc::clone(&self.count),
            leak: Some(Track::new(())),
        }
    }
}

impl Drop for Drops {
    fn drop(&mut self) {
        if self.leak.is_some() {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Suspends a request with `work`.
pub fn pending<W: Send + 'static>(queue: &loom::sync::Arc<ResumeQueue>, work: W) -> Pending<W> {
    let key = RequestKey {
        connection: 0,
        serial: 1,
    };
    suspend(queue, key, None, work).0
}
