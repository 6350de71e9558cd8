//! Locks around containers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::contestant::Contestant;
use crate::payload::{Container, Item, List, Payload};

/// A lock around a ring of items.
pub struct LockedDeque;

impl<T: Payload> Contestant<T> for LockedDeque {
    const NAME: &'static str = "Mutex<VecDeque>";
    type Producer = Arc<Mutex<VecDeque<T>>>;
    type Consumer = Self::Producer;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
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

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Self::Producer::default();
        (Arc::clone(&queue), queue)
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        queue.lock().expect("not poisoned").push(item);
    }

    fn pop(queue: &mut Self::Consumer) -> Option<Box<Item>> {
        queue.lock().expect("not poisoned").pop()
    }
}
