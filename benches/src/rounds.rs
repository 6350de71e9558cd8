//! Interleaved measuring: each round takes one sample of every contestant, so that a
//! drift of the machine affects all of them.

use std::time::{Duration, Instant};

use crate::contestant::Role;
use crate::scenario::{Cell, Group, Sample};
use crate::sleep::Figures;
use papers::statistics::Median;

/// The time to spend on measuring.
#[derive(Clone, Copy)]
pub struct Budget {
    /// The time for all groups together.
    pub total: Duration,
    /// How the contestants are sampled.
    pub sampling: Sampling,
    /// The same for items at a given rate, whose samples mostly wait.
    pub paced: Sampling,
}

/// The duration and the number of the samples of a contestant.
#[derive(Clone, Copy)]
pub struct Sampling {
    /// The duration of one sample.
    pub sample: Duration,
    /// The number of rounds that run even if the time is over.
    pub min_rounds: usize,
    /// The number of rounds after which measuring stops.
    pub max_rounds: usize,
}

/// The samples of a group.
pub struct Outcome {
    /// The scenario and its contestants.
    pub group: Group,
    /// The samples of each contestant, in the order of the group's cells.
    pub rows: Vec<Row>,
}

/// The samples of one contestant.
pub struct Row {
    /// The name of the contestant.
    pub name: &'static str,
    /// The place in the summary.
    pub role: Role,
    /// The compared figure in each round. Rows of the same group have the same rounds.
    pub nanos: Vec<f64>,
    /// The details of a consumer that sleeps.
    pub sleep: Option<Figures>,
    /// How the contestant failed, after which it is not measured.
    pub failure: Option<String>,
}

/// Where a measurement is, for a display of its progress.
pub struct Progress<'a> {
    /// The part that is done.
    pub done: f64,
    /// The time that is left, estimated from the time that the part took which is done.
    pub left: Duration,
    /// The group that is measured.
    pub group: &'a str,
    /// The next step in the group.
    pub step: &'a str,
}

/// Measures one group after the other.
pub fn measure(
    groups: Vec<Group>,
    budget: Budget,
    mut progress: impl FnMut(&Progress<'_>),
) -> Vec<Outcome> {
    let cells: usize = groups.iter().map(|group| group.cells.len()).sum();
    let clock = Clock::start(budget.total);
    let mut done = 0;
    groups
        .into_iter()
        .map(|group| {
            let name = group.to_string();
            let part = group.cells.len() as f64 / (cells - done) as f64;
            let measured = done as f64 / cells as f64;
            let outcome = measure_group(group, budget, clock.rest().mul_f64(part), |step| {
                progress(&Progress {
                    done: measured,
                    left: clock.left(measured),
                    group: &name,
                    step,
                });
            });
            done += outcome.rows.len();
            outcome
        })
        .collect()
}

/// The time that was planned, and the time that passes.
struct Clock {
    start: Instant,
    total: Duration,
}

impl Clock {
    fn start(total: Duration) -> Self {
        let start = Instant::now();
        Self { start, total }
    }

    /// Returns the planned time that has not passed.
    fn rest(&self) -> Duration {
        self.total.saturating_sub(self.start.elapsed())
    }

    /// Estimates the time that is left. Groups whose least number of rounds takes longer than
    /// planned shift the end; the groups to come are expected to do the same.
    fn left(&self, done: f64) -> Duration {
        let passed = self.start.elapsed();
        let late = passed.div_duration_f64(self.total.mul_f64(done).max(Duration::from_millis(1)));
        let planned = self.total.mul_f64(1.0 - done);
        match done {
            0.0 => planned,
            _ => planned.mul_f64(late.max(1.0)).max(self.rest()),
        }
    }
}

fn measure_group(
    group: Group,
    budget: Budget,
    time: Duration,
    mut progress: impl FnMut(&str),
) -> Outcome {
    let end = Instant::now() + time;
    let sampling = match group.load {
        None => budget.sampling,
        Some(_) => budget.paced,
    };
    let mut rows: Vec<Row> = group.cells.iter().map(Row::new).collect();
    let mut items = Vec::new();
    for cell in &group.cells {
        progress(&format!("warm-up of {}", cell.name));
        items.push(items_per_sample(&group, cell, sampling.sample));
    }
    for round in 0..sampling.max_rounds {
        if round >= sampling.min_rounds && Instant::now() >= end {
            break;
        }
        progress(&format!("round {}", round + 1));
        for index in rotated(round, rows.len()) {
            rows[index].measure(&group.cells[index], items[index]);
        }
    }
    Outcome { group, rows }
}

/// Returns the order of `count` contestants in a round. It rotates, so that no contestant always
/// follows the same one.
pub fn rotated(round: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |position| (position + round) % count)
}

/// Returns how many items take the time of a sample. Counts at least a quarter of the
/// elapsed time, so that a long unmeasured part does not prolong the run without limit.
fn items_per_sample(group: &Group, cell: &Cell, sample: Duration) -> u64 {
    if let Some(load) = group.load {
        return load.items(sample);
    }
    let mut items = group.unit;
    loop {
        let start = Instant::now();
        let nanos = (cell.run)(items).map_or(0.0, |sample| sample.nanos);
        let time = Duration::from_nanos((nanos * items as f64) as u64);
        let busy = time.max(start.elapsed() / 4);
        if busy >= sample {
            return items;
        }
        let growth = sample.as_secs_f64() / busy.as_secs_f64();
        let wanted = (items as f64 * growth.clamp(2.0, 10.0)) as u64;
        items = wanted.next_multiple_of(group.unit);
    }
}

impl Row {
    fn new(cell: &Cell) -> Self {
        Self {
            name: cell.name,
            role: cell.role,
            nanos: Vec::new(),
            sleep: None,
            failure: None,
        }
    }

    fn measure(&mut self, cell: &Cell, items: u64) {
        if self.failure.is_some() {
            return;
        }
        match (cell.run)(items) {
            Ok(sample) => self.add(&sample),
            Err(what) => self.failure = Some(what),
        }
    }

    fn add(&mut self, sample: &Sample) {
        self.nanos.push(sample.nanos);
        if let Some(details) = &sample.sleep {
            self.sleep.get_or_insert_with(Figures::new).add(details);
        }
    }

    /// Returns the median of the compared figure.
    pub(crate) fn median(&self) -> Median {
        Median::of(&self.nanos)
    }
}

impl Outcome {
    /// Returns the rows of the floors and contestants that did not fail, which are compared.
    pub(crate) fn measured(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.failure.is_none())
    }

    /// Returns the row of this name, unless the contestant failed.
    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.measured().find(|row| row.name == name)
    }

    /// Returns the name of the scenario, marked if it has more threads than there are cores.
    pub(crate) fn title(&self) -> String {
        let title = self.group.to_string();
        if self.group.oversubscribed {
            format!("{title} (oversubscribed)")
        } else {
            title
        }
    }

    /// Returns a line for each contestant that failed.
    pub(crate) fn failures(&self) -> impl Iterator<Item = String> {
        self.rows.iter().filter_map(|row| {
            let what = row.failure.as_ref()?;
            Some(format!("{}, {}: {what}", self.group, row.name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_groups_shift_the_end() {
        let clock = |passed| Clock {
            start: Instant::now() - Duration::from_secs(passed),
            total: Duration::from_secs(100),
        };
        let left = |passed, done| clock(passed).left(done).as_secs_f64().round();
        assert_eq!(left(0, 0.0), 100.0);
        assert_eq!(left(50, 0.5), 50.0);
        assert_eq!(
            left(80, 0.5),
            80.0,
            "the first half took 1.6 times as long as planned"
        );
        assert_eq!(
            left(20, 0.5),
            80.0,
            "groups to come use the time that others left"
        );
    }

    #[test]
    fn each_contestant_follows_each_other_position() {
        let orders: Vec<Vec<usize>> = (0..4).map(|round| rotated(round, 3).collect()).collect();
        assert_eq!(orders, [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]);
    }

    #[test]
    fn contestant_that_fails_is_not_measured_again() {
        let cell = Cell {
            name: "faulty",
            role: Role::Other,
            run: Box::new(|_| Err("lost an item".into())),
        };
        let mut row = Row::new(&cell);
        row.measure(&cell, 1);
        let fine = Cell::new("faulty", Role::Other, |_| Duration::from_nanos(1));
        row.measure(&fine, 1);
        assert_eq!(row.failure.as_deref(), Some("lost an item"));
        assert!(row.nanos.is_empty());
    }
}
