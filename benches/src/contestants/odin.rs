//! The queue that this workspace's was ported from, as it was.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use cordyceps::mpsc_queue::Links;
use crossbeam_utils::CachePadded;

use crate::contestant::{Contestant, Item};

/// The variant of Vyukov's queue in the Odin server: its stub is pushed again
/// each time the queue runs empty, every operation is sequentially consistent,
/// and each push and pop counts. (The server also wakes its loop for every push:
/// that is measured where consumers sleep.)
pub struct Odin;

impl Contestant<Box<Item>> for Odin {
    const NAME: &'static str = "Odin's queue";
    type Producer = Arc<OdinQueue>;
    type Consumer = OdinConsumer;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(OdinQueue::new());
        let oldest = queue.stub;
        (Arc::clone(&queue), OdinConsumer { queue, oldest })
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        queue.append(Box::into_raw(item));
        queue.length.fetch_add(1, Ordering::SeqCst);
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<Box<Item>> {
        let item = consumer.take_oldest()?;
        consumer.queue.length.fetch_sub(1, Ordering::SeqCst);
        // SAFETY: a list element other than the stub comes from `push`, and it is
        // taken out once.
        Some(unsafe { Box::from_raw(item) })
    }
}

/// The producers' end. All elements between the consumer's `oldest` and `newest`
/// are valid and, but for the last link of a push under way, linked by `next`.
pub struct OdinQueue {
    newest: CachePadded<AtomicPtr<Item>>,
    length: CachePadded<AtomicUsize>,
    stub: *mut Item,
}

// SAFETY: the queue passes boxes of `Item`, which is `Send`, between threads; the
// stub is touched through atomics only.
unsafe impl Send for OdinQueue {}
// SAFETY: as above; all shared access is by atomics.
unsafe impl Sync for OdinQueue {}

impl OdinQueue {
    fn new() -> Self {
        let stub = Box::into_raw(Box::new(Item::with_links(0, Links::new())));
        Self {
            newest: CachePadded::new(AtomicPtr::new(stub)),
            length: CachePadded::default(),
            stub,
        }
    }

    fn append(&self, item: *mut Item) {
        // SAFETY: the caller gives up a valid item.
        unsafe { (*item).next.store(ptr::null_mut(), Ordering::SeqCst) };
        // Pairs with itself in the next `append`, which finds `next` null.
        let previous = self.newest.swap(item, Ordering::SeqCst);
        // SAFETY: the consumer frees an element only after its `next` is set.
        // Pairs with the loads of `next` in `take_oldest`.
        unsafe { (*previous).next.store(item, Ordering::SeqCst) };
    }
}

impl Drop for OdinQueue {
    fn drop(&mut self) {
        // SAFETY: the consumer, which owns a share, has emptied the queue.
        drop(unsafe { Box::from_raw(self.stub) });
    }
}

/// The consumer's end.
pub struct OdinConsumer {
    queue: Arc<OdinQueue>,
    oldest: *mut Item,
}

// SAFETY: it owns what is in the queue: boxes of `Item`, which is `Send`.
unsafe impl Send for OdinConsumer {}

impl OdinConsumer {
    /// `None` both for an empty queue and for one whose oldest push has not linked.
    fn take_oldest(&mut self) -> Option<*mut Item> {
        let stub = self.queue.stub;
        let mut oldest = self.oldest;
        let mut next = successor(oldest);
        if oldest == stub {
            if next.is_null() {
                return None;
            }
            self.oldest = next;
            oldest = next;
            next = successor(oldest);
        }
        if next.is_null() {
            // Pairs with the exchange in `append`.
            if oldest != self.queue.newest.load(Ordering::SeqCst) {
                return None;
            }
            self.queue.append(stub);
            next = successor(oldest);
            if next.is_null() {
                return None;
            }
        }
        self.oldest = next;
        Some(oldest)
    }
}

/// What was pushed after `item`, or null.
fn successor(item: *mut Item) -> *mut Item {
    // SAFETY: called for elements that are still in the list, hence valid.
    // Pairs with the store of the link in `append`.
    unsafe { (*item).next.load(Ordering::SeqCst) }
}

impl Drop for OdinConsumer {
    fn drop(&mut self) {
        // All pushes are over when the consumer is dropped: `None` is the end.
        while Odin::pop(self).is_some() {}
    }
}
