//! What the algorithms share, so that one test and one experiment serves all.

use std::error::Error;
use std::fmt;

use mpsc_queue::{ConsumerTaken, Pop, Queue, UniqueHandle};

/// A multi-producer single-consumer queue.
///
/// Any number of threads push through `&self`; one [`Consume`] at a time pops.
pub trait Mpsc: Sync {
    /// What travels through the queue.
    type Item;
    /// The consumer's side.
    type Consumer<'q>: Consume<Item = Self::Item>
    where
        Self: 'q;

    /// Appends an item.
    ///
    /// What the producer did before happens before the pop returns the item.
    ///
    /// # Errors
    ///
    /// [`Full`] gives the item back, if the queue is bounded and full. The
    /// unbounded ones never say so.
    fn push(&self, item: Self::Item) -> Result<(), Full<Self::Item>>;

    /// Takes the consumer's place. What an earlier consumer did happens before
    /// this returns.
    ///
    /// # Errors
    ///
    /// [`ConsumerTaken`] as long as another consumer exists.
    fn consumer(&self) -> Result<Self::Consumer<'_>, ConsumerTaken>;
}

/// The consumer's side of an [`Mpsc`] queue.
pub trait Consume {
    /// What travels through the queue.
    type Item;

    /// Takes an item out: the oldest, unless the algorithm says otherwise. Which
    /// of the three answers it can give, and what each means, the algorithm says.
    fn pop(&mut self) -> Pop<Self::Item>;
}

/// The error of a push into a bounded queue that is full. Holds the item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(
    /// What was to be pushed.
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

/// The workspace's own queue, beside the others.
impl<H: UniqueHandle + Send> Mpsc for Queue<H> {
    type Item = H;
    type Consumer<'q>
        = mpsc_queue::Consumer<&'q Self>
    where
        H: 'q;

    fn push(&self, item: H) -> Result<(), Full<H>> {
        let _ = Self::push(self, item);
        Ok(())
    }

    fn consumer(&self) -> Result<Self::Consumer<'_>, ConsumerTaken> {
        Self::consumer(self)
    }
}

impl<H: UniqueHandle + Send> Consume for mpsc_queue::Consumer<&Queue<H>> {
    type Item = H;

    fn pop(&mut self) -> Pop<H> {
        Self::pop(self)
    }
}
