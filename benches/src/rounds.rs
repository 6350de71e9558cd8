//! Measuring by turns: every contestant once in each round, so that a machine
//! whose speed drifts drifts for all of them.

use std::time::{Duration, Instant};

use crate::contestant::Role;
use crate::scenarios::{Cell, Group};

/// How thoroughly to measure.
#[derive(Clone, Copy)]
pub struct Effort {
    /// For everything together.
    pub total: Duration,
    /// What one contestant's turn should last.
    pub turn: Duration,
    /// Measured even if the time is over.
    pub fewest_rounds: usize,
    /// More would teach nothing.
    pub most_rounds: usize,
}

/// What was measured in a group.
pub struct Outcome {
    /// What was asked.
    pub group: Group,
    /// The contestants' samples, in the order of the group's cells.
    pub rows: Vec<Row>,
}

/// The samples of one contestant.
pub struct Row {
    /// The contestant's.
    pub name: &'static str,
    /// What it is in the summary.
    pub role: Role,
    /// Nanoseconds per item, one for each round. The same index in all rows of a
    /// group is the same round.
    pub nanos: Vec<f64>,
}

/// Measures one group after the other. `progress` hears the part that is done,
/// the time left, the group, and what comes now.
pub fn measure(
    groups: Vec<Group>,
    effort: Effort,
    mut progress: impl FnMut(f64, Duration, &str, &str),
) -> Vec<Outcome> {
    let cells: usize = groups.iter().map(|group| group.cells.len()).sum();
    let end = Instant::now() + effort.total;
    let mut done = 0;
    groups
        .into_iter()
        .map(|group| {
            let part = group.cells.len() as f64 / (cells - done) as f64;
            let left = end.saturating_duration_since(Instant::now());
            let name = group.to_string();
            let outcome = measure_group(group, effort, left.mul_f64(part), |what| {
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
    effort: Effort,
    time: Duration,
    mut progress: impl FnMut(&str),
) -> Outcome {
    let end = Instant::now() + time;
    let mut rows = Vec::new();
    let mut items = Vec::new();
    for cell in &group.cells {
        progress(&format!("{} warms up", cell.name));
        items.push(items_per_turn(&group, cell, effort.turn));
        let (name, role, nanos) = (cell.name, cell.role, Vec::new());
        rows.push(Row { name, role, nanos });
    }
    for round in 0..effort.most_rounds {
        if round >= effort.fewest_rounds && Instant::now() >= end {
            break;
        }
        progress(&format!("round {}", round + 1));
        for turn in 0..rows.len() {
            // Nobody is always measured after the same neighbour.
            let index = (turn + round) % rows.len();
            let time = (group.cells[index].run)(items[index]);
            let nanos = time.as_nanos() as f64 / items[index] as f64;
            rows[index].nanos.push(nanos);
        }
    }
    Outcome { group, rows }
}

/// How many items keep the contestant busy for a turn: the clock's, or about four
/// times as long if what is not measured takes most of it.
fn items_per_turn(group: &Group, cell: &Cell, turn: Duration) -> u64 {
    let mut items = group.unit;
    loop {
        let start = Instant::now();
        let time = (cell.run)(items);
        let busy = time.max(start.elapsed() / 4);
        if busy >= turn {
            return items;
        }
        let growth = turn.as_secs_f64() / busy.as_secs_f64();
        let wanted = (items as f64 * growth.clamp(2.0, 10.0)) as u64;
        items = wanted.next_multiple_of(group.unit);
    }
}
