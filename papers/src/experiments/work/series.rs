//! The figures of each contestant, by the work between two pushes.

use papers::statistics::Median;
use papers::work::Work;

use super::runs::Runs;
use crate::experiments::objects::Objects;
use crate::experiments::pushes::{ITEMS, Pushes, Stock, pushes, work_alone};
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

/// The samples with one length of work.
#[derive(Default)]
pub(super) struct Cell {
    /// Nanoseconds per push, less those of the work alone in the same round.
    pub(super) nanos: Vec<f64>,
    /// Mean lengths of the runs, of the samples in which the producers overlapped.
    pub(super) lengths: Vec<f64>,
    /// Runs per cache line.
    pub(super) per_line: Vec<f64>,
}

/// A function that takes a sample.
type Sample = dyn Fn(&mut Stock, Option<Work>, u64) -> Pushes;

/// A contestant: its name, and the function that takes its samples.
pub(super) struct Contestant {
    name: &'static str,
    sample: Box<Sample>,
}

impl Contestant {
    pub(super) fn of<Q: Objects + 'static>() -> Self {
        let queue = Q::with_room(ITEMS);
        Self {
            name: Q::NAME,
            sample: Box::new(move |stock, work, round| pushes(&queue, stock, work, round)),
        }
    }
}

/// Measures the contestants round by round, each of them in each round.
pub(super) fn measure(contestants: &[Contestant]) -> Vec<Series> {
    let empty = |contestant: &Contestant| Series {
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
                let sample = (contestant.sample)(&mut stock, work, round);
                series.cells[at].add(&sample, alone);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    all
}

impl Cell {
    fn add(&mut self, sample: &Pushes, alone: f64) {
        self.nanos.push(sample.nanos - alone);
        if sample.overlapped {
            let runs = Runs::of(&sample.order);
            self.lengths.push(runs.length);
            self.per_line.push(runs.per_line);
        }
    }

    /// Returns the nanoseconds per push, less those of the work.
    pub(super) fn cost(&self) -> Median {
        Median::of(&self.nanos)
    }

    /// Returns `true` if the producers overlapped in at least half of the samples.
    pub(super) fn is_contended(&self) -> bool {
        2 * self.lengths.len() >= self.nanos.len()
    }

    /// Returns the mean length of a run, or `None` if the producers never overlapped.
    pub(super) fn length(&self) -> Option<Median> {
        (!self.lengths.is_empty()).then(|| Median::of(&self.lengths))
    }

    /// Returns the runs per cache line, or `None` if the producers never overlapped.
    pub(super) fn per_line(&self) -> Option<Median> {
        (!self.per_line.is_empty()).then(|| Median::of(&self.per_line))
    }

    /// Returns by how much this cell's push takes longer than that of `other`, within rounds.
    pub(super) fn longer_than(&self, other: &Self) -> Median {
        let pairs = self.nanos.iter().zip(&other.nanos);
        Median::of(
            &pairs
                .map(|(ours, others)| ours - others)
                .collect::<Vec<_>>(),
        )
    }
}
