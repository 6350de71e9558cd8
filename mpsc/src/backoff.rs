//! Waiting for a producer in its gap.

/// Waits a little longer each time, because the gap is normally a few instructions wide
/// unless its producer was descheduled within it.
pub(crate) struct Backoff {
    round: u32,
}

/// Up to this round, spin 2^round times. A running producer has left its gap by then.
#[cfg(not(any(loom, shuttle)))]
const SPIN_ROUNDS: u32 = 6;

/// Up to this round, yield, so that a producer that is ready to run gets a core.
#[cfg(all(feature = "std", not(any(loom, shuttle))))]
const YIELD_ROUNDS: u32 = 32;

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { round: 0 }
    }

    /// Spins a little longer than the last time. Returns `false` without spinning if the
    /// producer is probably not running.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn spin(&mut self) -> bool {
        if self.round > SPIN_ROUNDS {
            return false;
        }
        for _ in 0..1u32 << self.round {
            core::hint::spin_loop();
        }
        self.round += 1;
        true
    }

    /// Spins, yields or sleeps until it is time to look again.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn snooze(&mut self) {
        if self.spin() {
            return;
        }
        #[cfg(feature = "std")]
        if self.round <= YIELD_ROUNDS {
            std::thread::yield_now();
            self.round += 1;
        } else {
            std::thread::sleep(core::time::Duration::from_millis(1));
        }
        #[cfg(not(feature = "std"))]
        for _ in 0..1u32 << SPIN_ROUNDS {
            core::hint::spin_loop();
        }
    }

    /// Yields, because in a model checker time passes only if other threads run.
    #[cfg(any(loom, shuttle))]
    pub(crate) fn spin(&mut self) -> bool {
        self.round += 1;
        crate::sync::yield_now();
        self.round <= 1
    }

    #[cfg(any(loom, shuttle))]
    pub(crate) fn snooze(&mut self) {
        self.spin();
    }
}

#[cfg(test)]
mod tests;
