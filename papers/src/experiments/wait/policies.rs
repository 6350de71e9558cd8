//! The policies of a consumer that waits, and what they cost.
//!
//! The time of a spin is its cost, and a sleep costs a fixed time `sleep`, however long it lasts.
//! All times are in nanoseconds.

use std::f64::consts::E;
use std::fmt;
use std::time::Duration;

use mpsc_queue::Wait;
use papers::statistics::Median;

use super::shipped::Shipped;

/// How often the randomised policy is run on each sequence.
const RUNS: u64 = 50;

/// A policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// Sleeps at once.
    Never,
    /// Never sleeps.
    Always,
    /// Spins for the cost of a sleep, and then sleeps.
    Fixed,
    /// Spins for a random time, at most the cost of a sleep, and then sleeps. The time has the
    /// density `exp(x / sleep) / (sleep * (e - 1))`.
    Randomised,
    /// [`Wait::Adaptive`] with the cost of a sleep as its limit.
    Shipped,
    /// [`Wait::ADAPTIVE`], whose limit is 30 µs.
    Default,
}

impl Policy {
    pub(super) const ALL: [Self; 6] = [
        Self::Never,
        Self::Always,
        Self::Fixed,
        Self::Randomised,
        Self::Shipped,
        Self::Default,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Never => "never spins",
            Self::Always => "always spins",
            Self::Fixed => "spins C, then sleeps",
            Self::Randomised => "randomised",
            Self::Shipped => "ships, limit C",
            Self::Default => "ships, limit 30 µs",
        }
    }

    /// Returns the cost of the waits, divided by that of the optimum, as the mean over runs with its
    /// standard error. The first wait is left out, because what ships always sleeps there.
    pub(super) fn ratio(self, waits: &[u64], sleep: u64) -> Ratio {
        let counted = &waits[1..];
        let best = optimum(counted, sleep) as f64;
        let all = |cost: &mut dyn FnMut(u64) -> u64| {
            let _ = cost(waits[0]);
            counted.iter().map(|&wait| cost(wait)).sum::<u64>() as f64 / best
        };
        let limited = |limit| all(&mut |wait| spin_for(limit, wait, sleep));
        let shipped = |policy| {
            let mut shipped = Shipped::new(policy, sleep);
            all(&mut |wait| shipped.wait(wait))
        };
        let limit = Duration::from_nanos(sleep);
        let mean = match self {
            Self::Never => limited(0),
            Self::Always => limited(u64::MAX),
            Self::Fixed => limited(sleep),
            Self::Randomised => {
                let runs = (0..RUNS).map(|seed| {
                    let mut random = fastrand::Rng::with_seed(seed);
                    all(&mut |wait| spin_for(random_limit(&mut random, sleep), wait, sleep))
                });
                return Ratio::of(&runs.collect::<Vec<_>>());
            }
            Self::Shipped => shipped(Wait::Adaptive { limit }),
            Self::Default => shipped(Wait::ADAPTIVE),
        };
        Ratio { mean, error: 0.0 }
    }
}

/// A ratio of costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    pub(super) mean: f64,
    /// The standard error of the mean; 0 if all runs are the same.
    pub(super) error: f64,
}

impl Ratio {
    fn of(runs: &[f64]) -> Self {
        let count = runs.len() as f64;
        let mean = runs.iter().sum::<f64>() / count;
        let squares: f64 = runs.iter().map(|run| (run - mean).powi(2)).sum();
        let error = (squares / (count - 1.0) / count).sqrt();
        Self { mean, error }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean, error } = self;
        write!(f, "{mean:.3}")?;
        if *error > 0.0 {
            write!(f, " with a standard error of {error:.3}")?;
        }
        Ok(())
    }
}

/// Returns the cost of a policy that knows the length of each wait before it begins.
fn optimum(waits: &[u64], sleep: u64) -> u64 {
    waits.iter().map(|&wait| wait.min(sleep)).sum()
}

/// Returns the cost of a wait that spins for at most `limit`.
fn spin_for(limit: u64, wait: u64, sleep: u64) -> u64 {
    if wait <= limit { wait } else { limit + sleep }
}

/// Returns a limit of a spin with the density of [`Policy::Randomised`].
fn random_limit(random: &mut fastrand::Rng, sleep: u64) -> u64 {
    // The inverse of the distribution function.
    (sleep as f64 * (random.f64() * (E - 1.0)).ln_1p()) as u64
}

/// Returns the mean of the waits, in costs of a sleep.
pub(super) fn mean_wait(waits: &[u64], sleep: u64) -> f64 {
    waits.iter().sum::<u64>() as f64 / waits.len() as f64 / sleep as f64
}

/// Returns the median of the waits, in nanoseconds.
pub(super) fn median_wait(waits: &[u64]) -> f64 {
    Median::of(&waits.iter().map(|&wait| wait as f64).collect::<Vec<_>>()).value
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLEEP: u64 = 10_000;

    fn ratio(policy: Policy, waits: &[u64]) -> f64 {
        policy.ratio(waits, SLEEP).mean
    }

    #[test]
    fn fixed_spin_is_twice_the_optimum_at_worst() {
        for (policy, wait, expected) in [
            (Policy::Fixed, SLEEP + 1, 2.0),
            (Policy::Fixed, SLEEP, 1.0),
            (Policy::Never, SLEEP / 4, 4.0),
            (Policy::Always, 3 * SLEEP, 3.0),
        ] {
            let found = ratio(policy, &[wait; 2]);
            assert!((found - expected).abs() < 1e-3, "{policy:?}: {found}");
        }
    }

    /// The expected cost of the randomised policy is e/(e-1) times the optimum for each wait.
    #[test]
    fn randomised_spin_costs_the_same_factor_for_each_wait() {
        for wait in [SLEEP / 10, SLEEP / 2, SLEEP, 7 * SLEEP] {
            let ratio = Policy::Randomised.ratio(&[wait; 2000], SLEEP);
            let expected = E / (E - 1.0);
            assert!((ratio.mean - expected).abs() < 0.02, "{wait}: {ratio:?}");
            assert!(ratio.error < 0.01, "{ratio:?}");
        }
    }

    #[test]
    fn waiter_adapts_to_constant_waits() {
        // Its first wait, which is left out, is a sleep.
        assert_eq!(ratio(Policy::Shipped, &[SLEEP / 2; 500]), 1.0);
        assert!(ratio(Policy::Shipped, &[3 * SLEEP; 500]) < 1.1);
    }
}
