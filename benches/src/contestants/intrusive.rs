//! The published intrusive queue.

use std::ptr::NonNull;
use std::sync::Arc;

use cordyceps::mpsc_queue::{Links, MpscQueue};

use crate::contestant::{Contestant, Item};

/// Vyukov's queue with a stub, by cordyceps.
pub struct Cordyceps;

impl Contestant<Box<Item>> for Cordyceps {
    const NAME: &'static str = "cordyceps";
    type Producer = Arc<MpscQueue<Item>>;
    type Consumer = (Self::Producer, Place);

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let stub = Box::new(Item::with_links(0, Links::new_stub()));
        let queue = Arc::new(MpscQueue::new_with_stub(stub));
        (Arc::clone(&queue), (queue, Place))
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        queue.enqueue(item);
    }

    fn pop((queue, Place): &mut Self::Consumer) -> Option<Box<Item>> {
        // SAFETY: there is one `Place` for each queue, and it is borrowed mutably:
        // nobody else dequeues.
        unsafe { queue.try_dequeue_unchecked() }.ok()
    }
}

/// The consumer's place: made once for each queue, not `Clone`. So the check in
/// cordyceps' safe pop, which ours does not make either, can be left out.
pub struct Place;

// SAFETY: the handle owns its item, which stays where it is, and `links` leads to
// the field of that type.
unsafe impl cordyceps::Linked<Links<Item>> for Item {
    type Handle = Box<Self>;

    fn into_ptr(handle: Box<Self>) -> NonNull<Self> {
        // SAFETY: a box is never null.
        unsafe { NonNull::new_unchecked(Box::into_raw(handle)) }
    }

    unsafe fn from_ptr(item: NonNull<Self>) -> Box<Self> {
        // SAFETY: cordyceps gives back what it got from `into_ptr`.
        unsafe { Box::from_raw(item.as_ptr()) }
    }

    unsafe fn links(item: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the field of a valid item.
        unsafe { NonNull::new_unchecked(&raw mut (*item.as_ptr()).cordyceps) }
    }
}
