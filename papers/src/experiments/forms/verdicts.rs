//! The claims about the forms, and the verdicts on them. All rest on counts and on the model, which
//! repeat.

use super::form::Form;
use super::modelled::{Moved, PRODUCERS};
use crate::experiments::claims::{Claim, Verdict, named};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "A back-linked or gap-free push writes only its own item and the queue",
        by: "mpsc/src/docs/algorithm.md",
        falsified: "such a push, into a queue that is not empty, writes to another cache line",
    },
    Claim {
        text: "A forward-linked push writes into the item that was pushed before, which under \
            contention is in another core's cache",
        by: "mpsc/src/docs/performance.md",
        falsified: "it does not write there, or with 64 producers moves no more lines than a \
            back-linked push",
    },
    Claim {
        text: "A stub that is pushed again whenever the queue drains moves further lines",
        by: "hypothesis",
        falsified: "with one producer and a consumer that keeps up, `vyukov` moves no more lines \
            per item than our forward-linked queue, which has no stub",
    },
    Claim {
        text: "A stub that is put back by a compare-exchange moves none",
        by: "hypothesis",
        falsified: "in the same case, `io_uring` moves more lines per item than our forward-linked \
            queue",
    },
    Claim {
        text: "A splice moves fewer lines if the consumer is behind",
        by: "hypothesis",
        falsified: "with some number of producers, a pop of `wfcqueue` moves as many lines as one \
            of our forward-linked queue, or more",
    },
    Claim {
        text: "The reversal of a stack moves no line a second time, because the consumer has it",
        by: "hypothesis",
        falsified: "with 64 producers and a consumer that is behind, a pop of `treiber` moves more \
            lines than one of our forward-linked queue",
    },
    Claim {
        text: "What a back-linked push spares, its pop pays: the forms move equally many lines \
            per item",
        by: "hypothesis",
        falsified: "with 64 producers and a consumer that is behind, the lines per item of the \
            three forms differ by more than a tenth",
    },
];

/// The kinds of consumers in the model's cases.
const KEEPS_UP: usize = 0;
const BEHIND: usize = 1;

/// One producer, and the most producers, in the model's cases.
const ONE: usize = 0;
const MOST: usize = PRODUCERS.len() - 1;

/// Returns the verdicts on [`CLAIMS`].
pub(super) fn verdicts(all: &[Form]) -> Vec<Verdict> {
    let of = |name| named(all, name);
    let ours = [of("forward-linked"), of("back-linked"), of("gap-free")];
    vec![
        writes_own_item(ours[1], ours[2]),
        writes_previous_item(ours[0], ours[1]),
        pushed_stub_moves_lines(ours[0], of("vyukov")),
        exchanged_stub_moves_none(ours[0], of("io_uring")),
        splice_moves_fewer(ours[0], of("wfcqueue")),
        reversal_moves_no_more(ours[0], of("treiber")),
        sums_are_equal(ours),
    ]
}

/// Open unless the writes to the item and to the queue are seen.
fn writes_own_item(back_linked: &Form, gap_free: &Form) -> Verdict {
    let written = [back_linked, gap_free].map(|form| form.counted.written);
    let describe = |form: &Form| {
        let written = form.counted.written;
        format!(
            "`{}` {} of its item, {} of the queue, {} of the previous item, {} further",
            form.name, written.own, written.queue, written.previous, written.further
        )
    };
    let others: usize = written.map(|one| one.previous + one.further).iter().sum();
    let is_seen = written.iter().all(|one| one.own == 1 && one.queue > 0);
    let measured = format!(
        "Lines written by a push: {}; {}.",
        describe(back_linked),
        describe(gap_free)
    );
    Verdict::of(others == 0, measured).if_shown(is_seen || others > 0)
}

fn writes_previous_item(forward: &Form, back_linked: &Form) -> Verdict {
    let [forward_moved, back_moved] = [forward, back_linked].map(|form| form.cases[BEHIND][MOST]);
    Verdict::of(
        forward.counted.written.previous == 1 && forward_moved.push > back_moved.push,
        format!(
            "A forward-linked push writes to {} line of the previous item. With {} producers and a \
             consumer that is behind, it moves {:.2} lines, a back-linked push {:.2}.",
            forward.counted.written.previous, PRODUCERS[MOST], forward_moved.push, back_moved.push
        ),
    )
}

fn pushed_stub_moves_lines(ours: &Form, vyukov: &Form) -> Verdict {
    let [ours_moved, stub_moved] = [ours, vyukov].map(|form| form.cases[KEEPS_UP][ONE].per_item());
    Verdict::of(stub_moved > ours_moved, when_draining(ours, vyukov))
}

fn exchanged_stub_moves_none(ours: &Form, io_uring: &Form) -> Verdict {
    let [ours_moved, stub_moved] =
        [ours, io_uring].map(|form| form.cases[KEEPS_UP][ONE].per_item());
    Verdict::of(stub_moved <= ours_moved, when_draining(ours, io_uring))
}

/// Describes the lines that two queues move if each item is the only one.
fn when_draining(ours: &Form, stub: &Form) -> String {
    let describe = |form: &Form| {
        let moved = form.cases[KEEPS_UP][ONE];
        format!("`{}` {:.2} + {:.2}", form.name, moved.push, moved.pop)
    };
    format!(
        "Lines moved by a push and a pop, with one producer and a consumer that keeps up: {}, {}.",
        describe(ours),
        describe(stub)
    )
}

fn splice_moves_fewer(ours: &Form, splice: &Form) -> Verdict {
    let pairs = ours.cases[BEHIND].iter().zip(&splice.cases[BEHIND]);
    let pops: Vec<_> = pairs.map(|(ours, splice)| (ours.pop, splice.pop)).collect();
    let each: Vec<_> = PRODUCERS
        .iter()
        .zip(&pops)
        .map(|(producers, (ours, splice))| {
            format!("{splice:.2} against {ours:.2} with {producers}")
        })
        .collect();
    Verdict::of(
        pops.iter().all(|(ours, splice)| splice < ours),
        format!(
            "Lines moved by a pop of `{}` against `{}`, by producers: {}.",
            splice.name,
            ours.name,
            each.join(", ")
        ),
    )
}

fn reversal_moves_no_more(ours: &Form, stack: &Form) -> Verdict {
    let [ours_pop, stack_pop] = [ours, stack].map(|form| form.cases[BEHIND][MOST].pop);
    Verdict::of(
        stack_pop <= ours_pop,
        format!(
            "With {} producers and a consumer that is behind, a pop of `{}` moves {stack_pop:.2} \
             lines, one of `{}` {ours_pop:.2}.",
            PRODUCERS[MOST], stack.name, ours.name
        ),
    )
}

fn sums_are_equal(ours: [&Form; 3]) -> Verdict {
    let moved = ours.map(|form| form.cases[BEHIND][MOST]);
    let sums = moved.map(Moved::per_item);
    let most = sums.into_iter().fold(0.0, f64::max);
    let least = sums.into_iter().fold(f64::INFINITY, f64::min);
    let each = ours.iter().zip(moved).map(|(form, moved)| {
        let (push, pop, sum) = (moved.push, moved.pop, moved.per_item());
        format!("{} {push:.2} + {pop:.2} = {sum:.2}", form.name)
    });
    let each: Vec<_> = each.collect();
    Verdict::of(
        most <= 1.1 * least,
        format!(
            "Lines moved by a push and a pop, with {} producers and a consumer that is behind: {}.",
            PRODUCERS[MOST],
            each.join(", ")
        ),
    )
}
