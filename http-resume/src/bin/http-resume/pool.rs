//! A worker pool. Each worker has its own queue.
//!
//! A request goes to an idle worker, or to the next one in turn, and stays there: it waits
//! for the work ahead of it even if another worker becomes idle. That suits work of uniform
//! size.

use std::cell::RefCell;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use http_resume::Pending;
use mpsc_queue::Chain;
use thread_local::ThreadLocal;

use super::worker_queue::{Next, WorkerQueue, WorkerReceiver};

/// Work that a pool can do.
pub(crate) trait Work: Send + Sized + 'static {
    /// Does the work, stores the result in it and resumes the request.
    fn run(pending: Pending<Self>);
}

pub(crate) struct Pool<W: Work> {
    workers: Vec<WorkerQueue<W>>,
    /// For each event loop, a chain per worker of the requests not handed over yet.
    outboxes: ThreadLocal<RefCell<Vec<Chain<Pending<W>>>>>,
    next: AtomicUsize,
}

impl<W: Work> Pool<W> {
    pub(crate) fn new(workers: usize) -> io::Result<Self> {
        let spawn = |index| WorkerQueue::spawn(format!("worker-{index}"), run_worker);
        let spawned: io::Result<_> = (0..workers).map(spawn).collect();
        Ok(Self {
            workers: spawned.map_err(|error| {
                let message = format!("cannot start {workers} workers (--workers): {error}");
                io::Error::new(error.kind(), message)
            })?,
            outboxes: ThreadLocal::new(),
            next: AtomicUsize::new(0),
        })
    }

    /// Submits a request. It reaches its worker with the next
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

    /// Sends each worker the requests submitted on this thread, with one push and at most
    /// one wake-up per worker.
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

fn run_worker<W: Work>(mut receiver: WorkerReceiver<'_, W>) {
    yield_to_event_loops();
    while let Next::Item(pending) = receiver.next(None) {
        // A panic drops `pending`, so the client gets a 500. The panic hook has reported it.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| W::run(pending))) {
            mem::forget(payload); // dropping it could panic again
        }
    }
}

/// Moves this thread to `SCHED_BATCH`: it keeps its share of the CPU, but waking it does
/// not preempt the running thread.
///
/// Under the default policy, a worker often preempts the event loop that has just woken it.
/// With two workers on two cores this cost up to 50 % more CPU time per request.
#[cfg(target_os = "linux")]
fn yield_to_event_loops() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the pointer is to a valid struct that outlives the call, which only
    // reads it; 0 is the calling thread.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters) } != 0 {
        let error = io::Error::last_os_error();
        tracing::debug!(%error, "a worker keeps the default scheduling policy");
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_event_loops() {}
