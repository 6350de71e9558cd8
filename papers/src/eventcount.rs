//! An eventcount: a condition variable for lock-free data structures.
//!
//! D. Vyukov, *Eventcounts*, 1024cores. One word holds an epoch, which each wake-up increments,
//! and a bit that says that a thread is about to wait for the next epoch.
//!
//! ```text
//! consumer:  key = prepare;  pop once more:  Empty ──► wait for another epoch than that of key
//!                                            Item  ──► cancel
//! producer:  push;  notify:  fence;  the bit is set?  next epoch, without the bit; wake
//! ```
//!
//! | | |
//! |---|---|
//! | per push | a fence and a load; if the consumer waits, a compare-exchange |
//! | per wait | an or, a fence and a load; a compare-exchange if the consumer does not wait after all |
//!
//! *Simplified.* One thread waits. The sleeping itself is left to the caller, who may use a futex,
//! a semaphore or `thread::park`: a wake-up that comes too often is harmless, because the wait
//! looks at the epoch.

use crate::sync::{AtomicU32, Ordering, fence};

const WAITING: u32 = 1;
const ONE: u32 = 2;

/// The eventcount of one consumer. See the [module](self).
#[derive(Debug)]
pub struct EventCount(AtomicU32);

/// The epoch in which the consumer has prepared to wait.
#[derive(Debug)]
#[must_use = "a prepared wait is to be waited or cancelled"]
pub struct Key(u32);

impl EventCount {
    /// Creates an eventcount in its first epoch.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Announces that the consumer is about to wait. The consumer must pop once more before.
    #[inline]
    pub fn prepare(&self) -> Key {
        // Relaxed: the fence pairs with the one in `notify`.
        let word = self.0.fetch_or(WAITING, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        Key(word | WAITING)
    }

    /// Announces that the consumer does not wait after all.
    #[inline]
    pub fn cancel(&self, key: Key) {
        // Relaxed: publishes nothing. It fails if a producer has begun the next epoch.
        let _ = self.0.compare_exchange(
            key.0,
            key.0 & !WAITING,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
    }

    /// Calls `sleep` until the epoch is over. `sleep` may return early, and returns after a
    /// producer that got `true` from [`notify`](Self::notify) has woken the consumer.
    #[inline]
    pub fn wait(&self, key: Key, mut sleep: impl FnMut()) {
        // Relaxed: the epoch publishes nothing. The consumer gets items by the acquire of its pops;
        // if a pop misses the item, the next `prepare` and the fence of it precede another pop.
        while self.0.load(Ordering::Relaxed) == key.0 {
            sleep();
        }
    }

    /// Begins the next epoch if the consumer waits for it. Returns `true` if the caller, who has
    /// pushed an item, must wake the consumer.
    #[inline]
    pub fn notify(&self) -> bool {
        // Pairs with the fence in `prepare`.
        fence(Ordering::SeqCst);
        // Relaxed: see `prepare`.
        let word = self.0.load(Ordering::Relaxed);
        // Relaxed: see `wait`. If the exchange fails, the consumer has cancelled, or another
        // producer wakes it; if it has prepared again since, its fence comes after the one above,
        // so that it finds the item.
        word & WAITING != 0
            && self
                .0
                .compare_exchange(
                    word,
                    (word & !WAITING).wrapping_add(ONE),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }
}

impl Default for EventCount {
    fn default() -> Self {
        Self::new()
    }
}
