//! A counter by which one thread waits for another.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use papers::backoff::Backoff;

/// A counter that one thread increases and another waits for.
pub(crate) struct Counter(CachePadded<AtomicU64>);

impl Counter {
    pub(crate) fn new() -> Self {
        Self(CachePadded::default())
    }

    pub(crate) fn set(&self, value: u64) {
        // Pairs with the load in `wait_for`.
        self.0.store(value, Ordering::Release);
    }

    pub(crate) fn wait_for(&self, value: u64) {
        let mut backoff = Backoff::new();
        // Pairs with the store in `set`.
        while self.0.load(Ordering::Acquire) < value {
            backoff.snooze();
        }
    }
}
