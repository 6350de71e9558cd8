//! The lock-free list of Michael and Scott, with one consumer.
//!
//! M. M. Michael and M. L. Scott, *Simple, Fast, and Practical Non-Blocking and Blocking
//! Concurrent Queue Algorithms*, PODC 1996. The list begins with a dummy. A push links
//! first, by a compare-exchange, and then advances the tail. The tail may lag by one node;
//! any operation that finds it lagging advances it. So no thread waits for another.
//!
//! ```text
//! head (the consumer's) ──► dummy ──► a ──► b ◄── tail      free ──► 5 ──► 3
//! push c:  1. take a node from the free list      compare-exchange free from 5 to 3
//!          2. compare-exchange b.next from none to c
//!          3. compare-exchange tail from b to c, or find that another thread has done it
//! pop:     advance the tail if it is the dummy; a becomes the dummy; free the old one
//! ```
//!
//! Nodes are reused, so each pointer contains a count, which grows with each link, and with each
//! change of the tail and of the free list: a late compare-exchange fails although the same node
//! is there again. A count that wraps around while a push is delayed would defeat this.
//!
//! | | |
//! |---|---|
//! | push | lock-free: a compare-exchange fails only if another thread's succeeded. Three read-modify-writes without contention, no allocation |
//! | [`Full`] | all nodes but the dummy held items, or were taken by pushes |
//! | pop | wait-free but for returning the node, which is lock-free. One read-modify-write, and one more if the tail lags |
//! | order | FIFO in the order of the links |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](Pop::Stalled) | never |
//! | memory | all nodes (a value and a word each), from the beginning |
//! | a frozen producer | delays no other item. Its node cannot be reused |
//!
//! *Simplified.* With one consumer the head is private, so a pop takes no compare-exchange of
//! the head and needs no count in it. The paper gives the list of free nodes no form; here it
//! is Treiber's stack, with a count, over the same links. Counts have 32 bits: a
//! compare-exchange would mistake an old pointer for a new one if its thread slept through
//! exactly 2^32 changes.

use std::fmt;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith, drop_items};
use crate::queue::{Full, Mpsc};
use crate::sync::{AtomicU64, Ordering};
use crate::value_cell::ValueCell;

/// A queue with a pool of nodes. See the [module](self).
pub struct MichaelScott<T> {
    tail: CachePadded<AtomicPointer>,
    free: CachePadded<AtomicPointer>,
    /// The index of the dummy.
    head: CachePadded<ConsumerCell<u32>>,
    nodes: Box<[PoolNode<T>]>,
}

struct PoolNode<T> {
    /// The next node in the list or in the free list.
    next: AtomicPointer,
    value: ValueCell<T>,
}

/// The index of a node, and a count by which a late compare-exchange fails.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pointer {
    node: u32,
    count: u32,
}

/// A [`Pointer`] in one word.
struct AtomicPointer(AtomicU64);

/// The index of no node.
const NONE: u32 = u32::MAX;

// SAFETY: moving the queue moves the values in it.
unsafe impl<T: Send> Send for MichaelScott<T> {}
// SAFETY: `&MichaelScott` moves values from one thread to another. A node's value belongs to
// the push that took the node from the free list, and from the link on to the consumer.
unsafe impl<T: Send> Sync for MichaelScott<T> {}

impl Pointer {
    #[inline]
    fn pack(self) -> u64 {
        u64::from(self.count) << 32 | u64::from(self.node)
    }

    #[inline]
    fn unpack(packed: u64) -> Self {
        Self {
            node: packed as u32,
            count: (packed >> 32) as u32,
        }
    }

    /// Returns the pointer that replaces this one.
    #[inline]
    fn changed_to(self, node: u32) -> Self {
        let count = self.count.wrapping_add(1);
        Self { node, count }
    }
}

impl AtomicPointer {
    fn new(pointer: Pointer) -> Self {
        Self(AtomicU64::new(pointer.pack()))
    }

    #[inline]
    fn load(&self, order: Ordering) -> Pointer {
        Pointer::unpack(self.0.load(order))
    }

    #[inline]
    fn store(&self, pointer: Pointer, order: Ordering) {
        self.0.store(pointer.pack(), order);
    }

    /// Replaces `old`, or returns the present pointer if it is another.
    #[inline]
    fn compare_exchange(
        &self,
        old: Pointer,
        new: Pointer,
        success: Ordering,
        failure: Ordering,
    ) -> Result<(), Pointer> {
        let result = self
            .0
            .compare_exchange(old.pack(), new.pack(), success, failure);
        result.map(|_| ()).map_err(Pointer::unpack)
    }
}

impl<T> MichaelScott<T> {
    /// Creates an empty queue with room for `capacity` items.
    ///
    /// # Panics
    ///
    /// If the capacity is 2^32 - 2 or more.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        // One node more, the dummy.
        let count = u32::try_from(capacity).ok().and_then(|n| n.checked_add(1));
        let count = count.filter(|&n| n != NONE).expect("indices have 32 bits");
        let pointer = |node| AtomicPointer::new(Pointer { node, count: 0 });
        let first_free = if count > 1 { 1 } else { NONE };
        let next = |index| match index {
            0 => NONE, // the dummy
            index if index + 1 == count => NONE,
            index => index + 1,
        };
        Self {
            tail: CachePadded::new(pointer(0)),
            free: CachePadded::new(pointer(first_free)),
            head: CachePadded::new(ConsumerCell::new(0)),
            nodes: (0..count)
                .map(|index| PoolNode {
                    next: pointer(next(index)),
                    value: ValueCell::empty(),
                })
                .collect(),
        }
    }

    fn node(&self, index: u32) -> &PoolNode<T> {
        &self.nodes[index as usize]
    }

    /// Takes a node from the free list. Returns `None` if there is none.
    fn take_free(&self) -> Option<u32> {
        // Acquire pairs with the release in `give_back`: the link of the node, and that the consumer
        // has moved out its value.
        let mut top = self.free.load(Ordering::Acquire);
        loop {
            if top.node == NONE {
                return None;
            }
            // Relaxed: if another push takes the node meanwhile, the link is meaningless,
            // and the count makes the compare-exchange fail.
            let next = self.node(top.node).next.load(Ordering::Relaxed);
            let rest = top.changed_to(next.node);
            // Relaxed: because of the count, this reads from the same write as the load that has
            // returned `top`. Release is not needed, because the list continues the release
            // sequences of the pushes onto it. On failure, acquire as in the load above.
            let result =
                self.free
                    .compare_exchange(top, rest, Ordering::Relaxed, Ordering::Acquire);
            match result {
                Ok(()) => return Some(top.node),
                Err(now) => top = now,
            }
        }
    }

    /// Puts a node onto the free list. It is the former dummy.
    fn give_back(&self, index: u32) {
        let node = self.node(index);
        // Relaxed: the node belongs to the consumer.
        let link = node.next.load(Ordering::Relaxed);
        // Relaxed, also where the exchange fails: the link of the node at the top is not read.
        let mut top = self.free.load(Ordering::Relaxed);
        loop {
            // The count stays that of the link, which a late push may compare. Release pairs
            // with the acquire in `link`: a late push that finds this pointer to no node
            // also finds that the tail has passed this one.
            let next = Pointer {
                node: top.node,
                ..link
            };
            node.next.store(next, Ordering::Release);
            let new = top.changed_to(index);
            // Release pairs with the acquire in `take_free`.
            let result = self
                .free
                .compare_exchange(top, new, Ordering::Release, Ordering::Relaxed);
            match result {
                Ok(()) => return,
                Err(now) => top = now,
            }
        }
    }

    /// Links a node to the last one. Returns the pointer to the latter.
    fn link(&self, index: u32) -> Pointer {
        loop {
            // Acquire pairs with the release in `advance`: the link of the node is that of
            // its present stay in the list.
            let tail = self.tail.load(Ordering::Acquire);
            let last = self.node(tail.node);
            // Acquire pairs with the release below, for `advance`, and with those in `push`
            // and `give_back`: if the node has left the list, the load of the tail below
            // finds a newer one.
            let next = last.next.load(Ordering::Acquire);
            // Relaxed: only compared. The load above comes before.
            if self.tail.load(Ordering::Relaxed) != tail {
                continue;
            }
            if next.node != NONE {
                self.advance(tail, next.node);
                continue;
            }
            let new = next.changed_to(index);
            // Release pairs with the acquire in `pop_with` and above: the value, and the
            // link of the new node. Relaxed on failure: the loop begins again.
            let result =
                last.next
                    .compare_exchange(next, new, Ordering::Release, Ordering::Relaxed);
            if result.is_ok() {
                return tail;
            }
        }
    }

    /// Advances a lagging tail, unless another thread has done it.
    fn advance(&self, tail: Pointer, next: u32) {
        let new = tail.changed_to(next);
        // Release pairs with the acquire in `link`. Relaxed on failure: nothing is read.
        let _ = self
            .tail
            .compare_exchange(tail, new, Ordering::Release, Ordering::Relaxed);
    }
}

impl<T: Send> Mpsc for MichaelScott<T> {
    type Item = T;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        T: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        let Some(index) = self.take_free() else {
            return Err(Full(item));
        };
        let node = self.node(index);
        // SAFETY: the node belongs to this push until it is linked.
        unsafe { node.value.put(item) };
        // Relaxed: only this push changes the link now.
        let link = node.next.load(Ordering::Relaxed);
        let end = Pointer { node: NONE, ..link };
        // Release pairs with the acquire in `link`: a late push that finds this link also
        // finds that the tail has passed the former stay of the node.
        node.next.store(end, Ordering::Release);
        let tail = self.link(index);
        self.advance(tail, index);
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.head)
    }
}

impl<T> PopWith for MichaelScott<T> {
    type Item = T;
    type State = u32;

    #[inline]
    fn pop_with(&self, head: &mut u32) -> Pop<T> {
        // Acquire pairs with the release in `link`: the value.
        let next = self.node(*head).next.load(Ordering::Acquire).node;
        if next == NONE {
            return Pop::Empty;
        }
        // Relaxed: coherence makes the tail no older than at the last pop, when it had
        // reached the dummy.
        let tail = self.tail.load(Ordering::Relaxed);
        if tail.node == *head {
            // No push may find the dummy once it is free.
            self.advance(tail, next);
        }
        // SAFETY: the node is linked, so its value is written, and belongs to the consumer.
        // The node becomes the dummy, so the value is read once.
        let value = unsafe { self.node(next).value.take() };
        self.give_back(*head);
        *head = next;
        Pop::Item(value)
    }
}

impl<T> Drop for MichaelScott<T> {
    fn drop(&mut self) {
        let mut head = *self.head.get_mut();
        // No push is in flight, so this ends when the queue is empty.
        drop_items(self, &mut head);
    }
}

impl<T> fmt::Debug for MichaelScott<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MichaelScott").finish_non_exhaustive()
    }
}
