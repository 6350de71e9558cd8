//! The false `Empty` of a pop with two results, and its absence with three.

use super::contestants::{Contestant, Crossbeam, WithOption, for_each};
use super::frozen::{Last, Outcome, Sweep};
use super::report::{Chart, Report};

pub(crate) fn run() -> Report {
    fn of<Q: Contestant>() -> Sweep {
        Sweep::of::<Q>(1)
    }
    let sweeps = for_each!(of(), and WithOption, and Crossbeam);

    Report {
        header: vec![
            "queue",
            "instructions of the push",
            "delivered",
            "Stalled",
            "false Empty",
            "does not return",
        ],
        rows: sweeps.iter().map(row).collect(),
        chart: Chart {
            x: "another push is frozen before this instruction",
            y: "1: the pop returns Empty after its own thread's push",
            logarithmic: false,
            lines: sweeps
                .iter()
                .map(|sweep| sweep.line(|outcome| usize::from(is_false_empty(outcome))))
                .collect(),
        },
        findings: sweeps.iter().map(finding).collect(),
        contradictions: sweeps.iter().filter_map(contradiction).collect(),
        caveat: "how often this happens without a debugger's help.",
    }
}

/// The same thread has pushed an item before, so the queue is not empty.
fn is_false_empty(outcome: Outcome) -> bool {
    let last = Last::Empty;
    outcome == Outcome::Delivered { items: 0, last }
}

fn row(sweep: &Sweep) -> Vec<String> {
    let last = Last::Stalled;
    let stalled = Outcome::Delivered { items: 0, last };
    vec![
        sweep.name.to_string(),
        sweep.instructions().to_string(),
        sweep
            .count(|outcome| matches!(outcome, Outcome::Delivered { items: 1, .. }))
            .to_string(),
        sweep.count(|outcome| outcome == stalled).to_string(),
        sweep.count(is_false_empty).to_string(),
        sweep
            .count(|outcome| outcome == Outcome::Blocked)
            .to_string(),
    ]
}

fn finding(sweep: &Sweep) -> String {
    let name = sweep.name;
    match sweep.count(is_false_empty) {
        0 => format!("{name}: `push(b); pop()` never returns Empty."),
        n => format!(
            "{name}: `push(b); pop()` returns Empty while another push is frozen before one of \
             {n} instructions."
        ),
    }
}

/// Only a pop with two results returns a false `Empty`.
fn contradiction(sweep: &Sweep) -> Option<String> {
    let expected = sweep.name == WithOption::NAME;
    let found = sweep.count(is_false_empty) > 0;
    (found != expected).then(|| finding(sweep))
}
