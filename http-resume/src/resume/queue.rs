//! The resume queue of an event loop, and what happens to it when the loop ends.
//!
//! An event loop that ends leaves its queue empty, parked and marked as closed. The next
//! push therefore gets `Wakeup::Needed`, sees the mark and drains the queue itself.
//! Pushes to an open queue pay nothing for this, because only a push that must wake reads
//! the mark.
//!
//! | state | parked | `is_closed` | holds the consumer, and pops | a push that finds the queue parked |
//! |---|---|---|---|---|
//! | open, loop awake | no | no | the event loop | |
//! | open, loop asleep | yes | no | the event loop | wakes the loop |
//! | closing | no | yes | the event loop's thread, under `drain_lock` | |
//! | closed | yes | yes | no thread | drains the queue |
//! | closed, draining | no | yes | the thread whose push found the queue parked, under `drain_lock` | |
//!
//! - *No item is lost.* A queue leaves *closed* only by a push that then drains it; no code
//!   between that push and its drain can fail. *Closing* and *draining* end only by a park,
//!   which succeeds only on an empty queue.
//! - *No item is dropped twice.* Only the thread that holds the consumer pops.
//! - *No deadlock.* Popped items are dropped after `drain_lock` is released, so no user code
//!   runs under the lock. A drop that resumes another request is a push like any other.

use std::fmt;
use std::mem;

use mpsc_queue::{Chain, Consumer, Drain, Parked, Queue, Uncounted, UniqueHandle};

use crate::sync::{AtomicBool, Mutex, Ordering};

/// The queue of one event loop, with the means to wake it.
pub struct ResumeQueue<T: UniqueHandle> {
    queue: Queue<T>,
    /// Interrupts the loop's poll. Has no effect after the loop has ended.
    wake: Box<dyn Fn() + Send + Sync>,
    /// Set if the server was asked to stop.
    is_stopping: AtomicBool,
    /// Set if the loop has ended. Written before the queue is parked for good.
    is_closed: AtomicBool,
    /// Held while the queue of a loop that has ended is drained.
    drain_lock: Mutex<()>,
}

impl<T: UniqueHandle> ResumeQueue<T> {
    /// Creates a queue whose event loop is woken by `wake`.
    #[must_use]
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            queue: Queue::new(),
            wake: Box::new(wake),
            is_stopping: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            drain_lock: Mutex::new(()),
        }
    }

    /// Returns the event loop's end of the queue.
    ///
    /// # Panics
    ///
    /// Panics if the event loop already has it.
    #[must_use]
    pub fn consumer(&self) -> ResumeConsumer<'_, T> {
        let consumer = self.queue.consumer();
        ResumeConsumer {
            queue: self,
            consumer: Some(consumer.expect("the queue has one event loop")),
        }
    }

    /// Asks the event loop to stop, and wakes it.
    pub fn stop(&self) {
        // Release pairs with the acquire in `is_stopping`.
        self.is_stopping.store(true, Ordering::Release);
        (self.wake)();
    }

    /// Returns whether the event loop was asked to stop. A loop that checks after each poll
    /// does not miss the request, because the wake-up follows the store.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        // Acquire pairs with the release in `stop`.
        self.is_stopping.load(Ordering::Acquire)
    }

    pub(super) fn push(&self, item: T) {
        if !self.queue.push(item).is_needed() {
            return;
        }
        // Relaxed: if the push replaced a park of `close` or of a later drain, its exchange
        // acquired what the park released, and `is_closed` was stored before that park.
        // Otherwise the loop was asleep, and either value is correct: if the loop has ended
        // since, it has drained the queue itself, and draining it again finds nothing.
        if self.is_closed.load(Ordering::Relaxed) {
            self.drain_closed();
        } else {
            (self.wake)();
        }
    }

    /// Drains the queue in place of a loop that has ended.
    fn drain_closed(&self) {
        let lock = self.drain_lock.lock();
        let consumer = self.queue.consumer();
        let consumer = consumer.expect("the consumer is returned before `drain_lock` is released");
        let drained = drain_and_park(consumer);
        drop(lock);
        drop(drained); // may run user code, hence after the lock
    }

    /// Leaves the queue empty, parked and marked as closed.
    fn close(&self, consumer: Consumer<&Queue<T>>) {
        let lock = self.drain_lock.lock();
        // Relaxed: published by the park that follows, to the load in `push`.
        self.is_closed.store(true, Ordering::Relaxed);
        let drained = drain_and_park(consumer);
        drop(lock);
        drop(drained); // may run user code, hence after the lock
    }
}

/// Pops until the queue can be parked, and leaves it parked. Blocks only for pushes between
/// their exchange and their link.
fn drain_and_park<T: UniqueHandle>(mut consumer: Consumer<&Queue<T>>) -> Chain<T> {
    let mut drained = Chain::new();
    loop {
        while let Some(item) = consumer.pop_blocking() {
            drained.push(item);
        }
        if let Some(parked) = consumer.park() {
            mem::forget(parked); // leaves the queue parked: the next push must drain it
            return drained;
        }
    }
}

impl<T: UniqueHandle> fmt::Debug for ResumeQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeQueue")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// The event loop's end of a [`ResumeQueue`]. Dropping it closes the queue.
#[derive(Debug)]
pub struct ResumeConsumer<'a, T: UniqueHandle> {
    queue: &'a ResumeQueue<T>,
    /// `Some` until the drop.
    consumer: Option<Consumer<&'a Queue<T>>>,
}

impl<'a, T: UniqueHandle> ResumeConsumer<'a, T> {
    /// Pops at most `limit` items.
    pub fn drain(&mut self, limit: usize) -> Drain<'_, T, Uncounted> {
        self.consumer_mut().drain(limit)
    }

    /// Announces that the event loop is about to sleep. Returns `None` if it must not,
    /// because the queue is not empty.
    pub fn park(&mut self) -> Option<Parked<'_>> {
        self.consumer_mut().park()
    }

    fn consumer_mut(&mut self) -> &mut Consumer<&'a Queue<T>> {
        let consumer = self.consumer.as_mut();
        consumer.expect("the consumer is present until the drop")
    }
}

impl<T: UniqueHandle> Drop for ResumeConsumer<'_, T> {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            self.queue.close(consumer);
        }
    }
}
