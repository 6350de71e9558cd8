//! The policy that ships, [`Waiter`], against a clock of its own.
//!
//! The code is that of `mpsc-queue`. Only the time is made up: each look at the queue takes
//! [`LOOK`], up to the arrival of the item, and a sleep costs a fixed time.

use std::cell::Cell;
use std::time::Duration;

use mpsc_queue::{Wait, Waiter};

/// Nanoseconds of a look at the queue, about those of a spin-loop hint.
const LOOK: u64 = 10;

/// A waiter and its clock. Times are in nanoseconds.
pub(super) struct Shipped {
    waiter: Waiter,
    now: Cell<u64>,
    sleep: u64,
}

impl Shipped {
    /// Creates a waiter that has not waited yet, where a sleep costs `sleep`.
    pub(super) fn new(wait: Wait, sleep: u64) -> Self {
        Self {
            waiter: Waiter::new(wait),
            now: Cell::new(0),
            sleep,
        }
    }

    /// Waits for an item that comes after this time. Returns what the wait costs: the time of the
    /// spin, and the cost of a sleep if there is one.
    pub(super) fn wait(&mut self, wait: u64) -> u64 {
        let Self { waiter, now, sleep } = self;
        let began = now.get();
        let item = began + wait;
        let clock = || Duration::from_nanos(now.get());
        let is_ready = || {
            let is_ready = now.get() >= item;
            if !is_ready {
                now.set(item.min(now.get() + LOOK));
            }
            is_ready
        };
        if waiter.spin(clock, is_ready) {
            return now.get() - began;
        }
        let spun = now.get() - began;
        now.set(item.max(now.get()) + *sleep);
        waiter.slept(clock);
        spun + *sleep
    }

    /// Returns `true` if the next wait begins with a spin.
    pub(super) fn would_spin(&self) -> bool {
        let mut trial = self.waiter.clone();
        trial.spin(|| Duration::from_nanos(self.now.get()), || true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLEEP: u64 = 10_000;
    const ADAPTIVE: Wait = Wait::Adaptive {
        limit: Duration::from_nanos(SLEEP),
    };

    #[test]
    fn park_costs_a_sleep() {
        let mut shipped = Shipped::new(Wait::Park, SLEEP);
        assert_eq!([1, 100_000].map(|wait| shipped.wait(wait)), [SLEEP; 2]);
        assert!(!shipped.would_spin());
    }

    #[test]
    fn spin_costs_the_wait() {
        let mut shipped = Shipped::new(Wait::Spin, SLEEP);
        let waits = [0, 5, 12_345];
        assert_eq!(waits.map(|wait| shipped.wait(wait)), waits);
    }

    #[test]
    fn adaptive_waiter_sleeps_first_and_then_spins() {
        let mut shipped = Shipped::new(ADAPTIVE, SLEEP);
        assert!(!shipped.would_spin());
        assert_eq!(shipped.wait(100), SLEEP);
        assert!(shipped.would_spin());
        assert!(shipped.would_spin(), "a trial changes nothing");
        assert_eq!(shipped.wait(100), 100);
        // A long wait costs both. The clock is looked at after 16 looks.
        let long = shipped.wait(100_000);
        assert!((2 * SLEEP..2 * SLEEP + 16 * LOOK).contains(&long), "{long}");
    }
}
