//! A queue of pending requests with a thread that receives them.
//!
//! The requests' own links make up the queue, so that sending one allocates nothing.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::thread::{self, Thread};
use std::time::Instant;

use http_resume::Pending;
use mpsc_queue::{Chain, Receiver, Wake, WakingQueue};

/// The sending end, shared by all event loops. When it is dropped, the thread stops
/// after it has received everything that was sent.
pub(crate) struct WorkerQueue<W: Send + 'static> {
    shared: Arc<Shared<W>>,
    thread: Thread,
}

struct Shared<W> {
    queue: WakingQueue<Pending<W>, Unpark>,
    is_stopping: AtomicBool,
    /// Set while the thread sleeps or is about to. A hint.
    is_idle: AtomicBool,
}

/// Unparks the receiving thread, which registers itself before it parks.
#[derive(Default)]
struct Unpark(OnceLock<Thread>);

impl Wake for Unpark {
    fn wake(&self) {
        let thread = self.0.get();
        thread.expect("a parked thread is registered").unpark();
    }
}

impl<W: Send + 'static> WorkerQueue<W> {
    /// Starts a thread that runs `body` with the receiving end.
    pub(crate) fn spawn(
        name: String,
        body: impl FnOnce(WorkerReceiver<'_, W>) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: WakingQueue::with_waker(Unpark::default()),
            is_stopping: AtomicBool::new(false),
            is_idle: AtomicBool::new(false),
        });
        let shared_by_thread = Arc::clone(&shared);
        let handle = thread::Builder::new().name(name).spawn(move || {
            let queue = &shared_by_thread.queue;
            let registered = queue.waker().0.set(thread::current());
            registered.expect("no other thread receives");
            body(WorkerReceiver {
                shared: &shared_by_thread,
                receiver: queue.receiver().expect("no other receiver exists"),
            });
        })?;
        Ok(Self {
            shared,
            thread: handle.thread().clone(),
        })
    }

    pub(crate) fn send(&self, pending: Pending<W>) {
        self.shared.queue.push(pending);
    }

    /// Sends all requests of a chain, with at most one wake-up.
    pub(crate) fn send_all(&self, chain: Chain<Pending<W>>) {
        self.shared.queue.push_chain(chain);
    }

    /// Returns whether the thread has nothing to do. The result may be stale.
    pub(crate) fn is_idle(&self) -> bool {
        // Relaxed: a hint, stored in `WorkerReceiver::next`; correctness does not depend on it.
        self.shared.is_idle.load(Ordering::Relaxed)
    }
}

impl<W: Send + 'static> Drop for WorkerQueue<W> {
    fn drop(&mut self) {
        stop(&self.shared.is_stopping, || self.thread.unpark());
    }
}

/// Sets the flag, then wakes the thread, which would otherwise sleep again.
fn stop(is_stopping: &AtomicBool, wake: impl FnOnce()) {
    // Release pairs with the acquire in `WorkerReceiver::next`: all sends come before.
    is_stopping.store(true, Ordering::Release);
    wake();
}

/// The receiving end.
pub(crate) struct WorkerReceiver<'a, W: Send + 'static> {
    shared: &'a Shared<W>,
    receiver: Receiver<&'a WakingQueue<Pending<W>, Unpark>, Unpark>,
}

/// The result of [`WorkerReceiver::next`].
pub(crate) enum Next<W> {
    Item(Pending<W>),
    /// The deadline has passed.
    Deadline,
    /// Everything that was sent has been received, and nothing more will be sent.
    Stop,
}

impl<W: Send + 'static> WorkerReceiver<'_, W> {
    /// Blocks until a request is received, the deadline passes or the sending end is dropped.
    pub(crate) fn next(&mut self, deadline: Option<Instant>) -> Next<W> {
        loop {
            // Acquire pairs with the release in the drop of `WorkerQueue`: the pop that
            // follows sees everything that was sent before.
            let is_stopping = || self.shared.is_stopping.load(Ordering::Acquire);
            match poll(is_stopping, || self.receiver.pop_blocking()) {
                Poll::Ready(Some(pending)) => return Next::Item(pending),
                Poll::Ready(None) => return Next::Stop,
                Poll::Pending => {}
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Next::Deadline;
            }
            // A push and the drop both set the thread's park token, so a wake-up between
            // here and `thread::park` is not lost.
            let Some(parked) = self.receiver.park() else {
                continue;
            };
            // Relaxed (both stores): the hint that `is_idle` loads.
            self.shared.is_idle.store(true, Ordering::Relaxed);
            match left {
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
            self.shared.is_idle.store(false, Ordering::Relaxed);
            drop(parked);
        }
    }
}

/// Returns the next item, or `Ready(None)` if the queue is stopping and everything sent before
/// was popped. Reads the flag first: an item sent after a failed pop, and before the stop,
/// would be lost.
fn poll<T>(is_stopping: impl FnOnce() -> bool, pop: impl FnOnce() -> Option<T>) -> Poll<Option<T>> {
    let is_stopping = is_stopping();
    match pop() {
        None if !is_stopping => Poll::Pending,
        popped => Poll::Ready(popped),
    }
}
