//! The false `Empty` of a pop with two results, and its absence with three.
//!
//! Michael and Scott (1996, section 1) described the defect, of a queue of J. M. Stone (1990).

use super::claims::{Claim, Verdict, named};
use super::contestants::{Contestant, Crossbeam, WithOption, for_each};
use super::frozen::{Last, Observed, Sweep};
use super::report::{Chart, Report};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "A queue whose push exchanges and then links is not linearizable (here ours, with two \
            results)",
        by: "2010-vyukov-mpsc",
        falsified: "our queue, with a pop that returns an `Option`, never returns a false `None`",
    },
    Claim {
        text: "With three results, no pop returns a false `Empty`",
        by: "hypothesis",
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
                .map(|sweep| sweep.line(|observed| usize::from(is_false_empty(observed))))
                .collect(),
        },
        attached: Vec::new(),
        findings: sweeps.iter().map(finding).collect(),
        verdicts: verdicts(&sweeps),
        caveat: "how often this happens without a debugger's help. The number of instructions of a push to \
            `SegQueue` varies from run to run.",
    }
}

/// The same thread has pushed an item before, so the queue is not empty.
fn is_false_empty(observed: Observed) -> bool {
    let last = Last::Empty;
    observed == Observed::Delivered { items: 0, last }
}

fn row(sweep: &Sweep) -> Vec<String> {
    let last = Last::Stalled;
    let stalled = Observed::Delivered { items: 0, last };
    vec![
        sweep.name.to_string(),
        sweep.instructions().to_string(),
        sweep
            .count(|observed| matches!(observed, Observed::Delivered { items: 1, .. }))
            .to_string(),
        sweep.count(|observed| observed == stalled).to_string(),
        sweep.count(is_false_empty).to_string(),
        sweep
            .count(|observed| observed == Observed::Blocked)
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
    let two = named(sweeps, WithOption::NAME);
    let has_two = |sweep: &&Sweep| [WithOption::NAME, Crossbeam::NAME].contains(&sweep.name);
    let three: Vec<_> = sweeps.iter().filter(|sweep| !has_two(sweep)).collect();
    let false_empties: usize = three.iter().map(|sweep| sweep.count(is_false_empty)).sum();
    vec![
        Verdict::of(
            two.count(is_false_empty) > 0,
            format!(
                "With an `Option`, at {} of the {} instructions of the frozen push.",
                two.count(is_false_empty),
                two.instructions()
            ),
        ),
        Verdict::of(
            false_empties == 0,
            format!(
                "The {} queues with three results: at {false_empties} instructions.",
                three.len()
            ),
        ),
    ]
}
