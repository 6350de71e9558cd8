//! Report writers.

mod cells;
pub mod criterion;
pub mod html;
mod plot;
mod sleep;
mod sleep_plot;
mod targets;
pub mod text;

use std::path::Path;
use std::{fs, io};

use crate::check::Failure;
use crate::contestant::Role;
use crate::costs::{self, Cost};
use crate::rounds::{Outcome, Row};
use crate::sleep::Group as Sleepers;
use crate::statistics::Median;

/// The results of a run.
#[derive(Default)]
pub struct Findings {
    /// Names and values that describe the machine and the run.
    pub machine: Vec<(&'static str, String)>,
    /// The contestants that failed the self-check, hence were not measured.
    pub failures: Vec<Failure>,
    /// The samples of the scenarios.
    pub outcomes: Vec<Outcome>,
    /// The figures of consumers that sleep.
    pub sleepers: Vec<Sleepers>,
    /// The counted costs.
    pub costs: Vec<Cost>,
    /// The contestants that could not be counted.
    pub uncounted: Vec<Failure>,
}

impl Findings {
    /// Returns a line for each failure, except for known ones of the self-check.
    #[must_use]
    pub fn unexpected_failures(&self) -> Vec<String> {
        let unchecked = self.failures.iter().filter(|failure| !failure.is_known());
        let uncounted = self.uncounted.iter().filter(|_| costs::IS_SUPPORTED);
        let mut lines: Vec<String> = unchecked
            .map(|failure| ("self-check", failure))
            .chain(uncounted.map(|failure| ("costs", failure)))
            .map(|(step, Failure { name, what })| format!("{step}: {name}: {what}"))
            .collect();
        lines.extend(self.sleepers.iter().flat_map(Sleepers::failures));
        lines
    }
}

/// A row of ours, compared with the others of its group.
struct Standing<'a> {
    ours: &'a Row,
    median: Median,
    /// The best other row, and the median of our ratios to it within each round.
    other: Option<(&'a Row, Median)>,
    /// The floor, and the median of our ratios to it within each round.
    floor: Option<(&'a Row, Median)>,
}

/// Compares our rows, the single push first.
fn standings(rows: &[Row]) -> impl Iterator<Item = Standing<'_>> {
    let ours = rows.iter().filter(|row| row.role.is_ours());
    let others = rows.iter().filter(|row| row.role == Role::Other);
    let best = others.min_by(|a, b| a.median().value.total_cmp(&b.median().value));
    let floor = rows.iter().find(|row| row.role == Role::Floor);
    ours.map(move |ours| {
        let against = |row: &'_ Row| Median::of_ratios(&ours.nanos, &row.nanos);
        Standing {
            ours,
            median: ours.median(),
            other: best.map(|row| (row, against(row))),
            floor: floor.map(|row| (row, against(row))),
        }
    })
}

impl Outcome {
    fn standings(&self) -> impl Iterator<Item = Standing<'_>> {
        standings(&self.rows)
    }

    fn title(&self) -> String {
        let title = self.group.to_string();
        if self.group.oversubscribed {
            format!("{title} (oversubscribed)")
        } else {
            title
        }
    }
}

impl Row {
    fn median(&self) -> Median {
        Median::of(&self.nanos)
    }
}

/// Writes a report to a file. The path is relative to the workspace, because Cargo runs a
/// bench in the folder of its package.
///
/// # Errors
///
/// Fails if the file cannot be written.
pub fn save(file: &Path, text: &str) -> io::Result<()> {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    fs::write(Path::new(workspace).join(file), text)
}

const METHOD: &str = "Each round takes one sample of every contestant, in rotating order. A \
    figure is the median over the rounds with its 95 % confidence interval (order statistics; \
    with fewer than six rounds the whole range). A ratio is the median of the ratios within \
    the rounds; below 1, mpsc-queue is faster. Heap objects are allocated before the clock \
    starts and freed after it stops; allocations by the queues are measured. In push, pop, \
    both and burst, the producers have just written the items, the number of items is the \
    same for all contestants, and the consumer reads each item; each thread is pinned to its \
    own core unless there are more threads than cores (oversubscribed).";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unexpected_failures_omit_known_ones() {
        let failure = |name: &str| Failure {
            name: name.into(),
            what: "lost an item".into(),
        };
        let findings = Findings {
            failures: vec![failure("nolock Jiffy"), failure("mpsc-queue")],
            ..Findings::default()
        };
        let lines = findings.unexpected_failures();
        assert_eq!(lines, ["self-check: mpsc-queue: lost an item"]);
    }
}
