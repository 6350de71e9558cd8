//! How to wait for a producer that is between its exchange and its link.

/// Waits a little longer each time: the gap is normally a few instructions wide,
/// unless its producer was descheduled within it.
pub(crate) struct Backoff {
    round: u32,
}

/// Up to this round, spin 2^round times: a running producer is done by then.
const SPIN_ROUNDS: u32 = 6;

/// Up to this round, yield: a producer that is ready to run gets a core.
#[cfg(all(feature = "std", not(loom)))]
const YIELD_ROUNDS: u32 = 32;

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { round: 0 }
    }

    #[cfg(not(loom))]
    pub(crate) fn wait(&mut self) {
        if self.round <= SPIN_ROUNDS {
            for _ in 0..1u32 << self.round {
                core::hint::spin_loop();
            }
            self.round += 1;
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

    /// Under loom a stalled consumer must let the producer run.
    #[cfg(loom)]
    pub(crate) fn wait(&mut self) {
        debug_assert!(self.round < 1 << SPIN_ROUNDS, "no producer ends this stall");
        self.round += 1;
        loom::thread::yield_now();
    }
}
