//! Which push wakes which waker, and what a wait leaves behind when it ends.
//!
//! The tests run on one thread, so the number of wake-ups is exact. The unit tests of
//! `BlockingQueue` cover a blocked thread.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

mod cancel;
mod park_all;
mod pushes;
mod quiet;
mod registration;
#[cfg(all(target_os = "linux", feature = "std"))]
mod wait;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mpsc_queue::{Link, linked};

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

/// A waker of either kind that counts its calls.
#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl CountingWaker {
    fn wakes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl mpsc_queue::Wake for CountingWaker {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl std::task::Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
