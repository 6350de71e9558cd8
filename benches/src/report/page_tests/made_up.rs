//! Made-up findings, with all scenarios that the first screen is about.

use crate::contestant::Role;
use crate::report::Findings;
use crate::report::targets::samples;
use crate::rounds::Outcome;
use crate::sleep::Load;

type Contestant = (&'static str, Role);

const FORMS: [Contestant; 15] = [
    ("swap", Role::Floor),
    ("mpsc-queue", Role::Ours),
    ("mpsc-queue, back-linked", Role::Ours),
    ("mpsc-queue, gap-free", Role::Ours),
    ("mpsc-queue, compact", Role::Ours),
    ("mpsc-queue, sharded", Role::Ours),
    ("mpsc-queue, chains of 8", Role::OursChained),
    ("mpsc-queue, chains of 64", Role::OursChained),
    ("cordyceps", Role::Other),
    ("crossbeam SegQueue", Role::Other),
    ("concurrent-queue", Role::Other),
    ("Mutex<VecDeque>", Role::Other),
    ("kanal", Role::Other),
    ("futures FuturesUnordered", Role::Other),
    ("tokio unbounded", Role::Other),
];

const VALUES: [Contestant; 5] = [
    ("a vector", Role::Floor),
    ("mpsc-queue, boxing", Role::Ours),
    ("papers: ring", Role::Other),
    ("kanal", Role::Other),
    ("crossbeam-channel", Role::Other),
];

const SLEEPERS: [Contestant; 15] = [
    ("a bare futex", Role::Floor),
    ("mpsc-queue", Role::Ours),
    ("mpsc-queue, adaptive", Role::Ours),
    ("mpsc-queue, spinning", Role::Ours),
    ("mpsc-queue, channel", Role::Ours),
    ("mpsc-queue, async", Role::Ours),
    ("mpsc-queue, chains", Role::OursChained),
    ("cordyceps, flag + unpark", Role::Other),
    ("Odin's queue, unpark per push", Role::Other),
    ("crossbeam SegQueue, flag + eventfd", Role::Other),
    ("crossbeam-channel, eventfd per push", Role::Other),
    ("std::sync::mpsc", Role::Other),
    ("kanal", Role::Other),
    ("tokio unbounded, tokio's loop", Role::Other),
    ("Mutex<VecDeque>, Condvar", Role::Other),
];

const PROGRAMS: [Contestant; 5] = [
    ("mpsc-queue", Role::Ours),
    ("mpsc-queue, adaptive", Role::Ours),
    ("mpsc-queue, as a set of futures", Role::Ours),
    ("crossbeam-channel, eventfd per push", Role::Other),
    ("futures FuturesUnordered", Role::Other),
];

/// Returns findings with figures that look like those of a run.
pub(super) fn findings() -> Findings {
    let mut numbers = Numbers(1);
    let mut outcomes = Vec::new();
    let one_thread = ["ping-pong", "fill-drain/10", "fill-drain/1000", "burst/64"];
    let one_thread = one_thread.map(String::from).into_iter();
    let producers = ["push", "both", "pop"].into_iter().flat_map(|side| {
        let counts = [1, 2, 16].into_iter();
        counts.flat_map(move |count| ["", "+12", "+42"].map(|work| format!("{side}/{count}{work}")))
    });
    for scenario in one_thread.chain(producers) {
        let mut outcome = numbers.outcome(&scenario, &FORMS, 5.0..80.0);
        outcome.group.oversubscribed = scenario.contains("/16");
        outcomes.push(outcome);
    }
    for payload in ["small value", "64-byte value", "256-byte value"] {
        for scenario in ["ping-pong", "push/2", "both/1", "both/2"] {
            let mut outcome = numbers.outcome(scenario, &VALUES, 3.0..40.0);
            outcome.group.payload = payload;
            outcomes.push(outcome);
        }
    }
    let resumes = ["resume/1", "resume/64", "resume-cpu/1", "resume-cpu/64"];
    for scenario in resumes
        .into_iter()
        .chain(["wake/self", "wake/thread", "oneshots"])
    {
        let mut outcome = numbers.outcome(scenario, &PROGRAMS, 100.0..4000.0);
        outcome.group.payload = "";
        outcomes.push(outcome);
    }
    for scenario in ["sleep/park", "sleep/eventfd"] {
        outcomes.extend(Load::ALL.map(|load| numbers.sleepers(scenario, load)));
    }
    Findings {
        machine: vec![("processor", "made up".into())],
        outcomes,
        ..Findings::default()
    }
}

/// A generator of numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    /// Returns the next number, with a uniform logarithm.
    fn next(&mut self, range: &std::ops::Range<f64>) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let part = (self.0 >> 32) as f64 / f64::from(u32::MAX);
        range.start * (range.end / range.start).powf(part)
    }

    fn outcome(
        &mut self,
        scenario: &str,
        contestants: &[Contestant],
        nanos: std::ops::Range<f64>,
    ) -> Outcome {
        let rows: Vec<_> = contestants
            .iter()
            .map(|&(name, role)| {
                let middle = self.next(&nanos);
                (
                    name,
                    role,
                    [0.9, 0.95, 0.99, 1.0, 1.02, 1.07, 1.2].map(|it| it * middle),
                )
            })
            .collect();
        samples::outcome(scenario, &rows)
    }

    fn sleepers(&mut self, scenario: &str, load: Load) -> Outcome {
        let mut outcome = self.outcome(&format!("{scenario}/{load}"), &SLEEPERS, 200.0..60_000.0);
        outcome.group.load = Some(load);
        for row in &mut outcome.rows {
            let busy = self.next(&(300.0..1e6));
            row.sleep = Some(samples::sleeping(&row.nanos, busy));
        }
        outcome
    }
}
