//! The smallest pool: a few threads, each with a queue of pending requests.
//!
//! A pending request is a handle for the queue: its own link carries it, so that
//! handing it over allocates nothing. A thread has no use for the queue of another,
//! so a slow piece of work delays what stands behind it. The pool of the
//! demonstration (`src/demo/pool.rs`) also prefers idle threads, outlives work that
//! panics, and stops.

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
    /// Starts threads that `work` on each request and then resume it.
    pub(crate) fn new(threads: usize, work: fn(&mut W)) -> Self {
        let queues: Vec<Arc<BlockingQueue<Pending<W>>>> =
            (0..threads).map(|_| Arc::default()).collect();
        for queue in queues.iter().map(Arc::clone) {
            thread::spawn(move || {
                let mut receiver = queue.receiver().expect("one thread receives");
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

    /// Gives the request to the next thread in turn.
    pub(crate) fn submit(&self, pending: Pending<W>) {
        // Relaxed: any number will do.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.queues[turn % self.queues.len()].push(pending);
    }
}
