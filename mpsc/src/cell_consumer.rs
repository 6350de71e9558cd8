//! A consumer behind a shared reference.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

use crate::backoff::Backoff;
use crate::consumer::{Consumer, Pop};
use crate::form::{Form, RawPop};
use crate::item::link_to_handle;
use crate::queue_ref::QueueRef;
use crate::waking::{NoWaker, Receiver};

/// A [`Consumer`] whose pop takes `&self`, for an API whose methods do. Made of a consumer, or of the
/// receiver of a [`PolledQueue`](crate::PolledQueue).
///
/// It costs nothing more, because it cannot be shared between threads (it is not `Sync`), so that
/// pops do not overlap. It can be sent to another thread.
///
/// # Examples
///
/// ```
/// use mpsc_queue::{CellConsumer, Link, Queue, linked};
///
/// struct Job { link: Link }
/// linked!(Job => link: Link);
///
/// struct Stealer<'q> {
///     jobs: CellConsumer<&'q Queue<Box<Job>>>,
/// }
///
/// impl Stealer<'_> {
///     fn steal(&self) -> Option<Box<Job>> {
///         self.jobs.pop().into_item()
///     }
/// }
///
/// let queue = Queue::new();
/// let stealer = Stealer { jobs: queue.consumer().unwrap().into() };
/// assert!(stealer.steal().is_none());
/// ```
pub struct CellConsumer<R: QueueRef> {
    consumer: Consumer<R>,
    /// Not `Sync`.
    cell: PhantomData<Cell<()>>,
}

impl<R: QueueRef> CellConsumer<R> {
    /// Removes and returns the oldest item. See [`Consumer::pop`].
    #[inline]
    pub fn pop(&self) -> Pop<R::Handle, <R::Form as Form>::Stall> {
        // SAFETY: this consumer is the only one. It is not `Sync`, and a pop of a link calls no code
        // of others, so calls do not overlap. (The handle is made afterwards.) Earlier consumers
        // happened before.
        match unsafe { self.consumer.bare_queue().pop() } {
            // SAFETY: all links in the queue come from handles of this type, and this one
            // has just left.
            RawPop::Item(link) => Pop::Item(unsafe { link_to_handle(link) }),
            RawPop::Empty => Pop::Empty,
            RawPop::Stalled(stall) => Pop::Stalled(stall),
            RawPop::Closed => Pop::Closed,
        }
    }

    /// Removes and returns the oldest item, waiting while the queue is stalled. **Blocking**: see
    /// [`Consumer::pop_blocking`].
    pub fn pop_blocking(&self) -> Option<R::Handle> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Some(handle),
                Pop::Empty | Pop::Closed => return None,
                Pop::Stalled(_) => backoff.snooze(),
            }
        }
    }

    /// Returns the consumer, to drain, to park or to close.
    pub fn get_mut(&mut self) -> &mut Consumer<R> {
        &mut self.consumer
    }

    /// Returns the consumer.
    pub fn into_inner(self) -> Consumer<R> {
        self.consumer
    }
}

impl<R: QueueRef> From<Consumer<R>> for CellConsumer<R> {
    fn from(consumer: Consumer<R>) -> Self {
        Self {
            consumer,
            cell: PhantomData,
        }
    }
}

impl<R: QueueRef<Waker = NoWaker>> From<Receiver<R>> for CellConsumer<R> {
    fn from(receiver: Receiver<R>) -> Self {
        receiver.into_consumer().into()
    }
}

impl<R: QueueRef> fmt::Debug for CellConsumer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CellConsumer")
            .field("queue", self.consumer.bare_queue())
            .finish()
    }
}
