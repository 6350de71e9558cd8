//! The resume queue of an event loop, and its end.
//!
//! | queue | a resume | the event loop |
//! |---|---|---|
//! | open, loop awake | is queued | pops it |
//! | open, loop asleep | is queued, and wakes the loop if it is the first | pops it |
//! | closed | is refused: the resuming thread counts it as late and drops it | pops what was queued before, counts it as late and drops it |
//!
//! The queue is [gap-free](GapFree), for two reasons.
//!
//! - *Closing is exact.* The compare-exchange of a resume comes before the exchange of the close,
//!   and the loop pops the item, or it finds the queue closed, and the resuming thread keeps the
//!   item. In the other forms, a third thread that is refused may drop the item. The item has no
//!   handle on the queue while it is queued, so that drop could not count it.
//! - *The queue is never stalled*, so a worker that is descheduled within a resume does not
//!   keep the loop from the resumes behind it, nor from its end.
//!
//! A resume costs one compare-exchange, and another one for each resume that comes first.

use std::fmt;

use mpsc_queue::{Closed, Consumer, Drain, GapFree, Parked, Pop, Queue, UniqueHandle};

use crate::sync::{AtomicBool, Ordering};

/// The queue of one event loop, with the means to wake it.
pub struct ResumeQueue<T: UniqueHandle> {
    queue: Queue<T, GapFree>,
    /// Interrupts the loop's poll. Has no effect after the loop has ended.
    wake: Box<dyn Fn() + Send + Sync>,
    /// Counts an item that the loop does not receive.
    count_late: Box<dyn Fn() + Send + Sync>,
    /// Set if the server was asked to stop.
    is_stopping: AtomicBool,
}

impl<T: UniqueHandle> ResumeQueue<T> {
    /// Creates a queue whose event loop is woken by `wake`.
    #[must_use]
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            queue: Queue::with_form(GapFree),
            wake: Box::new(wake),
            count_late: Box::new(|| {}),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Calls `count` for each item that the event loop does not receive because it has ended,
    /// before the item is dropped.
    #[must_use]
    pub fn count_late(mut self, count: impl Fn() + Send + Sync + 'static) -> Self {
        self.count_late = Box::new(count);
        self
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
            consumer: consumer.expect("the queue has one event loop"),
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

    /// Appends an item and wakes the event loop if it is parked. Drops the item if the loop
    /// has ended.
    pub(super) fn push(&self, item: T) {
        match self.queue.push(item) {
            Ok(wakeup) if wakeup.is_needed() => (self.wake)(),
            Ok(_) => {}
            Err(Closed(late)) => self.drop_late(late),
        }
    }

    fn drop_late(&self, late: T) {
        (self.count_late)();
        drop(late);
    }
}

impl<T: UniqueHandle> fmt::Debug for ResumeQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeQueue")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// The event loop's end of a [`ResumeQueue`]. Dropping it closes the queue, and drops the
/// items that are still in it.
#[derive(Debug)]
pub struct ResumeConsumer<'a, T: UniqueHandle> {
    queue: &'a ResumeQueue<T>,
    consumer: Consumer<&'a Queue<T, GapFree>>,
}

impl<T: UniqueHandle> ResumeConsumer<'_, T> {
    /// Pops at most `limit` items.
    pub fn drain(&mut self, limit: usize) -> Drain<'_, T, GapFree> {
        self.consumer.drain(limit)
    }

    /// Returns whether there is nothing to pop.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.queue.is_empty()
    }

    /// Announces that the event loop is about to sleep. Returns `None` if it must not,
    /// because the queue is not empty.
    pub fn park(&mut self) -> Option<Parked<'_>> {
        self.consumer.park()
    }
}

impl<T: UniqueHandle> Drop for ResumeConsumer<'_, T> {
    fn drop(&mut self) {
        self.consumer.close();
        while let Pop::Item(late) = self.consumer.pop() {
            self.queue.drop_late(late);
        }
    }
}
