//! The claims about work between pushes, and the verdicts on them.

use std::iter::zip;

use papers::statistics::Median;

use super::series::{Cell, Series, WORKS};
use crate::experiments::claims::{Claim, Outcome, Verdict, named};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "Without work between pushes, a push to `SegQueue`, which has slots instead of links \
            and backs off, takes less time than a push that links",
        by: "mpsc/src/docs/performance.md",
        falsified: "without work, a push to `SegQueue` takes longer than one to our forward-linked \
            queue",
    },
    Claim {
        text: "Without work, one producer pushes to `SegQueue` more often in a row than with work",
        by: "hypothesis",
        falsified: "without work, the runs in `SegQueue` are shorter than with 500 ns of work",
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
        falsified: "with some work, a push to `michael_scott` takes longer",
    },
    Claim {
        text: "Two producers push by fetch-and-add in less time than by combining",
        by: "hypothesis",
        falsified: "with some work, a push to `segmented` takes longer than one to `cc_synch`",
    },
    Claim {
        text: "Two producers push by combining in less time than to a deque in a lock",
        by: "hypothesis",
        falsified: "with some work, a push to `cc_synch` takes longer",
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
        advantage_shrinks(ours, array),
        outperforms(of("michael_scott"), of("Mutex<VecDeque>"), &ALL),
        outperforms(of("segmented"), of("cc_synch"), &ALL),
        outperforms(of("cc_synch"), of("Mutex<VecDeque>"), &ALL),
    ]
}

const ALL: [usize; WORKS.len()] = [0, 1, 2, 3, 4, 5, 6];

/// Refuted if `fast` takes longer at one of these works, confirmed if it takes less time at each.
fn outperforms(fast: &Series, slow: &Series, works: &[usize]) -> Verdict {
    let order = |&at: &usize| order(&fast.cells[at], &slow.cells[at], works.len());
    let orders: Vec<_> = works.iter().map(order).collect();
    let cost = |cell: &Cell| {
        let cost = cell.cost();
        cost.map_or("-".into(), |cost| format!("{:.0}", cost.value))
    };
    let each = zip(works, &orders).map(|(&at, order)| {
        let undecided = match order {
            Outcome::Confirmed | Outcome::Refuted => "",
            Outcome::Open => " (undecided)",
        };
        let (fast, slow) = (cost(&fast.cells[at]), cost(&slow.cells[at]));
        format!("{fast} against {slow} with {} ns{undecided}", WORKS[at])
    });
    let measured = format!(
        "Nanoseconds per push of `{}` against `{}` by work, less the work: {}.",
        fast.name,
        slow.name,
        each.collect::<Vec<_>>().join("; ")
    );
    Verdict {
        outcome: Outcome::of_all(orders),
        measured,
    }
}

/// Confirms that a push takes less time than another one, by the interval of the difference within
/// rounds, as one of so many comparisons.
fn order(push: &Cell, other: &Cell, comparisons: usize) -> Outcome {
    let longer = push.longer_than(other, comparisons);
    let outcome = longer.map_or(Outcome::Open, |longer| {
        Outcome::of_interval(longer, f64::NEG_INFINITY, 0.0)
    });
    outcome.if_shown(push.is_contended() && other.is_contended())
}

/// The runs of `array` are longer without work.
fn runs_shrink(array: &Series) -> Verdict {
    let [without, with] = [0, LONG].map(|at| &array.cells[at]);
    let outcome = match (without.length(), with.length()) {
        (Some(without), Some(with)) => fewer(with, without),
        _ => Outcome::Open,
    };
    let lines = |cell: &Cell| cell.per_line().map_or(f64::NAN, |runs| runs.value);
    Verdict {
        outcome: outcome.if_shown(without.is_contended() && with.is_contended()),
        measured: format!(
            "The mean run in `{}` has {} items without work and {} with 500 ns. Four consecutive \
             slots, a cache line, are of {:.2} and {:.2} runs.",
            array.name,
            without.length_text(),
            with.length_text(),
            lines(without),
            lines(with)
        ),
    }
}

/// A push of `ours` takes longer than one of `array` by less with work than without.
fn advantage_shrinks(ours: &Series, array: &Series) -> Verdict {
    let advantage = |at: usize| ours.cells[at].longer_than(&array.cells[at], 2);
    let cells = [ours, array].map(|series| [&series.cells[0], &series.cells[LONG]]);
    let (outcome, measured) = match (advantage(0), advantage(LONG)) {
        (Some(without), Some(with)) => (
            fewer(with, without),
            format!(
                "A push to `{}` takes {:.0} ns longer [{:.0} to {:.0}] than one to `{}` without \
                 work, and {:.0} ns [{:.0} to {:.0}] with 500 ns.",
                ours.name,
                without.value,
                without.low,
                without.high,
                array.name,
                with.value,
                with.low,
                with.high
            ),
        ),
        _ => (Outcome::Open, "No pushes were contended.".into()),
    };
    Verdict {
        outcome: outcome.if_shown(cells.concat().into_iter().all(Cell::is_contended)),
        measured,
    }
}

/// Confirms or refutes that one median is less than another if their intervals do not overlap.
fn fewer(one: Median, other: Median) -> Outcome {
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
    fn undecided_work_leaves_the_claim_open() {
        let (mut fast, slow) = (series("fast", 10.0), series("slow", 12.0));
        fast.cells[6] = cell((0..20).map(|round| f64::from(round % 2) * 60.0));
        let verdict = outperforms(&fast, &slow, &ALL);
        assert_eq!(verdict.outcome, Outcome::Open);
        assert!(verdict.measured.contains("with 2000 ns (undecided)"));
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
