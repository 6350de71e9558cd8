//! cordyceps' intrusive queue.

use std::ptr::NonNull;
use std::sync::Arc;

use ::cordyceps::Linked;
use ::cordyceps::mpsc_queue::{Links, MpscQueue};

use crate::contestant::Contestant;
use crate::payload::Item;

/// Vyukov's queue with a stub.
pub struct Cordyceps;

impl Contestant<Box<Item>> for Cordyceps {
    const NAME: &'static str = "cordyceps";
    const PACKAGE: Option<&'static str> = Some("cordyceps");
    type Producer = Arc<MpscQueue<Item>>;
    type Consumer = (Self::Producer, Unique);

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let stub = Box::new(Item::with_links(0, Links::new_stub()));
        let queue = Arc::new(MpscQueue::new_with_stub(stub));
        (Arc::clone(&queue), (queue, Unique))
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        queue.enqueue(item);
    }

    fn pop((queue, Unique): &mut Self::Consumer) -> Option<Box<Item>> {
        // SAFETY: each queue has one `Unique`, which is borrowed mutably here, so no
        // other thread dequeues.
        unsafe { queue.try_dequeue_unchecked() }.ok()
    }
}

/// The right to pop: created once for each queue, and not `Clone`. It replaces the
/// check in cordyceps' safe pop, since our consumer makes no such check either.
pub struct Unique;

// SAFETY: the handle owns its item, which does not move; `links` returns a pointer to
// the field of that type.
unsafe impl Linked<Links<Item>> for Item {
    type Handle = Box<Self>;

    fn into_ptr(handle: Box<Self>) -> NonNull<Self> {
        // SAFETY: a box is never null.
        unsafe { NonNull::new_unchecked(Box::into_raw(handle)) }
    }

    unsafe fn from_ptr(item: NonNull<Self>) -> Box<Self> {
        // SAFETY: cordyceps passes pointers that it got from `into_ptr`, each once.
        unsafe { Box::from_raw(item.as_ptr()) }
    }

    unsafe fn links(item: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: cordyceps passes a pointer to a valid item, whose field is not null.
        unsafe { NonNull::new_unchecked(&raw mut (*item.as_ptr()).cordyceps) }
    }
}
