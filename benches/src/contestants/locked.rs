//! The classic two: a lock around a container.

use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use crate::contestant::{Contestant, Item, Payload};

/// A lock around a ring of items.
pub struct LockedDeque;

impl<T: Payload> Contestant<T> for LockedDeque {
    const NAME: &'static str = "Mutex<VecDeque>";
    type Producer = Arc<Mutex<VecDeque<T>>>;
    type Consumer = Self::Producer;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Self::Producer::default();
        (Arc::clone(&queue), queue)
    }

    fn push(queue: &mut Self::Producer, item: T) {
        queue.lock().expect("not poisoned").push_back(item);
    }

    fn pop(queue: &mut Self::Consumer) -> Option<T> {
        queue.lock().expect("not poisoned").pop_front()
    }
}

/// A lock around an intrusive list.
pub struct LockedList;

impl Contestant<Box<Item>> for LockedList {
    const NAME: &'static str = "Mutex<intrusive list>";
    type Producer = Arc<Mutex<List>>;
    type Consumer = Self::Producer;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(Mutex::new(List::new()));
        (Arc::clone(&queue), queue)
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        queue.lock().expect("not poisoned").push(item);
    }

    fn pop(queue: &mut Self::Consumer) -> Option<Box<Item>> {
        queue.lock().expect("not poisoned").pop()
    }
}

/// A singly linked list of boxes. Both ends are null, or neither is.
pub struct List {
    oldest: *mut Item,
    newest: *mut Item,
}

// SAFETY: the list owns its items, which are `Send`.
unsafe impl Send for List {}

impl List {
    pub(crate) fn new() -> Self {
        let (oldest, newest) = (ptr::null_mut(), ptr::null_mut());
        Self { oldest, newest }
    }

    pub(crate) fn push(&mut self, mut item: Box<Item>) {
        *item.next.get_mut() = ptr::null_mut();
        let item = Box::into_raw(item);
        if self.newest.is_null() {
            self.oldest = item;
        } else {
            // SAFETY: the newest item is in the list, and so valid.
            // Relaxed: the lock orders it.
            unsafe { (*self.newest).next.store(item, Ordering::Relaxed) };
        }
        self.newest = item;
    }

    pub(crate) fn pop(&mut self) -> Option<Box<Item>> {
        if self.oldest.is_null() {
            return None;
        }
        // SAFETY: it came from a box in `push`, and leaves the list here.
        let mut item = unsafe { Box::from_raw(self.oldest) };
        self.oldest = *item.next.get_mut();
        if self.oldest.is_null() {
            self.newest = ptr::null_mut();
        }
        Some(item)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}
