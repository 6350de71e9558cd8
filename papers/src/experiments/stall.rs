//! Which items are delivered while one push is frozen.

use super::contestants::{Contestant, Crossbeam, Locked, for_each};
use super::frozen::{Outcome, Sweep};
use super::report::{Chart, Report};

/// The number of items that the other thread pushes.
const OTHERS: usize = 100;

pub(crate) fn run() -> Report {
    fn of<Q: Contestant>() -> Sweep {
        Sweep::of::<Q>(OTHERS)
    }
    let sweeps = for_each!(of(), and Crossbeam, and Locked);

    Report {
        header: vec![
            "queue",
            "instructions of the push",
            "frozen there: all delivered",
            "some or none delivered",
            "a push or pop blocks",
            "least delivered of 100",
        ],
        rows: sweeps.iter().map(row).collect(),
        chart: Chart {
            x: "frozen before this instruction of the push",
            y: "delivered of 100 items of another thread",
            logarithmic: false,
            lines: sweeps.iter().map(|sweep| sweep.line(delivered)).collect(),
        },
        findings: sweeps.iter().map(finding).collect(),
        contradictions: Vec::new(),
        caveat: "how often a thread is stopped there without help: the time between the two \
                 instructions in relation to the time between two pushes.",
    }
}

fn delivered(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Delivered { items, .. } => items,
        Outcome::Blocked => 0,
    }
}

/// Returns the number of instructions before which the frozen push delays an item.
fn gap(sweep: &Sweep) -> usize {
    sweep.count(|outcome| delivered(outcome) < OTHERS)
}

fn blocked(sweep: &Sweep) -> usize {
    sweep.count(|outcome| outcome == Outcome::Blocked)
}

fn least(sweep: &Sweep) -> usize {
    sweep.outcomes().map(delivered).min().unwrap_or(OTHERS)
}

fn row(sweep: &Sweep) -> Vec<String> {
    let (gap, blocked) = (gap(sweep), blocked(sweep));
    vec![
        sweep.name.to_string(),
        sweep.instructions().to_string(),
        (sweep.instructions() - gap).to_string(),
        (gap - blocked).to_string(),
        blocked.to_string(),
        least(sweep).to_string(),
    ]
}

fn finding(sweep: &Sweep) -> String {
    let name = sweep.name;
    match (gap(sweep), blocked(sweep)) {
        (0, _) => format!("{name}: a frozen push delays no other item."),
        (gap, 0) => format!(
            "{name}: a push that is frozen before one of {gap} instructions delays later items \
             ({} of {OTHERS} delivered); no other operation blocks.",
            least(sweep)
        ),
        (gap, blocked) => format!(
            "{name}: a push that is frozen before one of {gap} instructions delays later items; \
             before {blocked} of these, another operation blocks."
        ),
    }
}
