//! The figures of each contestant, by the work between two pushes.

use papers::statistics::Median;
use papers::work::Work;

use super::runs::Runs;
use crate::experiments::claims::Named;
use crate::experiments::pushes::{Pushes, Pushing, Stock, work_alone};
use crate::experiments::report::progress;

/// The mean work between two pushes, in nanoseconds.
pub(super) const WORKS: [u64; 7] = [0, 50, 100, 200, 500, 1000, 2000];

const ROUNDS: u64 = 60;

/// The figures of a contestant.
pub(super) struct Series {
    pub(super) name: &'static str,
    /// For each of [`WORKS`].
    pub(super) cells: [Cell; WORKS.len()],
}

impl Named for Series {
    fn name(&self) -> &str {
        self.name
    }
}

/// The samples with one length of work.
#[derive(Default)]
pub(super) struct Cell {
    /// One for each round; `None` if the pushes were not contended.
    pub(super) samples: Vec<Option<Sample>>,
    pub(super) retakes: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Sample {
    /// Nanoseconds per push, less those of the work alone in the same round.
    pub(super) nanos: f64,
    pub(super) runs: Runs,
}

/// Measures the contestants round by round, each of them in each round.
pub(super) fn measure(contestants: &[Pushing]) -> Vec<Series> {
    let empty = |contestant: &Pushing| Series {
        name: contestant.name,
        cells: Default::default(),
    };
    let mut all: Vec<_> = contestants.iter().map(empty).collect();
    let mut stock = Stock::new();
    let bar = progress(ROUNDS as usize);
    for round in 0..ROUNDS {
        for (at, nanos) in WORKS.into_iter().enumerate() {
            let work = (nanos > 0).then_some(Work(nanos));
            let alone = work.map_or(0.0, |work| work_alone(&mut stock, work, round));
            for (series, contestant) in all.iter_mut().zip(contestants) {
                let sample = contestant.sample(&mut stock, work, round);
                series.cells[at].add(&sample, alone);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    all
}

impl Cell {
    fn add(&mut self, pushes: &Pushes, alone: f64) {
        self.retakes += pushes.retakes;
        self.samples.push(pushes.is_contended.then(|| Sample {
            nanos: pushes.nanos - alone,
            runs: Runs::of(&pushes.order),
        }));
    }

    /// Returns the samples whose pushes were contended.
    pub(super) fn contended(&self) -> impl Iterator<Item = Sample> {
        self.samples.iter().copied().flatten()
    }

    /// Returns `true` if the pushes were contended in at least half of the samples.
    pub(super) fn is_contended(&self) -> bool {
        2 * self.contended().count() >= self.samples.len()
    }

    /// Returns one of so many medians of a figure of contended pushes, if there were any.
    fn median(&self, medians: usize, figure: impl Fn(Sample) -> f64) -> Option<Median> {
        let figures: Vec<_> = self.contended().map(figure).collect();
        (!figures.is_empty()).then(|| Median::of_one_among(&figures, medians))
    }

    /// Returns the nanoseconds per push, less those of the work.
    pub(super) fn cost(&self) -> Option<Median> {
        self.median(1, |sample| sample.nanos)
    }

    /// Returns the mean length of a run, as one among so many medians.
    pub(super) fn length(&self, medians: usize) -> Option<Median> {
        self.median(medians, |sample| sample.runs.length)
    }

    /// Returns the runs per cache line.
    pub(super) fn per_line(&self) -> Option<Median> {
        self.median(1, |sample| sample.runs.per_line)
    }

    /// Returns `true` if runs were cut off in half of the contended samples or more: the mean length
    /// is then a lower bound.
    pub(super) fn is_cut_off(&self) -> bool {
        let cut_off = self.contended().filter(|sample| sample.runs.is_cut_off);
        2 * cut_off.count() >= self.contended().count()
    }

    /// Returns by how much a push of this cell takes longer than one of `other`, within rounds, as one
    /// among so many medians. `None` if both were contended in less than half of the rounds.
    pub(super) fn longer_than(&self, other: &Self, medians: usize) -> Option<Median> {
        let pairs = self.samples.iter().zip(&other.samples);
        let longer = |(ours, others): (&Option<Sample>, &Option<Sample>)| {
            Some((*ours)?.nanos - (*others)?.nanos)
        };
        let longer: Vec<_> = pairs.filter_map(longer).collect();
        let is_enough = 2 * longer.len() >= self.samples.len();
        is_enough.then(|| Median::of_one_among(&longer, medians))
    }
}
