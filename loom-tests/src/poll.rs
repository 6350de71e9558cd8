//! What an event loop of the modelled server sleeps in.

use std::io;
use std::mem;
use std::time::Duration;

// Not loom's: the numbers are not part of the model.
use std::sync::atomic::{AtomicUsize, Ordering};

use http_resume::resume::ResumeQueue;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// Stands in for a poll with a waker and without sockets. An event stays until a poll fetches it.
#[derive(Debug, Default)]
pub struct Poll {
    has_event: Mutex<bool>,
    comes: Condvar,
    wake_ups: AtomicUsize,
    sleeps: AtomicUsize,
}

impl Poll {
    /// Returns a poll, and the resume queue of its event loop.
    #[must_use]
    pub fn with_queue() -> (Arc<Self>, Arc<ResumeQueue>) {
        let poll = Arc::new(Self::default());
        let waker = Arc::clone(&poll);
        let queue = ResumeQueue::new(move || waker.wake());
        (poll, Arc::new(queue))
    }

    fn wake(&self) {
        self.wake_ups.fetch_add(1, Ordering::Relaxed);
        *self.has_event.lock().unwrap() = true;
        self.comes.notify_one();
    }

    /// Waits for an event. A time limit that is not zero may be over at any moment. Returns whether
    /// there is an event.
    ///
    /// # Errors
    ///
    /// None: the return type is that of the server's poll.
    pub fn poll(&self, timeout: Option<Duration>) -> io::Result<bool> {
        if timeout != Some(Duration::ZERO) {
            self.sleeps.fetch_add(1, Ordering::Relaxed);
        }
        if timeout.is_some_and(|timeout| !timeout.is_zero()) {
            thread::yield_now();
        }
        let mut has_event = self.has_event.lock().unwrap();
        while timeout.is_none() && !*has_event {
            has_event = self.comes.wait(has_event).unwrap();
        }
        Ok(mem::take(&mut *has_event))
    }

    /// Returns how often the waker was called.
    pub fn wake_ups(&self) -> usize {
        self.wake_ups.load(Ordering::Relaxed)
    }

    /// Returns how often a poll was allowed to sleep.
    pub fn sleeps(&self) -> usize {
        self.sleeps.load(Ordering::Relaxed)
    }
}
