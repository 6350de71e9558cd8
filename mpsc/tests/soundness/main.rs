//! Safe code cannot break a queue: it may leak, move and panic, and call back from a waker
//! or a destructor.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

mod callbacks;
mod ownership;
mod panics;
mod types;

use mpsc_queue::{Form, Handle, Link, Queue, SharedLink, UniqueHandle, linked};

struct Item {
    number: usize,
    link: Link,
}
linked!(Item => link: Link);

fn item(number: usize) -> Box<Item> {
    Box::new(Item {
        number,
        link: Link::new(),
    })
}

#[derive(Default)]
struct Shared {
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

/// Pushes to an open queue whose consumer has not parked.
fn push<H: UniqueHandle, F: Form>(queue: &Queue<H, F>, handle: H) {
    assert!(!queue.push(handle).unwrap().is_needed());
}

/// Pushes an item that is in no queue to an open queue whose consumer has not parked.
fn push_shared<H: Handle, F: Form>(queue: &Queue<H, F>, handle: H) {
    assert!(!queue.try_push(handle).unwrap().is_needed());
}

fn pop<H: Handle, F: Form>(queue: &Queue<H, F>) -> H {
    queue.consumer().unwrap().pop().into_item().unwrap()
}

fn numbers<F: Form>(queue: &Queue<Box<Item>, F>) -> Vec<usize> {
    let mut consumer = queue.consumer().unwrap();
    consumer.drain(usize::MAX).map(|item| item.number).collect()
}
