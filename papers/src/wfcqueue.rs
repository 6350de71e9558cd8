//! The splice of liburcu's `wfcqueue`: exchange, then link, and a consumer that takes all.
//!
//! Lai Jiangshan and M. Desnoyers, `urcu/wfcqueue.h`, 2012. A push is that of `mpsc-queue`.
//! The consumer takes everything by two exchanges, first of the front and then of the back,
//! and walks what it got.
//!
//! ```text
//! push c:   1. previous = exchange back for c       2. previous.next = c, or front = c
//! splice:   1. first = exchange front for null      null, but back is not: stalled
//!           2. last = exchange back for null        first to last is the consumer's
//! walk:     first ──► a ──► b      last             a push is in the gap: stalled
//! ```
//!
//! | | |
//! |---|---|
//! | push | wait-free where the exchange is one instruction. One read-modify-write, no allocation |
//! | pop | wait-free. Two exchanges per batch |
//! | order | FIFO in the order of the exchanges |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](Pop::Stalled) | the push of the next item had not stored its link when last read |
//! | memory | one word per item, in the item |
//! | a frozen producer | between its exchange and its link, delays its own and every later item, and the item before if the consumer takes both in one batch |
//!
//! *Simplified.* liburcu splices into a second queue, from which items are dequeued. The
//! batch here belongs to the consumer. Null stands for the head node, so the queue can be
//! moved. The walk never waits at a gap, as liburcu's functions ending in `_nonblocking`.

use std::fmt;
use std::mem;
use std::ptr;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop, Stall};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith, drop_items};
use crate::next::{HasNext, next_of};
use crate::queue::{Full, Mpsc};
use crate::sync::{AtomicPtr, Ordering};

/// A queue of boxed items that embed a link, popped in batches. See the [module](self).
pub struct WfcQueue<N: HasNext> {
    /// The newest item that the consumer has not taken.
    back: CachePadded<AtomicPtr<N>>,
    /// The oldest item that the consumer has not taken. Null if the queue is empty, or
    /// while the push into the empty queue has not stored it.
    front: CachePadded<AtomicPtr<N>>,
    consumer: CachePadded<ConsumerCell<Batch<N>>>,
}

/// The items that the consumer has taken and not returned yet. Both ends are null if there
/// are none.
pub struct Batch<N> {
    first: *mut N,
    last: *mut N,
}

// SAFETY: a batch owns its items.
unsafe impl<N: Send> Send for Batch<N> {}

impl<N: HasNext> WfcQueue<N> {
    /// Creates an empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self {
            back: CachePadded::new(AtomicPtr::new(ptr::null_mut())),
            front: CachePadded::new(AtomicPtr::new(ptr::null_mut())),
            consumer: CachePadded::new(ConsumerCell::new(Batch::empty())),
        }
    }

    /// Takes all items, unless the queue is empty or the push of its oldest item is in the
    /// gap.
    fn splice(&self) -> Result<Batch<N>, Pop<Box<N>>> {
        // Spares an idle consumer the exchange. Relaxed: the exchange below reads it again.
        if self.front.load(Ordering::Relaxed).is_null() {
            // Relaxed: only null matters, which the consumer alone writes. Coherence
            // forbids it to read a null that is older than a push that happens before.
            return Err(if self.back.load(Ordering::Relaxed).is_null() {
                Pop::Empty
            } else {
                Pop::Stalled(Stall)
            });
        }
        // Acquire pairs with the release in `push`: the oldest item.
        let first = self.front.swap(ptr::null_mut(), Ordering::Acquire);
        // Release pairs with the acquire of the next exchange in `push`: the null above
        // comes before that push stores the front.
        let last = self.back.swap(ptr::null_mut(), Ordering::Release);
        Ok(Batch { first, last })
    }
}

impl<N: HasNext + Send> Mpsc for WfcQueue<N> {
    type Item = Box<N>;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        N: 'q;

    fn push(&self, item: Box<N>) -> Result<(), Full<Box<N>>> {
        let item = Box::into_raw(item);
        // SAFETY: the push owns the item. Relaxed: the exchange publishes the link.
        unsafe { next_of(item) }.store(ptr::null_mut(), Ordering::Relaxed);
        // Release and acquire pair with each other in successive pushes: the null of
        // `previous` comes before the link below. Acquire pairs also with the release in
        // `splice`.
        let previous = self.back.swap(item, Ordering::AcqRel);
        if previous.is_null() {
            // Release pairs with the acquire in `splice`.
            self.front.store(item, Ordering::Release);
        } else {
            // SAFETY: the consumer keeps an item that is not the last of its batch until
            // its link is set, and only this push sets the link of `previous`. Release
            // pairs with the acquire in `pop_with`.
            unsafe { next_of(previous) }.store(item, Ordering::Release);
        }
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.consumer)
    }
}

impl<N: HasNext> PopWith for WfcQueue<N> {
    type Item = Box<N>;
    type State = Batch<N>;

    #[inline]
    fn pop_with(&self, batch: &mut Batch<N>) -> Pop<Box<N>> {
        if batch.first.is_null() {
            match self.splice() {
                Ok(taken) => *batch = taken,
                Err(result) => return result,
            }
        }
        batch.pop()
    }
}

impl<N: HasNext> Batch<N> {
    fn empty() -> Self {
        Self {
            first: ptr::null_mut(),
            last: ptr::null_mut(),
        }
    }

    /// Pops the first item. The batch is not empty.
    #[inline]
    fn pop(&mut self) -> Pop<Box<N>> {
        let first = self.first;
        if first == self.last {
            *self = Self::empty();
        } else {
            // SAFETY: the batch owns its items. Acquire pairs with the release in `push`:
            // the next item.
            let next = unsafe { next_of(first) }.load(Ordering::Acquire);
            if next.is_null() {
                return Pop::Stalled(Stall);
            }
            self.first = next;
        }
        // SAFETY: the item comes from `Box::into_raw`, and has just left the batch. No push
        // accesses it any more: its link is set, or the exchange of the back has hidden it.
        Pop::Item(unsafe { Box::from_raw(first) })
    }
}

impl<N: HasNext> Default for WfcQueue<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: HasNext> Drop for WfcQueue<N> {
    fn drop(&mut self) {
        let mut batch = mem::replace(self.consumer.get_mut(), Batch::empty());
        // No push is in flight, so this ends when the queue is empty.
        drop_items(self, &mut batch);
    }
}

impl<N: HasNext> fmt::Debug for WfcQueue<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WfcQueue").finish_non_exhaustive()
    }
}
