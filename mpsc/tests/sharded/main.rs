//! A channel with a queue for each sender.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

#[cfg(feature = "std")]
#[path = "../channel/common.rs"]
mod common;
mod ends;
#[cfg(feature = "std")]
#[path = "../channel/iterators.rs"]
mod iterators;
mod order;
#[cfg(feature = "std")]
mod receives;
#[cfg(feature = "std")]
#[path = "../channel/std_cases.rs"]
mod std_cases;
#[cfg(feature = "std")]
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mpsc_queue::channel::sharded as layer;
use mpsc_queue::{Form, Link, linked};

struct Item {
    link: Link,
    sender: usize,
    number: usize,
    drops: Option<Arc<AtomicUsize>>,
}
linked!(Item => link: Link);

impl Drop for Item {
    fn drop(&mut self) {
        if let Some(drops) = &self.drops {
            drops.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn item(sender: usize, number: usize) -> Box<Item> {
    Box::new(Item {
        link: Link::new(),
        sender,
        number,
        drops: None,
    })
}

fn counted(drops: &Arc<AtomicUsize>) -> Box<Item> {
    let mut item = item(0, 0);
    item.drops = Some(Arc::clone(drops));
    item
}

fn open<F: Form>() -> (layer::Sender<Box<Item>, F>, layer::Receiver<Box<Item>, F>) {
    layer::with_form(F::default())
}
