//! Treiber's stack, taken as a whole and reversed.
//!
//! R. K. Treiber, *Systems Programming: Coping with Parallelism*, IBM Research
//! Report RJ 5118, 1986: a push compare-exchanges the head of a list. Popping single
//! nodes would meet the ABA problem. A single consumer avoids that problem: it exchanges
//! the head for null, owns the whole list, and reverses it. Linux has this form as `llist`
//! (`llist_add`, `llist_del_all`, `llist_reverse_order`), whose nodes are members of the
//! items, as here.
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
//! | memory | one word per item, in the item |
//! | a frozen producer | delays no other item: before its compare-exchange it has changed nothing, afterwards the push is complete |

use std::fmt;
use std::ptr;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith};
use crate::next::{HasNext, next_of};
use crate::queue::{Full, Mpsc};
use crate::sync::{AtomicPtr, Ordering};

/// A stack of boxed items that embed a link, popped in batches. See the [module](self).
pub struct Treiber<N: HasNext> {
    /// The newest item that the consumer has not taken.
    newest: CachePadded<AtomicPtr<N>>,
    consumer: CachePadded<ConsumerCell<Batch<N>>>,
}

/// The items that the consumer has taken and not returned yet, from the oldest to the
/// newest.
pub struct Batch<N: HasNext> {
    oldest: *mut N,
}

// SAFETY: a batch owns its items.
unsafe impl<N: HasNext + Send> Send for Batch<N> {}

impl<N: HasNext> Treiber<N> {
    /// Creates an empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self {
            newest: CachePadded::new(AtomicPtr::new(ptr::null_mut())),
            consumer: CachePadded::new(ConsumerCell::new(Batch::empty())),
        }
    }

    /// Takes all items of the stack.
    fn take_all(&self) -> Batch<N> {
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
fn reverse<N: HasNext>(newest: *mut N) -> *mut N {
    let (mut rest, mut reversed) = (newest, ptr::null_mut());
    while !rest.is_null() {
        // SAFETY: the items have left the stack and belong to the caller.
        let next = unsafe { next_of(rest) };
        // Relaxed: the exchange in `take_all` orders the accesses of the producers before.
        let older = next.load(Ordering::Relaxed);
        next.store(reversed, Ordering::Relaxed);
        reversed = rest;
        rest = older;
    }
    reversed
}

impl<N: HasNext + Send> Mpsc for Treiber<N> {
    type Item = Box<N>;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        N: 'q;

    fn push(&self, item: Box<N>) -> Result<(), Full<Box<N>>> {
        let item = Box::into_raw(item);
        // Relaxed: the pointer is stored and compared, not followed.
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: the item belongs to this push until the exchange below succeeds.
            // Relaxed: the exchange publishes the link.
            unsafe { next_of(item) }.store(newest, Ordering::Relaxed);
            // Release pairs with the acquire in `take_all`: the item and its link. If
            // `newest` was popped and pushed again meanwhile, it is the newest item
            // again, so the link is right. Relaxed on failure: as the load.
            match self.newest.compare_exchange_weak(
                newest,
                item,
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

impl<N: HasNext> PopWith for Treiber<N> {
    type Item = Box<N>;
    type State = Batch<N>;

    #[inline]
    fn pop_with(&self, batch: &mut Batch<N>) -> Pop<Box<N>> {
        // Every item of the batch is older than every item of the stack.
        let oldest = batch.next().or_else(|| {
            *batch = self.take_all();
            batch.next()
        });
        oldest.map_or(Pop::Empty, Pop::Item)
    }
}

impl<N: HasNext> Batch<N> {
    fn empty() -> Self {
        Self {
            oldest: ptr::null_mut(),
        }
    }
}

impl<N: HasNext> Iterator for Batch<N> {
    type Item = Box<N>;

    fn next(&mut self) -> Option<Box<N>> {
        if self.oldest.is_null() {
            return None;
        }
        let oldest = self.oldest;
        // SAFETY: the batch owns its items. Relaxed: `reverse` wrote the link.
        self.oldest = unsafe { next_of(oldest) }.load(Ordering::Relaxed);
        // SAFETY: the item comes from `Box::into_raw`, and has just left the batch.
        Some(unsafe { Box::from_raw(oldest) })
    }
}

impl<N: HasNext> Drop for Batch<N> {
    fn drop(&mut self) {
        for item in self {
            drop(item);
        }
    }
}

impl<N: HasNext> Default for Treiber<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: HasNext> Drop for Treiber<N> {
    fn drop(&mut self) {
        // The items that the consumer has taken are dropped with the batch.
        drop(self.take_all());
    }
}

impl<N: HasNext> fmt::Debug for Treiber<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Treiber").finish_non_exhaustive()
    }
}
