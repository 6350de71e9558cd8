//! The false `Empty` of a pop with two results, and its absence with three.
//!
//! Michael and Scott (1996, section 1) described the defect, of a queue of J. M. Stone (1990).

use super::claims::{Claim, Verdict};
use super::contestants::{Contestant, Crossbeam, WithOption, for_each};
use super::frozen::{Last, Outcome, Sweep};
use super::report::{Chart, Report};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "The queue is not linearizable",
        by: "2010-vyukov-mpsc",
        falsified: "our queue, with a pop that returns an `Option`, never returns a false `None`",
    },
    Claim {
        text: "A queue is linearizable only if no pop returns a false `Empty`: with three results, \
            none does",
        by: "2013-henzinger-linearizability",
        falsified: "a queue with three results returns `Empty` after its own thread's push",
    },
];

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
        attached: Vec::new(),
        findings: sweeps.iter().map(finding).collect(),
        verdicts: verdicts(&sweeps),
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

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(sweeps: &[Sweep]) -> Vec<Verdict> {
    let (two, three): (Vec<_>, Vec<_>) = sweeps
        .iter()
        .partition(|sweep| sweep.name == WithOption::NAME);
    let false_empties = |of: &[&Sweep]| {
        let counts = of.iter().map(|sweep| sweep.count(is_false_empty));
        counts.sum::<usize>()
    };
    let instructions: usize = two.iter().map(|sweep| sweep.instructions()).sum();
    vec![
        Verdict::of(
            false_empties(&two) > 0,
            format!(
                "With an `Option`, at {} of the {instructions} instructions of the frozen push.",
                false_empties(&two)
            ),
        ),
        Verdict::of(
            false_empties(&three) == 0,
            format!(
                "The other {} queues: at {} instructions.",
                three.len(),
                false_empties(&three)
            ),
        ),
    ]
}
