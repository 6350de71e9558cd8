//! Closed queues: what is still delivered, and what a refused push returns.
//!
//! `cargo frozen` covers pushes that overlap a close or a refusal.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

mod delivery;
mod receivers;
mod refusal;

use mpsc_queue::{Consumer, Form, Link, Pop, Queue, linked};

struct Item {
    link: Link,
    number: usize,
}
linked!(Item => link: Link);

fn item(number: usize) -> Box<Item> {
    Box::new(Item {
        link: Link::new(),
        number,
    })
}

fn push<F: Form>(queue: &Queue<Box<Item>, F>, number: usize) {
    assert!(!queue.push(item(number)).unwrap().is_needed());
}

/// Pops until the queue is empty or closed. Returns the numbers of the items, and what ended
/// them.
fn pop_all<F: Form>(
    consumer: &mut Consumer<&Queue<Box<Item>, F>>,
) -> (Vec<usize>, Pop<Box<Item>, F::Stall>) {
    let mut numbers = Vec::new();
    loop {
        match consumer.pop() {
            Pop::Item(item) => numbers.push(item.number),
            Pop::Stalled(_) => panic!("no push is in flight"),
            end => return (numbers, end),
        }
    }
}
