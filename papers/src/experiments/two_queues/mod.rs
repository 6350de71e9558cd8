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

use super::claims::{Claim, Verdict};
use super::contestants::InForm;
use super::report::{Chart, Report};
use cases::{Kind, Test};
use costs::{EmptyPop, Push};
use litmus::Outcomes;

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "A locked instruction empties the store buffer: two threads, each of which pushes to \
            one queue and pops the other, do not both get `Empty`",
        by: "2010-sewell-x86-tso",
        falsified: "both get `Empty` once, with a queue whose push executes a locked instruction",
    },
    Claim {
        text: "A fence between the store and the load has the same effect",
        by: "2010-sewell-x86-tso",
        falsified: "two threads that store to one word and load the other, with a fence in between, \
            both miss the store once; or two threads that push and then call `pop_fenced` both get \
            `Empty`",
    },
    Claim {
        text: "The push of each form of our queue executes a locked instruction",
        by: "hypothesis",
        falsified: "the push of a form executes no exchange with memory and no instruction with a \
            `lock` prefix",
    },
];

/// Rounds of the pops of an empty queue.
const ROUNDS: usize = 30;

/// What the controls are for.
const CONTROLS: &str = "The plain stores and the ring that stores are controls: they must show what a \
    locked instruction hides. If one of them never does, the tests are too slow for it, and all \
    verdicts on fences and queues are open.";

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
    let mut findings = vec![CONTROLS.to_string()];
    findings.extend(tests.iter().map(Test::finding));
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
        "{}: a pop of an empty queue takes {} instructions ({} locked or fences) and {plain:.1} ns; \
         `pop_fenced` takes {} ({}) and {fenced:.1} ns.",
        pop.name,
        pop.plain.all,
        pop.plain.read_modify_writes() + pop.plain.fences(),
        pop.fenced.all,
        pop.fenced.read_modify_writes() + pop.fenced.fences()
    )
}

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(tests: &[Test], pushes: &[Push]) -> Vec<Verdict> {
    // Without it, the tests are too slow to find what they look for.
    let is_sensitive = of(tests, Kind::Control).all(|test| test.outcomes.neither_found > 0);
    vec![
        never_found(tests, &[Kind::Queue], is_sensitive),
        never_found(tests, &[Kind::Fence, Kind::FencedQueue], is_sensitive),
        locked_in_each_form(&pushes[..3]),
    ]
}

fn of(tests: &[Test], kind: Kind) -> impl Iterator<Item = &Test> {
    tests.iter().filter(move |test| test.kind == kind)
}

/// Refuted if neither thread found what the other wrote in one run of these tests. Otherwise
/// confirmed, if the tests can find it and each of them ran often enough.
fn never_found(tests: &[Test], kinds: &[Kind], is_sensitive: bool) -> Verdict {
    let all = || kinds.iter().flat_map(|&kind| of(tests, kind));
    let found: u64 = all().map(|test| test.outcomes.neither_found).sum();
    let is_shown = is_sensitive && all().all(Test::is_enough);
    let each = all().map(|test| {
        let Outcomes {
            neither_found,
            times,
            ..
        } = test.outcomes;
        format!("{neither_found} of {times} ({})", test.name)
    });
    let measured = format!(
        "Neither finds what the other wrote: {}.",
        each.collect::<Vec<_>>().join(", ")
    );
    Verdict::of(found == 0, measured).if_shown(is_shown || found > 0)
}

fn locked_in_each_form(pushes: &[Push]) -> Verdict {
    let locked = |push: &Push| push.instructions.read_modify_writes();
    let each = pushes
        .iter()
        .map(|push| format!("{} ({})", locked(push), push.name));
    Verdict::of(
        pushes.iter().all(|push| locked(push) > 0),
        format!(
            "Locked instructions of a push: {}.",
            each.collect::<Vec<_>>().join(", ")
        ),
    )
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
