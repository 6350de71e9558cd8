//! Store buffering with two queues, on the processor at hand.

mod cases;
mod costs;
mod litmus;
mod sides;

use std::thread;

use mpsc_queue::{BackLinked, ForwardLinked, GapFree};
use papers::Node;
use papers::cores;
use papers::segmented::Segmented;
use papers::statistics::Median;
use papers::vyukov::Vyukov;

use super::claims::{Claim, Outcome, Verdict};
use super::contestants::InForm;
use super::report::{Chart, Report};
use cases::{Kind, Test};
use costs::{EmptyPop, Push};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "A store may be delayed past a later load of the same thread",
        by: "2010-sewell-x86-tso",
        falsified: "two threads that store to one word and load the other never both miss the \
            store: then the test cannot see it, and all verdicts on fences and queues are open",
    },
    Claim {
        text: "A locked instruction empties the store buffer: two threads, each of which pushes to \
            one queue and pops the other, do not both get `Empty`",
        by: "2010-sewell-x86-tso",
        falsified: "both get `Empty` once, with a queue whose push executes a locked instruction",
    },
    Claim {
        text: "A fence between the store and the load has the same effect",
        by: "2010-sewell-x86-tso",
        falsified: "both threads miss the store of the other once, although each executes a fence",
    },
    Claim {
        text: "The push of each form of our queue executes a locked instruction, so x86 hides what \
            C11 allows",
        by: "2010-sewell-x86-tso",
        falsified: "the push of a form executes no exchange with memory and no instruction with a \
            `lock` prefix",
    },
];

/// So many runs of all queues together are the least on which a verdict rests.
const ENOUGH: u64 = 1_000_000;

/// Rounds of the pops of an empty queue.
const ROUNDS: usize = 30;

/// The model that shows the outcome which x86 hides.
const ELSEWHERE: &str = "C11 allows both pops to return `Empty`: the model \
    `two_queues::pop_may_return_empty_on_both` of loom-tests finds such an execution in each form, \
    and fails if there is none; `two_queues::pop_fenced_does_not_return_empty_on_both` finds none \
    with `pop_fenced`.";

pub(crate) fn run() -> Report {
    let tests = cases::tests();
    let pushes = [
        Push::of::<InForm<ForwardLinked>>(),
        Push::of::<InForm<BackLinked>>(),
        Push::of::<InForm<GapFree>>(),
        Push::of::<Vyukov<Node<u64>>>(),
        Push::of::<Segmented<u64>>(),
    ];
    let pops = measured_pops();
    let mut findings: Vec<_> = tests.iter().map(Test::finding).collect();
    findings.extend(pushes.iter().map(push_finding));
    findings.extend(pops.iter().map(pop_finding));
    findings.push(ELSEWHERE.to_string());
    Report {
        header: vec![
            "two threads",
            "times",
            "both find",
            "one finds",
            "neither finds",
            "stalled",
        ],
        rows: tests.iter().map(Test::row).collect(),
        chart: Chart {
            x: "percent of the runs",
            y: "per 10^6 runs so far: neither thread finds what the other wrote",
            logarithmic: false,
            lines: tests.iter().map(Test::line).collect(),
        },
        attached: Vec::new(),
        findings,
        verdicts: verdicts(&tests, &pushes),
        caveat: "other processors: on one with weaker ordering, both pops can return `Empty`. A \
            test finds an outcome and does not prove its absence; that the locked instruction \
            excludes it is the model of the processor.",
    }
}

fn measured_pops() -> Vec<EmptyPop> {
    let measured = || {
        cores::pin(0);
        let mut pops = vec![
            EmptyPop::of::<ForwardLinked>(),
            EmptyPop::of::<BackLinked>(),
            EmptyPop::of::<GapFree>(),
        ];
        for _ in 0..ROUNDS {
            pops.iter_mut().for_each(EmptyPop::measure);
        }
        pops
    };
    // On a thread of its own, because threads inherit the core of the one that starts them.
    let measured = thread::spawn(measured);
    measured.join().expect("the pops return")
}

fn push_finding(push: &Push) -> String {
    format!(
        "A push to `{}` executes {} exchanges with memory and {} instructions with a `lock` \
         prefix, and {} plain writes after the last of them.",
        push.name, push.instructions.exchanges, push.instructions.locked, push.writes_after
    )
}

fn pop_finding(pop: &EmptyPop) -> String {
    let [plain, fenced] = [&pop.plain_nanos, &pop.fenced_nanos].map(|nanos| Median::of(nanos));
    format!(
        "{}: a pop of an empty queue takes {} instructions ({} locked or fences) and {:.1} ns \
         ({:.1} to {:.1}); `pop_fenced` takes {} ({}) and {:.1} ns ({:.1} to {:.1}).",
        pop.name,
        pop.plain.all,
        pop.plain.read_modify_writes() + pop.plain.fences(),
        plain.value,
        plain.low,
        plain.high,
        pop.fenced.all,
        pop.fenced.read_modify_writes() + pop.fenced.fences(),
        fenced.value,
        fenced.low,
        fenced.high
    )
}

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(tests: &[Test], pushes: &[Push]) -> Vec<Verdict> {
    let of = |kind| tests.iter().filter(move |test| test.kind == kind);
    let missed = |kind| {
        of(kind)
            .map(|test| test.outcomes.neither_found)
            .sum::<u64>()
    };
    let times = |kind| of(kind).map(|test| test.outcomes.times).sum::<u64>();
    let each = of(Kind::Control).map(|test| {
        format!(
            "{} of {} ({})",
            test.outcomes.neither_found, test.outcomes.times, test.name
        )
    });
    // Each of them must be seen, or else the harness is too slow for it.
    let is_seen = of(Kind::Control).all(|test| test.outcomes.neither_found > 0);
    let is_enough = times(Kind::Queue) >= ENOUGH;
    let open = |verdict: Verdict, is_shown: bool| match is_shown {
        true => verdict,
        false => Verdict {
            outcome: Outcome::Open,
            ..verdict
        },
    };
    let ours = &pushes[..3];
    let locked = ours
        .iter()
        .map(|push| format!("{} ({})", push.instructions.read_modify_writes(), push.name));
    vec![
        open(
            Verdict::of(
                is_seen,
                format!(
                    "Both threads miss the store of the other: {}.",
                    each.collect::<Vec<_>>().join(", ")
                ),
            ),
            is_seen,
        ),
        open(
            Verdict::of(
                missed(Kind::Queue) == 0,
                format!(
                    "Both pops return `Empty` {} times of {}, in {} pairs of queues.",
                    missed(Kind::Queue),
                    times(Kind::Queue),
                    of(Kind::Queue).count()
                ),
            ),
            (is_seen && is_enough) || missed(Kind::Queue) > 0,
        ),
        open(
            Verdict::of(
                missed(Kind::Fence) == 0,
                format!(
                    "Both threads miss the store {} times of {}.",
                    missed(Kind::Fence),
                    times(Kind::Fence)
                ),
            ),
            is_seen || missed(Kind::Fence) > 0,
        ),
        Verdict::of(
            ours.iter()
                .all(|push| push.instructions.read_modify_writes() > 0),
            format!(
                "Locked instructions of a push: {}.",
                locked.collect::<Vec<_>>().join(", ")
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The models that the findings name.
    #[test]
    fn evidence_elsewhere_exists() {
        let source = include_str!("../../../../loom-tests/tests/two_queues.rs");
        let mut names = ELSEWHERE.split("`two_queues::").skip(1);
        assert!(names.all(|rest| {
            let (model, _) = rest.split_once('`').unwrap();
            source.contains(&format!("fn {model}<"))
        }));
        assert!(source.contains("no execution shows the weak outcome"));
    }
}
