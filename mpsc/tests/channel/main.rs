//! Channels of each form: the behaviour that `std::sync::mpsc` documents, and what embedded
//! links add to it.
//!
//! `cargo frozen` covers sends that are stalled.
#![cfg(feature = "std")]
#![forbid(unsafe_code)]

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

mod disconnection;
mod errors;
mod iterators;
mod ownership;
mod receiving;
mod sending;
mod tasks;
mod threads;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mpsc_queue::channel::{self, Receiver, Sender};
use mpsc_queue::{Form, Link, linked};

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

/// Creates a channel of items.
fn open<F: Form>() -> (Sender<Box<Item>, F>, Receiver<Box<Item>, F>) {
    channel::with_form(F::default())
}

/// Receives until the channel is empty or disconnected.
fn received<F: Form>(receiver: &mut Receiver<Box<Item>, F>) -> Vec<usize> {
    receiver.try_iter().map(|item| item.number).collect()
}

/// Runs `code` on a thread of its own, and returns its result. Fails if `code` panics, or
/// hangs because the thread is not woken.
fn must_end<T: Send + 'static>(code: impl FnOnce() -> T + Send + 'static) -> T {
    /// Far longer than any test takes.
    const LIMIT: Duration = Duration::from_secs(60);

    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(code()).expect("the test waits for its thread"));
    end.recv_timeout(LIMIT).expect("the code panics or hangs")
}
