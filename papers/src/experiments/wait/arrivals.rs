//! Sequences of waits: random ones with a fixed seed, and adversarial ones.

use std::time::Duration;

use mpsc_queue::Wait;

use super::shipped::Shipped;

/// The number of waits of a sequence.
const WAITS: usize = 2000;

/// The cost of a sleep, in nanoseconds. It is fixed, so that the figures of these sequences repeat.
pub(super) const SLEEP: u64 = 10_000;

/// The means of the exponential waits, in hundredths of the cost of a sleep.
pub(super) const MEANS: [u64; 7] = [10, 25, 50, 100, 200, 400, 1000];

/// Waits in nanoseconds, one after the other.
pub(super) struct Sequence {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) waits: Vec<u64>,
    /// The cost of a sleep.
    pub(super) sleep: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Exponential, with this mean in hundredths of the cost of a sleep.
    Exponential(u64),
    /// Of another regular or random kind.
    Regular,
    /// Made against a policy.
    Adversarial,
    /// Those of a consumer on this machine.
    Recorded,
}

impl Sequence {
    fn seeded(name: impl Into<String>, kind: Kind, waits: Vec<u64>) -> Self {
        Self {
            name: name.into(),
            kind,
            waits,
            sleep: SLEEP,
        }
    }
}

/// Returns the sequences that are the same in each run.
pub(super) fn seeded() -> Vec<Sequence> {
    let mut all: Vec<_> = MEANS.into_iter().map(exponential).collect();
    for hundredths in [50, 99, 400] {
        let name = format!("constant, {}", of_sleep(hundredths));
        let waits = vec![SLEEP * hundredths / 100; WAITS];
        all.push(Sequence::seeded(name, Kind::Regular, waits));
    }
    let bursts = Sequence::seeded("19 of 0.05 C, then 20 C", Kind::Regular, bursts());
    let over = vec![SLEEP * 101 / 100; WAITS];
    let over = Sequence::seeded("against a fixed spin: 1.01 C", Kind::Adversarial, over);
    let shipped = Sequence::seeded("against what ships", Kind::Adversarial, against_shipped());
    all.extend([bursts, over, shipped]);
    all
}

fn of_sleep(hundredths: u64) -> String {
    format!("{} C", hundredths as f64 / 100.0)
}

fn exponential(hundredths: u64) -> Sequence {
    let mean = (SLEEP * hundredths / 100) as f64;
    let mut random = fastrand::Rng::with_seed(hundredths);
    let wait = |_| (-mean * (1.0 - random.f64()).ln()) as u64;
    let waits = (0..WAITS).map(wait).collect();
    let name = format!("exponential, mean {}", of_sleep(hundredths));
    Sequence::seeded(name, Kind::Exponential(hundredths), waits)
}

/// Items that come in bursts of twenty, and a pause before each burst.
fn bursts() -> Vec<u64> {
    let wait = |at| {
        if at % 20 == 19 {
            20 * SLEEP
        } else {
            SLEEP / 20
        }
    };
    (0..WAITS).map(wait).collect()
}

/// The item comes at once if the waiter sleeps, and late if it spins.
fn against_shipped() -> Vec<u64> {
    let limit = Duration::from_nanos(SLEEP);
    let mut shipped = Shipped::new(Wait::Adaptive { limit }, SLEEP);
    let wait = |_| {
        let late = shipped.would_spin();
        let wait = if late { 2 * SLEEP } else { SLEEP / 1000 };
        shipped.wait(wait);
        wait
    };
    (0..WAITS).map(wait).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::wait::policies::mean_wait;

    #[test]
    fn seeded_sequences_repeat() {
        let [first, second] = [seeded(), seeded()];
        for (first, second) in first.iter().zip(&second) {
            assert_eq!(first.waits, second.waits, "{}", first.name);
        }
    }

    #[test]
    fn exponential_waits_have_their_mean() {
        for hundredths in MEANS {
            let waits = exponential(hundredths).waits;
            let mean = mean_wait(&waits, SLEEP) * 100.0;
            // Four standard deviations of the mean.
            let tolerance = 4.0 * hundredths as f64 / (WAITS as f64).sqrt();
            assert!((mean - hundredths as f64).abs() < tolerance, "{mean}");
        }
    }
}
