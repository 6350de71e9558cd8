//! The claims about work between pushes, and the verdicts on them.

use super::series::{Cell, Series, WORKS};
use crate::experiments::claims::{Claim, Outcome, Verdict};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "Without work between pushes, a push to `SegQueue`, which has slots instead of links \
            and backs off, takes less time than a push that links",
        by: "mpsc/src/docs/performance.md",
        falsified: "without work, a push to `SegQueue` takes as long as one to our forward-linked \
            queue or longer",
    },
    Claim {
        text: "That is because one producer pushes many times in a row, which work prevents",
        by: "hypothesis",
        falsified: "without work, the runs in `SegQueue` are not longer than with 500 ns of work",
    },
    Claim {
        text: "So the advantage shrinks with work",
        by: "hypothesis",
        falsified: "with 500 ns of work, a forward-linked push takes as many nanoseconds longer \
            than a push to `SegQueue` as without work, or more",
    },
    Claim {
        text: "The lock-free list outperforms a single lock (here with two producers)",
        by: "1996-michael-scott-queue",
        falsified: "with some work, a push to the list takes longer than one to a deque in a lock",
    },
    Claim {
        text: "Fetch-and-add outperforms combining at all levels of concurrency (here with two \
            producers)",
        by: "2013-morrison-afek-lcrq",
        falsified: "with some work, a push to `segmented` takes longer than one to `cc_synch`",
    },
    Claim {
        text: "Combining outperforms a lock (here with two producers)",
        by: "2012-fatourou-kallimanis-cc-synch",
        falsified: "with some work, a push to `cc_synch` takes longer than one to a deque in a \
            lock",
    },
];

/// The index of the work of 500 ns.
const LONG: usize = 4;

/// Returns the verdicts on [`CLAIMS`].
pub(super) fn verdicts(all: &[Series]) -> Vec<Verdict> {
    let of = |name: &str| {
        let series = all.iter().find(|series| series.name == name);
        series.expect("each of them is a contestant")
    };
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
    let orders: Vec<_> = works
        .iter()
        .map(|&at| order(&fast.cells[at], &slow.cells[at]))
        .collect();
    let outcome = if orders.contains(&Order::Longer) {
        Outcome::Refuted
    } else if orders.iter().all(|order| *order == Order::Shorter) {
        Outcome::Confirmed
    } else {
        Outcome::Open
    };
    let each = works.iter().zip(&orders).map(|(&at, order)| {
        let (fast, slow) = (fast.cells[at].cost(), slow.cells[at].cost());
        format!(
            "{:.0} against {:.0} ns per push with {} ns of work{}",
            fast.value,
            slow.value,
            WORKS[at],
            match order {
                Order::Shorter | Order::Longer => "",
                Order::Undecided => " (undecided)",
            }
        )
    });
    let each: Vec<_> = each.collect();
    let measured = format!(
        "`{}` against `{}`, less the work: {}.",
        fast.name,
        slow.name,
        each.join("; ")
    );
    Verdict { outcome, measured }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Shorter,
    Longer,
    Undecided,
}

/// Compares the time of two pushes by the confidence interval of the difference within rounds.
/// Undecided if the producers hardly overlapped, because the pushes were not contended then.
fn order(push: &Cell, other: &Cell) -> Order {
    let longer = push.longer_than(other);
    if !push.is_contended() || !other.is_contended() {
        Order::Undecided
    } else if longer.low > 0.0 {
        Order::Longer
    } else if longer.high < 0.0 {
        Order::Shorter
    } else {
        Order::Undecided
    }
}

/// The runs of `array` are longer without work.
fn runs_shrink(array: &Series) -> Verdict {
    let cells = (&array.cells[0], &array.cells[LONG]);
    let (Some(without), Some(with)) = (cells.0.length(), cells.1.length()) else {
        return Verdict {
            outcome: Outcome::Open,
            measured: "The producers did not overlap.".into(),
        };
    };
    let lines = |cell: &Cell| cell.per_line().map_or(0.0, |runs| runs.value);
    let measured = format!(
        "The mean run in `{}` has {:.1} items [{:.1} to {:.1}] without work and {:.1} [{:.1} to \
         {:.1}] with 500 ns. Four consecutive slots, a cache line, are of {:.2} and {:.2} runs.",
        array.name,
        without.value,
        without.low,
        without.high,
        with.value,
        with.low,
        with.high,
        lines(cells.0),
        lines(cells.1)
    );
    let outcome = if !cells.0.is_contended() || !cells.1.is_contended() {
        Outcome::Open
    } else if without.low > with.high {
        Outcome::Confirmed
    } else if without.value <= with.value {
        Outcome::Refuted
    } else {
        Outcome::Open
    };
    Verdict { outcome, measured }
}

/// A push of `ours` takes longer than one of `array` by less with work than without.
fn advantage_shrinks(ours: &Series, array: &Series) -> Verdict {
    let advantage = |at: usize| ours.cells[at].longer_than(&array.cells[at]);
    let (without, with) = (advantage(0), advantage(LONG));
    let cells = [ours, array].map(|series| [&series.cells[0], &series.cells[LONG]]);
    let outcome = if !cells.concat().into_iter().all(Cell::is_contended) {
        Outcome::Open
    } else if with.high < without.low {
        Outcome::Confirmed
    } else if with.value >= without.value {
        Outcome::Refuted
    } else {
        Outcome::Open
    };
    let measured = format!(
        "A push to `{}` takes {:.0} ns longer [{:.0} to {:.0}] than one to `{}` without work, and \
         {:.0} ns [{:.0} to {:.0}] with 500 ns of work.",
        ours.name,
        without.value,
        without.low,
        without.high,
        array.name,
        with.value,
        with.low,
        with.high
    );
    Verdict { outcome, measured }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &'static str, nanos: f64) -> Series {
        let cell = |_| Cell {
            nanos: (0..20).map(|round| nanos + f64::from(round)).collect(),
            lengths: vec![1.0; 20],
            per_line: vec![4.0; 20],
        };
        Series {
            name,
            cells: std::array::from_fn(cell),
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
        fast.cells[3].nanos = vec![100.0; 20];
        assert_eq!(outperforms(&fast, &slow, &ALL).outcome, Outcome::Refuted);
        assert_eq!(outperforms(&fast, &slow, &[0]).outcome, Outcome::Confirmed);
    }

    #[test]
    fn pushes_that_do_not_overlap_decide_nothing() {
        let (mut fast, slow) = (series("fast", 10.0), series("slow", 12.0));
        fast.cells[0].lengths.truncate(9);
        assert_eq!(outperforms(&fast, &slow, &[0]).outcome, Outcome::Open);
        assert_eq!(outperforms(&fast, &slow, &[1]).outcome, Outcome::Confirmed);
    }

    #[test]
    fn undecided_work_leaves_the_claim_open() {
        let (mut fast, slow) = (series("fast", 10.0), series("slow", 12.0));
        fast.cells[6].nanos = (0..20).map(|round| f64::from(round % 2) * 60.0).collect();
        let verdict = outperforms(&fast, &slow, &ALL);
        assert_eq!(verdict.outcome, Outcome::Open);
        assert!(verdict.measured.contains("2000 ns of work (undecided)"));
    }
}
