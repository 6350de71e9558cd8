//! A minimal pool: threads, each with its own queue of pending requests.
//!
//! A pending request is a queue handle, linked by its own link, so submitting it allocates
//! nothing. Slow work delays the requests behind it in the same queue. The demonstration's pool
//! (`src/bin/http-resume/pool.rs`) also prefers idle threads, survives panics, and stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use http_resume::Pending;
use mpsc_queue::BlockingQueue;

pub(crate) struct Pool<W: Send + 'static> {
    queues: Vec<Arc<BlockingQueue<Pending<W>>>>,
    next: AtomicUsize,
}

impl<W: Send> Pool<W> {
    /// Starts threads that call `work` for each request and resume it.
    pub(crate) fn new(threads: usize, work: fn(&mut W)) -> Self {
        let queues: Vec<Arc<BlockingQueue<Pending<W>>>> =
            (0..threads).map(|_| Arc::default()).collect();
        for queue in queues.iter().map(Arc::clone) {
            thread::spawn(move || {
                let mut receiver = queue.receiver().expect("no other receiver exists");
                loop {
                    let mut pending = receiver.recv();
                    work(pending.work_mut());
                    pending.resume();
                }
            });
        }
        Self {
            queues,
            next: AtomicUsize::new(0),
        }
    }

    /// Sends the request to the next thread in turn.
    pub(crate) fn submit(&self, pending: Pending<W>) {
        // Relaxed: any number will do.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.queues[turn % self.queues.len()].push(pending);
    }
}
