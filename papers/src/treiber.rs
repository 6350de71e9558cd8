//! Treiber's stack, taken as a whole and reversed.
//!
//! R. K. Treiber, *Systems Programming: Coping with Parallelism*, IBM Research
//! Report RJ 5118, 1986: a push compare-exchanges the head of a list. Whoever pops
//! single nodes from it has to face the ABA problem. A single consumer need not:
//! it exchanges the head for null, owns the whole list, and reverses it.
//!
//! ```text
//! push c:        newest ──► c ──► b ──► a          one compare-exchange
//! pop:           newest ──► null   c ──► b ──► a   one exchange takes all of it,
//!                batch ──► a ──► b ──► c           which is then reversed
//! ```
//!
//! | | |
//! |---|---|
//! | push | lock-free, not wait-free: the compare-exchange can fail as often as others succeed. One read-modify-write when undisturbed, no allocation |
//! | pop | wait-free. One exchange per batch; the pop that takes a batch of n takes O(n), so single pops are uneven |
//! | order | linearizable, FIFO in the order of the successful compare-exchanges |
//! | [`Empty`](Pop::Empty) | exact: no push had taken effect at the moment `newest` was read |
//! | [`Stalled`](Pop::Stalled) | never |
//! | memory | one word per item, in its node |
//! | a frozen producer | delays nobody: before its compare-exchange its item is not there, after it the push is complete |

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::family::{Consume, Full, Mpsc};
use crate::place::{Place, Taken};
use crate::sync::{AtomicPtr, Ordering, UnsafeCell};

/// A value with its link beside it. What is pushed is a box of this, and the
/// same box is popped: neither allocates.
pub struct Node<T> {
    /// The next older node in the stack, the next newer one in the consumer's
    /// batch. Meaningless while the node is in no queue.
    next: UnsafeCell<*mut Node<T>>,
    value: T,
}

// SAFETY: a node outside a queue is its value; nothing follows its `next`.
unsafe impl<T: Send> Send for Node<T> {}
// SAFETY: through `&Node` only the value can be reached.
unsafe impl<T: Sync> Sync for Node<T> {}

impl<T> Node<T> {
    /// A node in no queue.
    pub fn new(value: T) -> Box<Self> {
        Box::new(Self {
            next: UnsafeCell::new(ptr::null_mut()),
            value,
        })
    }

    /// The value, without its node.
    pub fn into_inner(self) -> T {
        self.value
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

/// The queue. See the [module](self).
pub struct Treiber<T> {
    /// The node pushed last, of those not yet taken.
    newest: CachePadded<AtomicPtr<Node<T>>>,
    consumer: CachePadded<Place<Batch<T>>>,
}

// SAFETY: to move the queue is to move the values in it.
unsafe impl<T: Send> Send for Treiber<T> {}
// SAFETY: through `&Treiber` values are moved in on one thread and out on another;
// no reference to a value is shared. The batch is reached through its `Place`.
unsafe impl<T: Send> Sync for Treiber<T> {}

/// The nodes that the consumer has taken and not yet given out: a list from the
/// oldest to the newest.
struct Batch<T> {
    oldest: *mut Node<T>,
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
        // SAFETY: the nodes of the batch came from `Box::into_raw` and are the
        // consumer's; this one leaves the batch here.
        let node = unsafe { Box::from_raw(self.oldest) };
        // SAFETY: the node is owned.
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

impl<T> Treiber<T> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self {
            newest: CachePadded::new(AtomicPtr::new(ptr::null_mut())),
            consumer: CachePadded::new(Place::new(Batch::empty())),
        }
    }

    /// Takes everything there is, the oldest first.
    fn take_all(&self) -> Batch<T> {
        // Relaxed: only null counts, and it is exact, because the consumer alone
        // writes it: by coherence it cannot read a null older than a push that
        // happened before. Spares an idle consumer the exchange.
        if self.newest.load(Ordering::Relaxed).is_null() {
            return Batch::empty();
        }
        // Acquire pairs with the release of the compare-exchanges in `push`, all of
        // them: each continues the release sequence of the one before.
        let newest = self.newest.swap(ptr::null_mut(), Ordering::Acquire);
        Batch {
            oldest: reverse(newest),
        }
    }
}

/// Turns a list around.
fn reverse<T>(newest: *mut Node<T>) -> *mut Node<T> {
    let (mut rest, mut reversed) = (newest, ptr::null_mut());
    while !rest.is_null() {
        // SAFETY: the nodes of the list have left the stack and are the caller's;
        // each was written before it was published.
        let older = unsafe { (*rest).next.with_mut(|next| next.replace(reversed)) };
        reversed = rest;
        rest = older;
    }
    reversed
}

impl<T: Send> Mpsc for Treiber<T> {
    type Item = Box<Node<T>>;
    type Consumer<'q>
        = Consumer<'q, T>
    where
        T: 'q;

    fn push(&self, node: Box<Node<T>>) -> Result<(), Full<Box<Node<T>>>> {
        let node = Box::into_raw(node);
        // Relaxed: the pointer is stored and compared, never followed.
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node is this thread's until the exchange below succeeds.
            unsafe { (*node).next.with_mut(|next| next.write(newest)) };
            // Release pairs with the acquire in `take_all`: the value and `next`.
            // That `newest` may have been taken and pushed again meanwhile does not
            // matter: it is the newest again. Relaxed on failure: as the load.
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

    fn consumer(&self) -> Result<Consumer<'_, T>, ConsumerTaken> {
        let batch = self.consumer.take()?;
        Ok(Consumer { queue: self, batch })
    }
}

impl<T> Default for Treiber<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Drops what is in the queue. What the consumer has taken drops with its batch.
impl<T> Drop for Treiber<T> {
    fn drop(&mut self) {
        drop(self.take_all());
    }
}

impl<T> fmt::Debug for Treiber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Treiber").finish_non_exhaustive()
    }
}

/// The one consumer of a [`Treiber`].
#[derive(Debug)]
pub struct Consumer<'q, T> {
    queue: &'q Treiber<T>,
    batch: Taken<'q, Batch<T>>,
}

// SAFETY: the consumer is a reference to a queue that is `Sync`, and the place in
// it, which any thread may hold.
unsafe impl<T: Send> Send for Consumer<'_, T> {}

impl<T> Consume for Consumer<'_, T> {
    type Item = Box<Node<T>>;

    fn pop(&mut self) -> Pop<Box<Node<T>>> {
        let queue = self.queue;
        self.batch.with(|batch| {
            // Everything in the batch is older than everything in the stack.
            let oldest = batch.next().or_else(|| {
                *batch = queue.take_all();
                batch.next()
            });
            match oldest {
                Some(node) => Pop::Item(node),
                None => Pop::Empty,
            }
        })
    }
}
