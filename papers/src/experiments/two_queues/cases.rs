//! The pairs of threads that are run, and what each pair finds.

use std::time::Duration;

use crossbeam_utils::CachePadded;
use mpsc_queue::{BackLinked, Form, ForwardLinked, GapFree};
use papers::segmented::Segmented;
use papers::vyukov::Vyukov;
use papers::{Consume, Node};

use super::litmus::{Outcomes, litmus};
use super::sides::{Queues, Ring, Rings, Words, fenced};
use crate::experiments::contestants::{Contestant, InForm, Job};
use crate::experiments::report::{Line, progress};

/// How often each pair of threads runs, and for how long at most.
const TIMES: usize = 2_000_000;
const LIMIT: Duration = Duration::from_secs(4);

/// So many runs of a pair are the least on which a verdict rests.
const ENOUGH: u64 = 100_000;

/// In so many of these, at least, both sides must be under way at the same time.
const TOGETHER: u64 = 1000;

/// A litmus test and its outcomes.
pub(super) struct Test {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) outcomes: Outcomes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Writes by plain stores: it must show what a queue is to hide.
    Control,
    /// Executes a fence between the write and the look.
    Fence,
    /// Pushes to a queue by a locked instruction.
    Queue,
    /// The same, and pops with a fence.
    FencedQueue,
}

pub(super) fn tests() -> Vec<Test> {
    let all: [fn() -> Test; 11] = [
        || words("plain store, load", Kind::Control),
        || words("plain store, fence, load", Kind::Fence),
        rings,
        popped::<InForm<ForwardLinked>>,
        popped::<InForm<BackLinked>>,
        popped::<InForm<GapFree>>,
        popped::<Vyukov<Node<u64>>>,
        popped::<Segmented<u64>>,
        || popped_with_fence::<ForwardLinked>(),
        || popped_with_fence::<BackLinked>(),
        || popped_with_fence::<GapFree>(),
    ];
    let bar = progress(all.len());
    let tests = all.map(|test| {
        bar.inc(1);
        test()
    });
    bar.finish_and_clear();
    tests.into()
}

fn words(name: &str, kind: Kind) -> Test {
    let words: [CachePadded<_>; 2] = Default::default();
    let outcomes = litmus(TIMES, LIMIT, |side| Words {
        mine: &words[side],
        other: &words[1 - side],
        is_fenced: kind == Kind::Fence,
        time: 0,
    });
    let name = name.to_string();
    Test {
        name,
        kind,
        outcomes,
    }
}

fn rings() -> Test {
    let rings: [Ring; 2] = Default::default();
    let outcomes = litmus(TIMES, LIMIT, |side| Rings {
        mine: &rings[side],
        other: &rings[1 - side],
        is_empty: true,
    });
    Test {
        name: "a ring that stores: push, pop".to_string(),
        kind: Kind::Control,
        outcomes,
    }
}

fn popped<Q: Contestant>() -> Test {
    let queues = [0, 1].map(|_| Box::new(Q::with_room(4)));
    let outcomes = litmus(TIMES, LIMIT, |side| {
        Queues::new(&*queues[side], &*queues[1 - side], Q::Consumer::pop)
    });
    Test {
        name: format!("{}: push, pop", Q::NAME),
        kind: Kind::Queue,
        outcomes,
    }
}

fn popped_with_fence<F: Form>() -> Test
where
    InForm<F>:
        for<'q> Contestant<Item = Box<Job>, Consumer<'q> = mpsc_queue::Consumer<&'q InForm<F>>>,
{
    let queues = [0, 1].map(|_| Box::new(InForm::<F>::default()));
    let outcomes = litmus(TIMES, LIMIT, |side| {
        Queues::new(&*queues[side], &*queues[1 - side], fenced::<F>)
    });
    Test {
        name: format!("{}: push, pop_fenced", InForm::<F>::NAME),
        kind: Kind::FencedQueue,
        outcomes,
    }
}

impl Test {
    /// Returns `true` if the test ran often enough, and both sides were under way at the same time in
    /// enough of the runs: each found what the other wrote, or met a push in its gap.
    pub(super) fn is_enough(&self) -> bool {
        let Outcomes {
            times,
            both_found,
            stalled,
            ..
        } = self.outcomes;
        times >= ENOUGH && both_found + stalled >= TOGETHER
    }

    pub(super) fn row(&self) -> Vec<String> {
        let outcomes = &self.outcomes;
        let figures = [
            outcomes.times,
            outcomes.both_found,
            outcomes.one_found,
            outcomes.neither_found,
            outcomes.stalled,
        ];
        let figures = figures.map(|figure| figure.to_string());
        [self.name.clone()].into_iter().chain(figures).collect()
    }

    pub(super) fn line(&self) -> Line {
        let points = self.outcomes.growth.iter().zip(1..);
        let per_million = 1e6 / self.outcomes.times as f64;
        Line {
            name: self.name.clone(),
            points: points
                .map(|(&sum, tenths)| (f64::from(tenths) * 10.0, sum as f64 * per_million))
                .collect(),
        }
    }

    pub(super) fn finding(&self) -> String {
        format!(
            "{}: neither thread finds what the other wrote {} times of {}.",
            self.name, self.outcomes.neither_found, self.outcomes.times
        )
    }
}
