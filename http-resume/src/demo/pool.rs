//! A few threads that do work for suspended requests.
//!
//! Each has a queue of its own. A request is given to a worker that is idle, or
//! else to the next in turn, and stays with it: what stands behind a slow piece of
//! work waits for it, also if another worker becomes idle meanwhile. That is the
//! price of a queue with one consumer, and fine for work of one size.

use std::cell::RefCell;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use http_resume::Pending;
use mpsc_queue::Chain;
use thread_local::ThreadLocal;

use super::mailbox::{Mail, Mailbox, Next};

/// What a worker can do.
pub(crate) trait Work: Send + Sized + 'static {
    /// Does it, leaves the result in the work, and resumes the request.
    fn run(pending: Pending<Self>);
}

pub(crate) struct Pool<W: Work> {
    workers: Vec<Mailbox<W>>,
    /// What each loop has not handed over yet, for each worker.
    outboxes: ThreadLocal<RefCell<Vec<Chain<Pending<W>>>>>,
    next: AtomicUsize,
}

impl<W: Work> Pool<W> {
    pub(crate) fn new(workers: usize) -> io::Result<Self> {
        let spawn = |index| Mailbox::spawn(format!("worker-{index}"), work_off);
        Ok(Self {
            workers: (0..workers).map(spawn).collect::<io::Result<_>>()?,
            outboxes: ThreadLocal::new(),
            next: AtomicUsize::new(0),
        })
    }

    /// Has the work done, and the request resumed, after the next
    /// [`hand_over`](Self::hand_over) on this thread.
    pub(crate) fn submit(&self, pending: Pending<W>) {
        // Relaxed: any number will do.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.workers.len();
        let mut candidates = (0..count).map(|offset| (turn + offset) % count);
        let idle = candidates.find(|&worker| self.workers[worker].is_idle());
        let chains = self.outboxes.get_or(|| {
            let chains = (0..count).map(|_| Chain::new());
            RefCell::new(chains.collect())
        });
        chains.borrow_mut()[idle.unwrap_or(turn % count)].push(pending);
    }

    /// Gives the workers what was submitted on this thread: one push, and at most
    /// one wake-up, for each of them.
    pub(crate) fn hand_over(&self) {
        let Some(chains) = self.outboxes.get() else {
            return;
        };
        for (chain, worker) in chains.borrow_mut().iter_mut().zip(&self.workers) {
            if !chain.is_empty() {
                worker.send_all(mem::take(chain));
            }
        }
    }
}

/// What a worker does all day.
fn work_off<W: Work>(mut mail: Mail<'_, W>) {
    yield_to_event_loops();
    while let Next::Item(pending) = mail.next(None) {
        // A panic drops `pending`, which is answered with 500; the panic hook has
        // reported it, and the worker goes on.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| W::run(pending))) {
            mem::forget(payload); // its drop might panic, too
        }
    }
}

/// Makes the kernel treat this thread as one that computes: it takes its share of
/// the processor as before, but to be woken does not let it interrupt others.
///
/// Otherwise a loop that hands over work for one request is stopped in the middle
/// of its turn by the very worker that it has woken, again and again. On two cores,
/// with two workers, that took half as much processor time again per request.
#[cfg(target_os = "linux")]
fn yield_to_event_loops() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the pointer is to a valid struct that outlives the call, which only
    // reads it; 0 is the calling thread.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters) } != 0 {
        let error = io::Error::last_os_error();
        tracing::debug!(%error, "a worker stays in the default scheduling class");
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_event_loops() {}
