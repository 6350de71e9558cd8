//! Safe code cannot break a queue: it may leak, move and panic, and call back from a waker
//! or a destructor.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

mod callbacks;
mod ownership;
mod panics;
mod types;

use mpsc_queue::{Handle, Length, Link, Queue, SharedLink, UniqueHandle, linked};

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

/// Pushes to a queue whose consumer has not parked.
fn push<H: UniqueHandle, L: Length>(queue: &Queue<H, L>, handle: H) {
    assert!(!queue.push(handle).is_needed());
}

/// Pushes an item that is in no queue to a queue whose consumer has not parked.
fn push_shared<H: Handle>(queue: &Queue<H>, handle: H) {
    assert!(!queue.try_push(handle).unwrap().is_needed());
}

fn pop<H: Handle>(queue: &Queue<H>) -> H {
    queue.consumer().unwrap().pop().into_item().unwrap()
}

fn numbers(queue: &Queue<Box<Item>>) -> Vec<usize> {
    let mut consumer = queue.consumer().unwrap();
    consumer.drain(usize::MAX).map(|item| item.number).collect()
}
