//! A minimal pool: threads, each with its own channel of pending requests.
//!
//! A pending request is a queue handle, linked by its own link, so submitting it allocates
//! nothing. Slow work delays the requests behind it in the same channel. The threads end when
//! the pool is dropped. The demonstration's pool (`src/bin/http-resume/pool.rs`) also prefers
//! idle threads and survives panics.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use http_resume::Pending;
use mpsc_queue::channel::{Sender, channel};

pub(crate) struct Pool<W: Send + 'static> {
    senders: Vec<Sender<Pending<W>>>,
    next: AtomicUsize,
}

impl<W: Send> Pool<W> {
    /// Starts threads that call `work` for each request and resume it.
    pub(crate) fn new(threads: usize, work: fn(&mut W)) -> Self {
        let spawn = |_| {
            let (sender, receiver) = channel::<Pending<W>>();
            thread::spawn(move || {
                for mut pending in receiver {
                    work(pending.work_mut());
                    pending.resume();
                }
            });
            sender
        };
        Self {
            senders: (0..threads).map(spawn).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Sends the request to the next thread in turn.
    pub(crate) fn submit(&self, pending: Pending<W>) {
        // Relaxed: any number will do.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        // If the thread has panicked, dropping the request answers it with 500.
        drop(self.senders[turn % self.senders.len()].send(pending));
    }
}
