//! Interleaved measuring of contestants whose consumer sleeps.

use std::fmt;
use std::time::{Duration, Instant};

use super::figures::{Figures, Sample};
use super::load::Load;
use crate::contestant::Role;
use crate::rounds::Budget;

/// A way to sleep and a payload kind, with all contestants.
pub struct Group {
    /// The name of the scenario, such as `sleep/park`.
    pub scenario: &'static str,
    /// The payload kind.
    pub payload: &'static str,
    /// The floor and the contestants.
    pub rows: Vec<Row>,
}

/// A contestant with its figures.
pub struct Row {
    /// The name of the contestant.
    pub name: &'static str,
    /// The place in the summary.
    pub role: Role,
    /// One for each of [`Load::ALL`].
    pub figures: Vec<Figures>,
    /// How the contestant failed, after which it is not measured.
    pub failure: Option<String>,
    run: Run,
}

/// Sends this number of items to a new consumer.
pub(super) type Run = fn(Load, u64) -> Result<Sample, String>;

/// Takes one sample of each contestant at each load in each round. Calls `progress` with
/// the part done, the time left, the group, and the next step.
pub fn measure(
    groups: &mut [Group],
    budget: Budget,
    mut progress: impl FnMut(f64, Duration, &str, &str),
) {
    let start = Instant::now();
    for round in 0..budget.max_rounds {
        // The average duration of the rounds so far.
        let next = start.elapsed() / (round.max(1) as u32);
        if round >= budget.min_rounds && start.elapsed() + next > budget.total {
            break;
        }
        for group in &mut *groups {
            let name = group.to_string();
            let left = budget.total.saturating_sub(start.elapsed());
            let done = start.elapsed().div_duration_f64(budget.total).min(1.0);
            progress(done, left, &name, &format!("round {}", round + 1));
            for load in 0..Load::ALL.len() {
                group.measure_round(round, load, budget.sample);
            }
        }
    }
}

impl Group {
    /// Returns the rows that have figures at the load with this index. A contestant that
    /// failed is not compared.
    pub(crate) fn measured(&self, load: usize) -> impl Iterator<Item = &Row> {
        let rows = self.rows.iter();
        rows.filter(move |row| row.failure.is_none() && !row.figures[load].samples.is_empty())
    }

    /// Returns a line for each contestant that failed.
    pub(crate) fn failures(&self) -> impl Iterator<Item = String> {
        self.rows.iter().filter_map(move |row| {
            let what = row.failure.as_ref()?;
            Some(format!("{self}: {}: {what}", row.name))
        })
    }

    fn measure_round(&mut self, round: usize, load: usize, sample: Duration) {
        let count = self.rows.len();
        for position in 0..count {
            // Rotate, so that no contestant always follows the same one.
            self.rows[(position + round) % count].measure(load, sample);
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.scenario, self.payload)
    }
}

impl Row {
    pub(super) fn new(name: &'static str, role: Role, run: Run) -> Self {
        Self {
            name,
            role,
            figures: Load::ALL.iter().map(|_| Figures::new()).collect(),
            failure: None,
            run,
        }
    }

    fn measure(&mut self, load: usize, sample: Duration) {
        if self.failure.is_some() {
            return;
        }
        let items = Load::ALL[load].items(sample);
        match (self.run)(Load::ALL[load], items).and_then(|sample| sample.verify(self.role)) {
            Ok(sample) => self.figures[load].add(&sample),
            Err(what) => self.failure = Some(format!("at {}: {what}", Load::ALL[load])),
        }
    }
}
