//! The figures of a sample, and of all samples of a contestant.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::load::Load;
use crate::contestant::Role;

/// The figures of a contestant at one load.
pub struct Figures {
    /// One for each round. Rows of the same group have the same rounds.
    pub samples: Vec<SampleStats>,
    /// The latencies of all rounds, in nanoseconds; empty at saturation.
    pub latency: Histogram<u64>,
    /// How often the consumer slept, in all rounds.
    pub sleeps: u64,
    /// The calls in all rounds, if the contestant can count them.
    pub calls: Option<Calls>,
    /// The number of items in all rounds.
    pub items: u64,
}

/// The statistics of one sample, in nanoseconds.
#[derive(Clone, Copy)]
pub struct SampleStats {
    /// The median latency.
    pub p50: f64,
    /// The 99th percentile of the latency.
    pub p99: f64,
    /// The time from the first push to the arrival of the last item, per item.
    pub elapsed: f64,
    /// The 99th percentile of how late the pushes began.
    pub late: f64,
    /// The consumer's CPU time per item.
    pub busy: f64,
}

/// Calls that the contestant counts itself.
#[derive(Clone, Copy, Default)]
pub struct Calls {
    /// How often the consumer began to wait.
    pub waits: u64,
    /// How often the producer woke the consumer or attempted to.
    pub wakes: u64,
}

/// One sample of a contestant.
pub struct Sample {
    pub(super) items: u64,
    /// The time from the scheduled push to the arrival; empty at saturation.
    pub(super) latency: Histogram<u64>,
    /// The time from the scheduled push to its beginning; empty at saturation.
    pub(super) late: Histogram<u64>,
    pub(super) elapsed: Duration,
    pub(super) sleeps: u64,
    pub(super) busy: Duration,
    pub(super) calls: Option<Calls>,
}

impl Sample {
    /// Returns the figure by which contestants are compared at this load.
    pub(super) fn compared(&self, load: Load) -> f64 {
        let stats = SampleStats::of(self);
        match load {
            Load::PerSecond(_) => stats.p50,
            Load::Saturation => stats.elapsed,
        }
    }

    /// Fails if a queue of ours breaks its promise of at most one wake-up per park.
    pub(super) fn verify(self, role: Role) -> Result<Self, String> {
        match self.calls {
            Some(Calls { waits, wakes }) if role.is_ours() && wakes > waits => Err(format!(
                "{wakes} wake-ups of a consumer that parked {waits} times"
            )),
            _ => Ok(self),
        }
    }
}

impl SampleStats {
    fn of(sample: &Sample) -> Self {
        let items = sample.items as f64;
        Self {
            p50: sample.latency.value_at_quantile(0.5) as f64,
            p99: sample.latency.value_at_quantile(0.99) as f64,
            elapsed: sample.elapsed.as_nanos() as f64 / items,
            late: sample.late.value_at_quantile(0.99) as f64,
            busy: sample.busy.as_nanos() as f64 / items,
        }
    }
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self {
            samples: Vec::new(),
            latency: histogram(),
            sleeps: 0,
            calls: None,
            items: 0,
        }
    }

    pub(crate) fn add(&mut self, sample: &Sample) {
        self.samples.push(SampleStats::of(sample));
        self.latency += &sample.latency;
        self.sleeps += sample.sleeps;
        self.items += sample.items;
        if let Some(calls) = sample.calls {
            let sum = self.calls.get_or_insert_default();
            sum.waits += calls.waits;
            sum.wakes += calls.wakes;
        }
    }
}

/// Creates a histogram of nanoseconds with an error of at most 1 %.
pub(super) fn histogram() -> Histogram<u64> {
    const MAX: u64 = 100_000_000_000;
    Histogram::new_with_bounds(1, MAX, 2).expect("the bounds are valid")
}
