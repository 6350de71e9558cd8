//! The claims about work between pushes, and the verdicts on them.

use std::iter::zip;

use papers::statistics::Median;

use super::series::{Cell, Series, WORKS};
use crate::experiments::claims::{Claim, Outcome, Verdict, named};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "Without work between pushes, a push to `SegQueue` takes less time than a forward-linked \
            push",
        by: "mpsc/src/docs/performance.md",
        falsified: "without work, a push to `SegQueue` takes longer",
    },
    Claim {
        text: "Without work, one producer pushes to `SegQueue` more often in a row than with work",
        by: "hypothesis",
        falsified: "without work, the runs in `SegQueue` are shorter than with 500 ns of work",
    },
    Claim {
        text: "The advantage of `SegQueue` lasts as long as one producer fills a cache line",
        by: "hypothesis",
        falsified: "at one of the lengths of work, four slots of `SegQueue` are of fewer than 1.5 runs, \
            and a push to it takes longer than a forward-linked one nevertheless",
    },
    Claim {
        text: "The advantage of `SegQueue` shrinks with work",
        by: "hypothesis",
        falsified: "with 500 ns of work, a forward-linked push takes more nanoseconds longer than \
            a push to `SegQueue` than without work",
    },
    Claim {
        text: "Two producers push to a lock-free list in less time than to a deque in a lock",
        by: "hypothesis",
        falsified: "at one of the lengths of work, 0 included, a push to `michael_scott` takes longer",
    },
    Claim {
        text: "Two producers push by fetch-and-add in less time than by combining",
        by: "hypothesis",
        falsified: "at one of the lengths of work, 0 included, a push to `segmented` takes longer than \
            one to `cc_synch`",
    },
    Claim {
        text: "Two producers push by combining in less time than to a deque in a lock",
        by: "hypothesis",
        falsified: "at one of the lengths of work, 0 included, a push to `cc_synch` takes longer",
    },
];

/// The index of the work of 500 ns.
pub(super) const LONG: usize = 4;

/// Returns the verdicts on [`CLAIMS`].
pub(super) fn verdicts(all: &[Series]) -> Vec<Verdict> {
    let of = |name| named(all, name);
    let (ours, array) = (of("forward-linked"), of("SegQueue"));
    vec![
        outperforms(array, ours, &[0]),
        runs_shrink(array),
        runs_explain(array, ours),
        advantage_shrinks(ours, array),
        outperforms(of("michael_scott"), of("Mutex<VecDeque>"), &ALL),
        outperforms(of("segmented"), of("cc_synch"), &ALL),
        outperforms(of("cc_synch"), of("Mutex<VecDeque>"), &ALL),
    ]
}

const ALL: [usize; WORKS.len()] = [0, 1, 2, 3, 4, 5, 6];

/// Refuted if `fast` takes longer at one of these works, confirmed if it takes less time at each.
fn outperforms(fast: &Series, slow: &Series, works: &[usize]) -> Verdict {
    let longer = |&at: &usize| fast.cells[at].longer_than(&slow.cells[at], works.len());
    let all: Vec<_> = works.iter().map(longer).collect();
    let order = |longer: &Option<Median>| {
        longer.map_or(Outcome::Open, |longer| {
            Outcome::of_interval(longer, f64::NEG_INFINITY, 0.0)
        })
    };
    let each = zip(works, &all).map(|(&at, longer)| {
        let longer = longer.map_or("not known".into(), |longer| format!("{longer:.0}"));
        format!("{longer} with {}", WORKS[at])
    });
    Verdict {
        outcome: Outcome::of_all(all.iter().map(order)),
        measured: format!(
            "Nanoseconds of a push to `{}` less those of one to `{}`, by nanoseconds of work: {}.",
            fast.name,
            slow.name,
            each.collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The runs of `array` are longer without work.
fn runs_shrink(array: &Series) -> Verdict {
    let cells = [0, LONG].map(|at| &array.cells[at]);
    let [without, with] = cells.map(|cell| cell.length(2));
    let outcome = match (without, with) {
        (Some(without), Some(with)) => less(with, without),
        _ => Outcome::Open,
    };
    let lines = cells.map(|cell| cell.per_line().map_or(f64::NAN, |runs| runs.value));
    Verdict {
        outcome: outcome.if_shown(cells.into_iter().all(Cell::is_contended)),
        measured: format!(
            "The mean run in `{}` has {} items without work and {} with 500 ns. Four consecutive \
             slots, a cache line, are of {:.2} and {:.2} runs.",
            array.name,
            cells[0].length_text(),
            cells[1].length_text(),
            lines[0],
            lines[1]
        ),
    }
}

/// A push to `array` takes less time than one to `ours` wherever its runs fill lines.
fn runs_explain(array: &Series, ours: &Series) -> Verdict {
    let full = |at: &usize| {
        let runs = array.cells[*at].per_line();
        runs.is_some_and(|runs| runs.value < 1.5)
    };
    let full: Vec<_> = ALL.into_iter().filter(full).collect();
    let found = outperforms(array, ours, &full);
    Verdict {
        measured: format!("Where one producer fills a line: {}", found.measured),
        ..found
    }
    .if_shown(!full.is_empty())
}

/// A push of `ours` takes longer than one of `array` by less with work than without.
fn advantage_shrinks(ours: &Series, array: &Series) -> Verdict {
    let advantage = |at: usize| ours.cells[at].longer_than(&array.cells[at], 2);
    let (outcome, measured) = match (advantage(0), advantage(LONG)) {
        (Some(without), Some(with)) => (
            less(with, without),
            format!(
                "A push to `{}` takes {without:.0} ns longer than one to `{}` without work, and \
                 {with:.0} ns with 500 ns.",
                ours.name, array.name
            ),
        ),
        _ => (Outcome::Open, "Too few pushes were contended.".into()),
    };
    Verdict { outcome, measured }
}

/// Confirms or refutes that one median is less than another if their intervals do not overlap.
fn less(one: Median, other: Median) -> Outcome {
    if one.high < other.low {
        Outcome::Confirmed
    } else if one.low > other.high {
        Outcome::Refuted
    } else {
        Outcome::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::work::runs::Runs;
    use crate::experiments::work::series::Sample;

    fn cell(nanos: impl Iterator<Item = f64>) -> Cell {
        let runs = Runs::of(&[0, 1, 0, 1]);
        Cell {
            samples: nanos.map(|nanos| Some(Sample { nanos, runs })).collect(),
            retakes: 0,
        }
    }

    fn series(name: &'static str, nanos: f64) -> Series {
        let round = |round| nanos + f64::from(round);
        Series {
            name,
            cells: std::array::from_fn(|_| cell((0..20).map(round))),
        }
    }

    #[test]
    fn faster_at_each_work_is_confirmed() {
        let (fast, slow) = (series("fast", 10.0), series("slow", 12.0));
        assert_eq!(outperforms(&fast, &slow, &ALL).outcome, Outcome::Confirmed);
        assert_eq!(outperforms(&slow, &fast, &ALL).outcome, Outcome::Refuted);
    }

    #[test]
    fn slower_at_one_work_is_refuted() {
        let (mut fast, slow) = (series("fast", 10.0), series("slow", 12.0));
        fast.cells[3] = cell([100.0; 20].into_iter());
        assert_eq!(outperforms(&fast, &slow, &ALL).outcome, Outcome::Refuted);
        assert_eq!(outperforms(&fast, &slow, &[0]).outcome, Outcome::Confirmed);
    }

    #[test]
    fn pushes_that_are_not_contended_decide_nothing() {
        let (mut fast, slow) = (series("fast", 10.0), series("slow", 12.0));
        fast.cells[0].samples[..11].fill(None);
        assert_eq!(outperforms(&fast, &slow, &[0]).outcome, Outcome::Open);
        assert_eq!(outperforms(&fast, &slow, &[1]).outcome, Outcome::Confirmed);
    }

    #[test]
    fn pairs_decide_and_not_the_samples_of_each() {
        let (mut fast, mut slow) = (series("fast", 10.0), series("slow", 12.0));
        fast.cells[0].samples[..10].fill(None);
        slow.cells[0].samples[10..].fill(None);
        assert_eq!(outperforms(&fast, &slow, &[0]).outcome, Outcome::Open);
    }

    #[test]
    fn undecided_work_leaves_the_claim_open() {
        let (mut fast, slow) = (series("fast", 10.0), series("slow", 12.0));
        fast.cells[6] = cell((0..20).map(|round| f64::from(round % 2) * 60.0));
        assert_eq!(outperforms(&fast, &slow, &ALL).outcome, Outcome::Open);
    }

    /// Slower in 16 of 20 rounds decides one comparison, but not one of seven.
    #[test]
    fn each_of_several_comparisons_must_be_surer() {
        let (mut fast, slow) = (series("fast", 10.0), series("slow", 12.0));
        let nanos = |round| f64::from(round) + if round < 4 { 0.0 } else { 100.0 };
        fast.cells[0] = cell((0..20).map(nanos));
        assert_eq!(outperforms(&fast, &slow, &[0]).outcome, Outcome::Refuted);
        assert_eq!(outperforms(&fast, &slow, &ALL).outcome, Outcome::Open);
    }
}
