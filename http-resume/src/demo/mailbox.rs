//! How pending responses reach a thread of the background: through a queue that
//! their own links make up, so that handing one over allocates nothing.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

use http_resume::Pending;
use mpsc_queue::{Chain, Receiver, Wake, WakingQueue};

/// The sending end, shared by all event loops. Dropping it stops the thread, as
/// soon as that has taken out what was sent.
pub(crate) struct Mailbox<W: Send + 'static> {
    shared: Arc<Shared<W>>,
    thread: Thread,
}

struct Shared<W> {
    queue: WakingQueue<Pending<W>, Unpark>,
    stopping: AtomicBool,
    /// Whether the thread sleeps, or is about to. A hint.
    idle: AtomicBool,
}

/// Wakes the thread, once it is known.
#[derive(Default)]
struct Unpark(OnceLock<Thread>);

impl Wake for Unpark {
    fn wake(&self) {
        let thread = self.0.get();
        thread
            .expect("the thread registers before it parks")
            .unpark();
    }
}

impl<W: Send + 'static> Mailbox<W> {
    /// Starts a thread that runs `body`, with the receiving end.
    pub(crate) fn spawn(
        name: String,
        body: impl FnOnce(Mail<'_, W>) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: WakingQueue::with_waker(Unpark::default()),
            stopping: AtomicBool::new(false),
            idle: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let handle: JoinHandle<()> = thread::Builder::new().name(name).spawn(move || {
            let thread = of_thread.queue.waker().0.set(thread::current());
            thread.expect("one thread receives");
            let receiver = of_thread.queue.receiver().expect("one thread receives");
            body(Mail {
                shared: &of_thread,
                receiver,
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

    /// Sends all of a chain, with one wake-up at most.
    pub(crate) fn send_all(&self, chain: Chain<Pending<W>>) {
        self.shared.queue.push_chain(chain);
    }

    /// Whether the thread has nothing to do. A guess.
    pub(crate) fn is_idle(&self) -> bool {
        // Relaxed: a hint, stored in `Mail::next`; nothing hangs on it.
        self.shared.idle.load(Ordering::Relaxed)
    }
}

impl<W: Send + 'static> Drop for Mailbox<W> {
    fn drop(&mut self) {
        stop(&self.shared.stopping, || self.thread.unpark());
    }
}

/// Sets the flag, then wakes the thread: one woken before would sleep again.
fn stop(stopping: &AtomicBool, wake: impl FnOnce()) {
    // Release pairs with the acquire in `Mail::next`: all was sent before.
    stopping.store(true, Ordering::Release);
    wake();
}

/// The receiving end.
pub(crate) struct Mail<'a, W: Send + 'static> {
    shared: &'a Shared<W>,
    receiver: Receiver<&'a WakingQueue<Pending<W>, Unpark>, Unpark>,
}

/// What the thread was woken for.
pub(crate) enum Next<W> {
    Item(Pending<W>),
    /// Only if a deadline was given.
    Deadline,
    /// Everything that was sent has been received, and no more will be.
    Stop,
}

impl<W: Send + 'static> Mail<'_, W> {
    /// Sleeps until there is something to do.
    pub(crate) fn next(&mut self, deadline: Option<Instant>) -> Next<W> {
        loop {
            // Acquire pairs with the release in the drop of `Mailbox`: what was
            // sent before is seen by the pop that follows.
            let is_stopping = || self.shared.stopping.load(Ordering::Acquire);
            match poll(is_stopping, || self.receiver.pop_blocking()) {
                Poll::Ready(Some(pending)) => return Next::Item(pending),
                Poll::Ready(None) => return Next::Stop,
                Poll::Pending => {}
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Next::Deadline;
            }
            // Both wake-ups, by a push and by the drop, set the thread's token: if
            // they come between here and the sleep, there is none.
            let Some(parked) = self.receiver.park() else {
                continue;
            };
            // Relaxed (twice): the hint read by `is_idle`.
            self.shared.idle.store(true, Ordering::Relaxed);
            match left {
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
            self.shared.idle.store(false, Ordering::Relaxed);
            drop(parked);
        }
    }
}

/// Returns the next item, or `Ready(None)` if the mailbox is stopping and everything
/// sent before is popped. Reads the flag first: an item sent after a failed pop, and
/// before the stop, would be lost.
fn poll<T>(is_stopping: impl FnOnce() -> bool, pop: impl FnOnce() -> Option<T>) -> Poll<Option<T>> {
    let stopping = is_stopping();
    match pop() {
        None if !stopping => Poll::Pending,
        popped => Poll::Ready(popped),
    }
}
