//! Interleaved measuring: each round takes one sample of every contestant, so that a
//! drift of the machine affects all of them.

use std::time::{Duration, Instant};

use crate::contestant::Role;
use crate::scenario::{Cell, Group};

/// The time to spend on measuring.
#[derive(Clone, Copy)]
pub struct Budget {
    /// The time for all groups together.
    pub total: Duration,
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
    /// Nanoseconds per item in each round. Rows of the same group have the same rounds.
    pub nanos: Vec<f64>,
}

/// Measures one group after the other. Calls `progress` with the part done, the time
/// left, the group, and the next step.
pub fn measure(
    groups: Vec<Group>,
    budget: Budget,
    mut progress: impl FnMut(f64, Duration, &str, &str),
) -> Vec<Outcome> {
    let cells: usize = groups.iter().map(|group| group.cells.len()).sum();
    let end = Instant::now() + budget.total;
    let mut done = 0;
    groups
        .into_iter()
        .map(|group| {
            let part = group.cells.len() as f64 / (cells - done) as f64;
            let left = end.saturating_duration_since(Instant::now());
            let name = group.to_string();
            let outcome = measure_group(group, budget, left.mul_f64(part), |what| {
                let left = end.saturating_duration_since(Instant::now());
                progress(done as f64 / cells as f64, left, &name, what);
            });
            done += outcome.rows.len();
            outcome
        })
        .collect()
}

fn measure_group(
    group: Group,
    budget: Budget,
    time: Duration,
    mut progress: impl FnMut(&str),
) -> Outcome {
    let end = Instant::now() + time;
    let mut rows = Vec::new();
    let mut items = Vec::new();
    for cell in &group.cells {
        progress(&format!("warm-up of {}", cell.name));
        items.push(items_per_sample(&group, cell, budget.sample));
        let (name, role, nanos) = (cell.name, cell.role, Vec::new());
        rows.push(Row { name, role, nanos });
    }
    for round in 0..budget.max_rounds {
        if round >= budget.min_rounds && Instant::now() >= end {
            break;
        }
        progress(&format!("round {}", round + 1));
        for position in 0..rows.len() {
            // Rotate, so that no contestant always follows the same one.
            let index = (position + round) % rows.len();
            let time = (group.cells[index].run)(items[index]);
            let nanos = time.as_nanos() as f64 / items[index] as f64;
            rows[index].nanos.push(nanos);
        }
    }
    Outcome { group, rows }
}

/// Returns how many items take the time of a sample. Counts at least a quarter of the
/// elapsed time, so that a long unmeasured part does not prolong the run without limit.
fn items_per_sample(group: &Group, cell: &Cell, sample: Duration) -> u64 {
    let mut items = group.unit;
    loop {
        let start = Instant::now();
        let time = (cell.run)(items);
        let busy = time.max(start.elapsed() / 4);
        if busy >= sample {
            return items;
        }
        let growth = sample.as_secs_f64() / busy.as_secs_f64();
        let wanted = (items as f64 * growth.clamp(2.0, 10.0)) as u64;
        items = wanted.next_multiple_of(group.unit);
    }
}
