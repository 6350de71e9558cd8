//! A queue in the manner of a CLH lock: a push writes into its predecessor's node.
//!
//! Our adaptation; we know of no publication of it. In the lock of T. S. Craig (*Building
//! FIFO and Priority-Queuing Spin Locks from Atomic Swap*, 1993) and, independently, of
//! Magnusson, Landin and Hagersten, a thread exchanges the tail for its own node and gets
//! that of its predecessor, at which it waits, and which it keeps. Here a push exchanges the
//! tail for an empty node, and writes its value into the node that it got.
//!
//! ```text
//! before:   head ──► [a] ──► [ ]                ◄── tail
//! push b:   1. tail = exchange for a fresh node          [a] ──► [ ]      [ ] ◄── tail
//!           2. write b into the node that it got         [a] ──► [b]      [ ] ◄── tail
//!           3. link that node to the fresh one           [a] ──► [b] ──► [ ] ◄── tail
//! pop:      the head is linked: take its value, free it
//! ```
//!
//! The link publishes the value: both are in one node, which the push alone accesses after
//! its exchange. The fresh node it never accesses again, so the node of a push holds the
//! value of the next push.
//!
//! | | |
//! |---|---|
//! | push | wait-free if the allocator is, where the exchange is one instruction. One read-modify-write, one allocation |
//! | pop | wait-free if the allocator is. No read-modify-write, one deallocation |
//! | order | FIFO in the order of the exchanges |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](Pop::Stalled) | the push of the oldest item had not linked its node when last read |
//! | memory | a node (a value and a word) per item, and one more |
//! | a frozen producer | between its exchange and its link, delays its own and every later item, and no earlier one |

use std::fmt;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop, Stall};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith, drop_items};
use crate::list_node::ListNode;
use crate::queue::{Full, Mpsc};
use crate::sync::{AtomicPtr, Ordering, free};

/// A list that ends with an empty node. See the [module](self).
pub struct Clh<T> {
    /// The empty node.
    tail: CachePadded<AtomicPtr<ListNode<T>>>,
    head: CachePadded<ConsumerCell<Head<T>>>,
}

/// The oldest node.
pub struct Head<T>(*mut ListNode<T>);

// SAFETY: the consumer owns the nodes that it reaches, and moves values out of them.
unsafe impl<T: Send> Send for Head<T> {}

impl<T> Clh<T> {
    /// Creates an empty queue.
    #[must_use]
    pub fn new() -> Self {
        let empty = ListNode::allocate_empty();
        Self {
            tail: CachePadded::new(AtomicPtr::new(empty)),
            head: CachePadded::new(ConsumerCell::new(Head(empty))),
        }
    }
}

impl<T: Send> Mpsc for Clh<T> {
    type Item = T;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        T: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        let fresh = ListNode::allocate_empty();
        // Release and acquire pair with each other in successive pushes: the empty node is
        // initialised.
        let node = self.tail.swap(fresh, Ordering::AcqRel);
        // SAFETY: no other push gets the node, and the consumer keeps it, and does not
        // access its value, until it is linked. Release pairs with the acquire in
        // `pop_with`: the value, and the initialised fresh node.
        unsafe {
            (*node).value.put(item);
            (*node).next.store(fresh, Ordering::Release);
        }
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.head)
    }
}

impl<T> PopWith for Clh<T> {
    type Item = T;
    type State = Head<T>;

    #[inline]
    fn pop_with(&self, head: &mut Head<T>) -> Pop<T> {
        let node = head.0;
        // SAFETY: the consumer has not freed its oldest node. Acquire pairs with the release
        // in `push`.
        let next = unsafe { (*node).next.load(Ordering::Acquire) };
        if next.is_null() {
            // Relaxed: only the address is compared. Coherence makes it no older than any
            // push that happens before, and than the push that made this node the tail. The
            // node is not freed, so no other has its address.
            return if self.tail.load(Ordering::Relaxed) == node {
                Pop::Empty
            } else {
                Pop::Stalled(Stall)
            };
        }
        head.0 = next;
        // SAFETY: the node is linked, so its value is written, and its push does not access
        // it any more. It comes from `allocate`, and has just left the list.
        unsafe {
            let value = (*node).value.take();
            free(node);
            Pop::Item(value)
        }
    }
}

impl<T> Default for Clh<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Clh<T> {
    fn drop(&mut self) {
        let mut head = Head(self.head.get_mut().0);
        // No push is in flight, so this ends at the empty node.
        drop_items(self, &mut head);
        // SAFETY: the empty node comes from `allocate`, and the list ends here.
        unsafe { free(head.0) };
    }
}

impl<T> fmt::Debug for Clh<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clh").finish_non_exhaustive()
    }
}
