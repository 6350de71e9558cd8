//! Waiting for a thread that is expected soon.

use std::hint::spin_loop;
use std::thread::yield_now;

/// Spins briefly, then yields the core to other threads.
#[derive(Default)]
pub struct Backoff(u32);

impl Backoff {
    const SPINS: u32 = 64;

    /// Creates a back-off that has not waited yet.
    pub fn new() -> Self {
        Self(0)
    }

    /// Waits a little.
    pub fn snooze(&mut self) {
        if self.0 < Self::SPINS {
            self.0 += 1;
            spin_loop();
        } else {
            yield_now();
        }
    }
}
