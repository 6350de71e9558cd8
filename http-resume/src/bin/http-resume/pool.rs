//! A worker pool. Each worker has its own channel, and ends when the pool is dropped, after
//! everything that was handed over.
//!
//! Work goes to an idle worker, or to the next one in turn, and stays there: it waits for the
//! work ahead of it even if another worker becomes idle. That suits work of uniform size.

use std::cell::RefCell;
use std::io;
use std::mem;

use http_resume::Wait;
use mpsc_queue::channel::{Receiver, Sender, channel};
use mpsc_queue::{Chain, UniqueHandle};
use thread_local::ThreadLocal;

use super::panic::catch_panic;
use super::sync::{Arc, AtomicBool, AtomicUsize, Ordering, thread};

/// Work that a pool can do, for example a pending request.
pub(crate) trait Work: UniqueHandle + Send + 'static {
    /// Does the work, and gives the result to the one who waits for it.
    fn run(self);
}

pub(crate) struct Pool<W: Work> {
    workers: Vec<Worker<W>>,
    /// For each event loop, a chain per worker of the work not handed over yet.
    outboxes: ThreadLocal<RefCell<Vec<Chain<W>>>>,
    next: AtomicUsize,
}

/// The pool's end of a worker.
struct Worker<W: Work> {
    work: Sender<W>,
    /// Set while the worker waits for work. A hint.
    is_idle: Arc<AtomicBool>,
}

impl<W: Work> Pool<W> {
    /// Starts the workers, which wait for work by this strategy.
    pub(crate) fn new(workers: usize, wait: Wait) -> io::Result<Self> {
        let spawned = (0..workers).map(|index| Worker::spawn(index, wait));
        let spawned: io::Result<_> = spawned.collect();
        Ok(Self {
            workers: spawned.map_err(|error| {
                let message = format!("cannot start {workers} workers (--workers): {error}");
                io::Error::new(error.kind(), message)
            })?,
            outboxes: ThreadLocal::new(),
            next: AtomicUsize::new(0),
        })
    }

    /// Submits work. It reaches its worker with the next [`hand_over`](Self::hand_over) on this
    /// thread.
    pub(crate) fn submit(&self, work: W) {
        // Relaxed: any number will do.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.workers.len();
        let mut candidates = (0..count).map(|offset| (turn + offset) % count);
        // Relaxed: a hint, stored in `Worker::run`.
        let is_idle = |&worker: &usize| self.workers[worker].is_idle.load(Ordering::Relaxed);
        let idle = candidates.find(is_idle);
        let chains = self.outboxes.get_or(|| {
            let chains = (0..count).map(|_| Chain::new());
            RefCell::new(chains.collect())
        });
        chains.borrow_mut()[idle.unwrap_or(turn % count)].push(work);
    }

    /// Sends each worker the work submitted on this thread, with one push and at most one
    /// wake-up per worker.
    pub(crate) fn hand_over(&self) {
        let Some(chains) = self.outboxes.get() else {
            return;
        };
        for (chain, worker) in chains.borrow_mut().iter_mut().zip(&self.workers) {
            if !chain.is_empty() {
                // A worker does not end before the pool. If it did, dropping the refused work
                // would answer the requests with 500.
                drop(worker.work.send_chain(mem::take(chain)));
            }
        }
    }
}

impl<W: Work> Worker<W> {
    fn spawn(index: usize, wait: Wait) -> io::Result<Self> {
        let (work, mut receiver) = channel();
        receiver.set_wait(wait);
        let is_idle = Arc::new(AtomicBool::new(false));
        let worker_is_idle = Arc::clone(&is_idle);
        thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || Self::run(receiver, &worker_is_idle))?;
        Ok(Self { work, is_idle })
    }

    fn run(mut receiver: Receiver<W>, is_idle: &AtomicBool) {
        yield_to_event_loops();
        while let Some(work) = Self::receive(&mut receiver, is_idle) {
            // A panic drops the work, so the client gets a 500.
            catch_panic(|| work.run());
        }
    }

    /// Receives the next work. Returns `None` if the pool is gone and everything that it handed
    /// over has been received.
    fn receive(receiver: &mut Receiver<W>, is_idle: &AtomicBool) -> Option<W> {
        if let Ok(work) = receiver.try_recv() {
            return Some(work);
        }
        // Relaxed (both stores): the hint that `Pool::submit` loads.
        is_idle.store(true, Ordering::Relaxed);
        let received = receiver.recv();
        is_idle.store(false, Ordering::Relaxed);
        received.ok()
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
