//! What is made of the samples.

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
use crate::costs::Cost;
use crate::rounds::{Outcome, Row};
use crate::sleep::Group as Sleepers;
use crate::statistics::Median;

/// Everything that a report can tell.
pub struct Findings {
    /// Name and value of what describes the machine and the run.
    pub machine: Vec<(&'static str, String)>,
    /// Who failed the self-check, and was not measured.
    pub failures: Vec<Failure>,
    /// What was measured.
    pub outcomes: Vec<Outcome>,
    /// What was measured of consumers that sleep.
    pub sleepers: Vec<Sleepers>,
    /// What was counted.
    pub costs: Vec<Cost>,
    /// Who could not be counted.
    pub uncounted: Vec<Failure>,
}

/// How one of our rows stands in its group.
struct Standing<'a> {
    ours: &'a Row,
    median: Median,
    /// The best of the others, and our median ratio to it, round by round.
    other: Option<(&'a Row, Median)>,
    /// The floor, likewise.
    floor: Option<(&'a Row, Median)>,
}

/// Our rows, the single push first.
fn standings(rows: &[Row]) -> impl Iterator<Item = Standing<'_>> {
    let ours = rows
        .iter()
        .filter(|row| row.role != Role::Other && row.role != Role::Floor);
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

/// Writes a report to a file that is named relative to the workspace, since Cargo
/// runs a bench in its package's folder.
///
/// # Errors
///
/// Those of [`fs::write`].
pub fn save(file: &Path, text: &str) -> io::Result<()> {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    fs::write(Path::new(workspace).join(file), text)
}

const METHOD: &str = "Every contestant is measured once in each round, in rotating order. \
    A figure is the median over the rounds, in brackets an interval that holds the true \
    median with 95 % confidence (order statistics; below six rounds the whole range). A ratio \
    is the median of the ratios within the rounds; below 1 we are faster. Heap objects exist \
    before the clock starts and are freed after it stops, so the allocator's part is not \
    measured, save for what a queue itself allocates. In scenarios with \
    threads the producers have just written the items, as many for each contestant, and the \
    consumer reads what it pops. Threads are pinned unless there are more of them than cores: \
    that is what oversubscribed means.";
