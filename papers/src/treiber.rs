//! Treiber's stack, taken as a whole and reversed.
//!
//! R. K. Treiber, *Systems Programming: Coping with Parallelism*, IBM Research
//! Report RJ 5118, 1986: a push compare-exchanges the head of a list. Popping single
//! nodes would meet the ABA problem. A single consumer avoids that problem: it exchanges
//! the head for null, owns the whole list, and reverses it.
//!
//! ```text
//! push c:        newest ──► c ──► b ──► a          one compare-exchange
//! pop:           newest ──► null   c ──► b ──► a   one exchange takes all of it,
//!                batch ──► a ──► b ──► c           which is then reversed
//! ```
//!
//! | | |
//! |---|---|
//! | push | lock-free, not wait-free: the compare-exchange can fail as often as others succeed. One read-modify-write without contention, no allocation |
//! | pop | wait-free. One exchange per batch. The pop that takes a batch of n items takes O(n), so latency is uneven |
//! | order | FIFO in the order of the successful compare-exchanges |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](Pop::Stalled) | never |
//! | memory | one word per item, in its node |
//! | a frozen producer | delays no other item: before its compare-exchange it has changed nothing, afterwards the push is complete |

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith};
use crate::queue::{Full, Mpsc};
use crate::sync::{AtomicPtr, Ordering, UnsafeCell};

/// A stack of boxed [nodes](Node), popped in batches. See the [module](self).
pub struct Treiber<T> {
    /// The newest node that the consumer has not taken.
    newest: CachePadded<AtomicPtr<Node<T>>>,
    consumer: CachePadded<ConsumerCell<Batch<T>>>,
}

/// A value and its link. Producers push a box of this, and the consumer pops the same
/// box, so neither allocates.
pub struct Node<T> {
    /// The next older node in the stack, the next newer node in a batch. Meaningless
    /// while the node is in no queue.
    next: UnsafeCell<*mut Node<T>>,
    value: T,
}

/// The nodes that the consumer has taken and not returned yet, from the oldest to the
/// newest.
pub struct Batch<T> {
    oldest: *mut Node<T>,
}

// SAFETY: moving the queue moves the values in it.
unsafe impl<T: Send> Send for Treiber<T> {}
// SAFETY: `&Treiber` moves values from one thread to another, and shares no reference
// to a value. `ConsumerCell` protects the batch.
unsafe impl<T: Send> Sync for Treiber<T> {}

// SAFETY: moving a node moves its value. Outside a queue `next` is not followed.
unsafe impl<T: Send> Send for Node<T> {}
// SAFETY: `&Node` gives access to the value only.
unsafe impl<T: Sync> Sync for Node<T> {}

// SAFETY: a batch owns its nodes.
unsafe impl<T: Send> Send for Batch<T> {}

impl<T> Treiber<T> {
    /// Creates an empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self {
            newest: CachePadded::new(AtomicPtr::new(ptr::null_mut())),
            consumer: CachePadded::new(ConsumerCell::new(Batch::empty())),
        }
    }

    /// Takes all nodes of the stack.
    fn take_all(&self) -> Batch<T> {
        // Spares an idle consumer the exchange. Relaxed: only null matters, which the
        // consumer alone writes. Coherence forbids it to read a null that is older than
        // a push that happens before.
        if self.newest.load(Ordering::Relaxed).is_null() {
            return Batch::empty();
        }
        // Acquire pairs with the release of all compare-exchanges in `push`, because
        // each continues the release sequence of the previous one.
        let newest = self.newest.swap(ptr::null_mut(), Ordering::Acquire);
        Batch {
            oldest: reverse(newest),
        }
    }
}

/// Reverses a list.
fn reverse<T>(newest: *mut Node<T>) -> *mut Node<T> {
    let (mut rest, mut reversed) = (newest, ptr::null_mut());
    while !rest.is_null() {
        // SAFETY: the nodes have left the stack and belong to the caller.
        let older = unsafe { (*rest).next.with_mut(|next| next.replace(reversed)) };
        reversed = rest;
        rest = older;
    }
    reversed
}

impl<T: Send> Mpsc for Treiber<T> {
    type Item = Box<Node<T>>;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        T: 'q;

    fn push(&self, node: Box<Node<T>>) -> Result<(), Full<Box<Node<T>>>> {
        let node = Box::into_raw(node);
        // Relaxed: the pointer is stored and compared, not followed.
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node belongs to this push until the exchange below succeeds.
            unsafe { (*node).next.with_mut(|next| next.write(newest)) };
            // Release pairs with the acquire in `take_all`: the value and `next`. If
            // `newest` was popped and pushed again meanwhile, it is the newest node
            // again, so the link is right. Relaxed on failure: as the load.
            match self.newest.compare_exchange_weak(
                newest,
                node,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => newest = now,
            }
        }
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.consumer)
    }
}

impl<T> PopWith for Treiber<T> {
    type Item = Box<Node<T>>;
    type State = Batch<T>;

    #[inline]
    fn pop_with(&self, batch: &mut Batch<T>) -> Pop<Box<Node<T>>> {
        // Every node of the batch is older than every node of the stack.
        let oldest = batch.next().or_else(|| {
            *batch = self.take_all();
            batch.next()
        });
        oldest.map_or(Pop::Empty, Pop::Item)
    }
}

impl<T> Node<T> {
    /// Creates a node that is in no queue.
    pub fn new(value: T) -> Box<Self> {
        Box::new(Self {
            next: UnsafeCell::new(ptr::null_mut()),
            value,
        })
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Batch<T> {
    fn empty() -> Self {
        Self {
            oldest: ptr::null_mut(),
        }
    }
}

impl<T> Iterator for Batch<T> {
    type Item = Box<Node<T>>;

    fn next(&mut self) -> Option<Box<Node<T>>> {
        if self.oldest.is_null() {
            return None;
        }
        // SAFETY: the batch owns its nodes, which come from `Box::into_raw`. This node
        // leaves the batch here.
        let node = unsafe { Box::from_raw(self.oldest) };
        // SAFETY: the box gives exclusive access to the node.
        self.oldest = node.next.with(|next| unsafe { *next });
        Some(node)
    }
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        for node in self {
            drop(node);
        }
    }
}

impl<T> Default for Treiber<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Treiber<T> {
    fn drop(&mut self) {
        // The nodes that the consumer has taken are dropped with the batch.
        drop(self.take_all());
    }
}

impl<T> fmt::Debug for Treiber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Treiber").finish_non_exhaustive()
    }
}

impl<T> Deref for Node<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Node<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.value).finish()
    }
}
