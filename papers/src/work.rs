//! Work between two operations.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Mutex;
use std::time::Instant;

/// Work of a random length, uniformly distributed, with this mean in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Work(pub u64);

impl Work {
    /// Returns the work of one thread. The seed determines the lengths.
    pub fn chain(self, seed: u64) -> Chain {
        Chain::new(calibrated(self.0), seed)
    }
}

/// A dependent chain of multiplications: each needs the result of the one before.
///
/// The chain is a linear congruential generator, and the length of the next part comes from its
/// state, so that no other generator adds to the time.
pub struct Chain {
    state: u64,
    /// Each part has at least one multiplication, and at most this many.
    lengths: u64,
    /// Opaque to the compiler, which could otherwise merge consecutive steps into one.
    multiplier: u64,
    increment: u64,
}

impl Chain {
    // Knuth, The Art of Computer Programming, volume 2, section 3.3.4: MMIX.
    const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
    const INCREMENT: u64 = 1_442_695_040_888_963_407;

    fn new(lengths: u64, seed: u64) -> Self {
        let mut chain = Self {
            state: seed,
            lengths,
            multiplier: black_box(Self::MULTIPLIER),
            increment: black_box(Self::INCREMENT),
        };
        chain.advance(2); // spreads small seeds over the high bits
        chain
    }

    /// Works for a random time.
    #[inline]
    pub fn work(&mut self) {
        let length = self.next_length();
        self.advance(length);
        black_box(self.state);
    }

    /// Works for a random time with a value. Neither the time nor the result is known before the
    /// value, so a processor that runs ahead must wait for it.
    #[inline]
    pub fn work_with(&mut self, value: u64) {
        self.state = self.state.wrapping_add(value);
        self.work();
    }

    /// Returns a number from 1 to `lengths`, from the high bits of the state. A length of 0 would
    /// leave the state as it is, and all further lengths would be 0.
    fn next_length(&self) -> u64 {
        1 + (((self.state >> 32) * self.lengths) >> 32)
    }

    #[inline]
    fn advance(&mut self, steps: u64) {
        for _ in 0..steps {
            self.state = self
                .state
                .wrapping_mul(self.multiplier)
                .wrapping_add(self.increment);
        }
    }
}

/// Returns the `lengths` of chains with this mean, found once per process.
fn calibrated(mean_nanos: u64) -> u64 {
    static FOUND: Mutex<BTreeMap<u64, u64>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().expect("the calibration does not panic");
    *found
        .entry(mean_nanos)
        .or_insert_with(|| least_lengths(mean_nanos, nanos))
}

/// Returns the least `lengths` with at least this mean. The time grows with the lengths, but not
/// in proportion, because a loop of random length ends with a mispredicted branch.
fn least_lengths(mean_nanos: u64, nanos: impl Fn(u64) -> f64) -> u64 {
    // A multiplication takes longer than a quarter of a nanosecond.
    let (mut low, mut high) = (1, 8 * mean_nanos);
    while low < high {
        let middle = low.midpoint(high);
        if nanos(middle) < mean_nanos as f64 {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Measures the mean time of [`Chain::work`]. The least of several samples counts, because other
/// processes only prolong them.
fn nanos(lengths: u64) -> f64 {
    const SAMPLES: u64 = 10;
    let samples = (0..SAMPLES).map(|seed| nanos_per_call(lengths, seed));
    samples.fold(f64::INFINITY, f64::min)
}

fn nanos_per_call(lengths: u64, seed: u64) -> f64 {
    const CALLS: u32 = 10_000;
    let mut chain = Chain::new(lengths, seed);
    let start = Instant::now();
    for _ in 0..CALLS {
        chain.work();
    }
    start.elapsed().as_nanos() as f64 / f64::from(CALLS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_uniform() {
        const LENGTHS: u64 = 10;
        const CALLS: u64 = 100_000;
        for seed in 0..4 {
            let mut chain = Chain::new(LENGTHS, seed);
            let mut times = [0_u64; LENGTHS as usize];
            for _ in 0..CALLS {
                times[chain.next_length() as usize - 1] += 1;
                chain.work();
            }
            let expected = CALLS / LENGTHS;
            for count in times {
                // About five standard deviations.
                assert!(count.abs_diff(expected) < expected / 20, "{times:?}");
            }
        }
    }

    #[test]
    fn chains_with_other_seeds_differ() {
        let lengths = |seed| {
            let mut chain = Chain::new(1000, seed);
            let next = || {
                chain.work();
                chain.next_length()
            };
            std::iter::repeat_with(next).take(20).collect::<Vec<_>>()
        };
        assert_eq!(lengths(1), lengths(1));
        assert_ne!(lengths(1), lengths(2));
    }

    #[test]
    fn work_depends_on_the_value() {
        let lengths = |values: [u64; 2]| {
            let mut chain = Chain::new(1000, 1);
            values.map(|value| {
                chain.work_with(value);
                chain.next_length()
            })
        };
        assert_eq!(lengths([7, 8]), lengths([7, 8]));
        assert_ne!(lengths([7, 8]), lengths([7, 9]));
        assert_ne!(lengths([7, 8]), lengths([6, 8]));
    }

    #[test]
    fn calibration_finds_the_mean() {
        let nanos = |lengths| 5.0 + lengths as f64 / 2.0;
        assert_eq!(least_lengths(12, nanos), 14);
        assert_eq!(least_lengths(42, nanos), 74);
        assert_eq!(least_lengths(3, nanos), 1, "less than a call takes");
    }
}
