//! A flag by which a consumer announces that it is about to sleep, with a fence on either side.
//!
//! The common way to spare a wake-up while the consumer is awake. It needs nothing of the queue.
//!
//! ```text
//! consumer:  flag = true;  fence;  pop once more:  Empty ──► sleep
//! producer:  push;  fence;  flag is set?  exchange it for false, wake the consumer
//! ```
//!
//! Without the fences both could miss each other (store buffering). With them, the fence that is
//! the second one in the total order is followed by a load that finds what the other thread wrote.
//!
//! | | |
//! |---|---|
//! | per push | a fence and a load; if the consumer sleeps, an exchange |
//! | per sleep | a store and a fence; an exchange if the consumer does not sleep after all |

use crate::sync::{AtomicBool, Ordering, fence};

/// The flag of one consumer. See the [module](self).
#[derive(Debug)]
pub struct FencedFlag(AtomicBool);

impl FencedFlag {
    /// Creates the flag of a consumer that is awake.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Announces that the consumer is about to sleep. The consumer must pop once more before.
    #[inline]
    pub fn set(&self) {
        // Relaxed: the fence pairs with the one in `take`.
        #[cfg(not(loom))]
        self.0.store(true, Ordering::Relaxed);
        // In the models an exchange, because loom lets the exchange in `take` read a value that the
        // load before it has found overwritten by a store (`loom_limits` of loom-tests).
        #[cfg(loom)]
        self.0.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Announces that the consumer is awake. Returns `false` if a producer is about to wake the
    /// consumer, or has done so.
    #[inline]
    pub fn clear(&self) -> bool {
        // Relaxed: it elects this thread or a producer in `take`, and publishes nothing.
        self.0.swap(false, Ordering::Relaxed)
    }

    /// Returns `true` if the caller, who has pushed an item, must wake the consumer.
    #[inline]
    pub fn take(&self) -> bool {
        // Pairs with the fence in `set`.
        fence(Ordering::SeqCst);
        // Relaxed: the exchange elects one of several producers, or the consumer in `clear`.
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed)
    }
}

impl Default for FencedFlag {
    fn default() -> Self {
        Self::new()
    }
}
