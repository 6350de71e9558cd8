//! The traits that all algorithms implement, so one test and one experiment serve all.

use std::error::Error;
use std::fmt;

use mpsc_queue::{ConsumerTaken, Form, Pop, Queue, Stall, UniqueHandle};

/// A multi-producer single-consumer queue.
///
/// Any number of threads push through `&self`; one [`Consume`] at a time pops.
pub trait Mpsc: Sync {
    /// The type of the items.
    type Item;
    /// The consumer.
    type Consumer<'q>: Consume<Item = Self::Item>
    where
        Self: 'q;

    /// Pushes an item.
    ///
    /// The producer's earlier operations happen before the pop returns the item.
    ///
    /// # Errors
    ///
    /// [`Full`] with the item if the queue is bounded and full. Unbounded queues never
    /// return it.
    fn push(&self, item: Self::Item) -> Result<(), Full<Self::Item>>;

    /// Returns the consumer. The operations of earlier consumers happen before.
    ///
    /// # Errors
    ///
    /// [`ConsumerTaken`] as long as another consumer exists.
    fn consumer(&self) -> Result<Self::Consumer<'_>, ConsumerTaken>;
}

/// The consumer of an [`Mpsc`] queue.
pub trait Consume {
    /// The type of the items.
    type Item;

    /// Pops an item. Each algorithm documents its order, the results that it can
    /// return, and their meaning.
    fn pop(&mut self) -> Pop<Self::Item>;
}

/// The error of a push into a full queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(
    /// The item that was not pushed.
    pub T,
);

impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Full").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is full")
    }
}

impl<T> Error for Full<T> {}

impl<H: UniqueHandle + Send, F: Form> Mpsc for Queue<H, F> {
    type Item = H;
    type Consumer<'q>
        = mpsc_queue::Consumer<&'q Self>
    where
        H: 'q;

    fn push(&self, item: H) -> Result<(), Full<H>> {
        // A consumer behind `Consume` never parks, so no wake-up is due.
        let _ = Self::push(self, item);
        Ok(())
    }

    fn consumer(&self) -> Result<Self::Consumer<'_>, ConsumerTaken> {
        Self::consumer(self)
    }
}

impl<H: UniqueHandle + Send, F: Form> Consume for mpsc_queue::Consumer<&Queue<H, F>> {
    type Item = H;

    fn pop(&mut self) -> Pop<H> {
        match Self::pop(self) {
            Pop::Item(item) => Pop::Item(item),
            Pop::Empty => Pop::Empty,
            // In a gap-free queue, this arm has no value.
            Pop::Stalled(_) => Pop::Stalled(Stall),
            Pop::Closed => Pop::Closed,
        }
    }
}
