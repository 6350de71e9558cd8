//! The original of this workspace's queue.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use cordyceps::mpsc_queue::Links;
use crossbeam_utils::CachePadded;

use crate::contestant::Contestant;
use crate::payload::Item;

/// The variant of Vyukov's queue in the Odin server that `mpsc-queue` was ported from.
/// Each time the queue runs empty, its stub is pushed again; every operation is
/// sequentially consistent; each push and pop updates a counter. The server also wakes
/// its event loop on every push, which the scenarios with sleeping consumers measure.
pub struct Odin;

impl Contestant<Box<Item>> for Odin {
    const NAME: &'static str = "Odin's queue";
    type Producer = Arc<OdinQueue>;
    type Consumer = OdinConsumer;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
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
        // SAFETY: each element other than the stub comes from a box in `push`, and
        // `take_oldest` returns it once.
        Some(unsafe { Box::from_raw(item) })
    }
}

/// The queue. All elements from the consumer's `oldest` to `newest` are valid, and
/// linked by `next` except at the gap of an in-flight push.
pub struct OdinQueue {
    newest: CachePadded<AtomicPtr<Item>>,
    length: CachePadded<AtomicUsize>,
    stub: *mut Item,
}

// SAFETY: the queue passes boxes of `Item`, which is `Send`, between threads, and
// accesses the stub through atomics only.
unsafe impl Send for OdinQueue {}
// SAFETY: all shared access is through atomics.
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
        // SAFETY: the caller passes ownership of a valid item.
        unsafe { (*item).next.store(ptr::null_mut(), Ordering::SeqCst) };
        // Pairs with the exchange of the next `append`, which must find `next` null.
        let previous = self.newest.swap(item, Ordering::SeqCst);
        // SAFETY: the consumer frees an element only after its `next` is set.
        // Pairs with the loads of `next` in `take_oldest`.
        unsafe { (*previous).next.store(item, Ordering::SeqCst) };
    }
}

impl Drop for OdinQueue {
    fn drop(&mut self) {
        // SAFETY: the stub came from a box in `new`. The consumer, which holds an `Arc` of
        // this queue, has removed all other elements.
        drop(unsafe { Box::from_raw(self.stub) });
    }
}

/// The consumer's end.
pub struct OdinConsumer {
    queue: Arc<OdinQueue>,
    oldest: *mut Item,
}

// SAFETY: the consumer owns the queued items, boxes of `Item`, which is `Send`.
unsafe impl Send for OdinConsumer {}

impl OdinConsumer {
    /// Removes the oldest element. Returns `None` if the queue is empty or stalled.
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

/// Returns the element pushed after `item`, or null.
fn successor(item: *mut Item) -> *mut Item {
    // SAFETY: callers pass elements that are still in the list, hence valid.
    // Pairs with the store of `next` in `append`.
    unsafe { (*item).next.load(Ordering::SeqCst) }
}

impl Drop for OdinConsumer {
    fn drop(&mut self) {
        // No push is in flight when the consumer is dropped, so `None` means empty.
        while Odin::pop(self).is_some() {}
    }
}
