//! What was aimed at, and whether this run shows it.

use super::{Findings, Sleepers, Standing};
use crate::contestant::{Item, Payload, Role};
use crate::rounds::Outcome;
use crate::statistics::Median;

/// One aim, with the figure of this run.
pub(super) struct Target {
    what: &'static str,
    figure: String,
    met: bool,
}

impl Target {
    /// What, figure, verdict.
    pub(super) fn cells(&self) -> [&str; 3] {
        let verdict = if self.met { "met" } else { "NOT met" };
        [self.what, &self.figure, verdict]
    }
}

/// All that this run can judge: a scenario that was not measured judges nothing.
pub(super) fn targets(findings: &Findings) -> Vec<Target> {
    let outcomes = &findings.outcomes;
    [
        ahead(outcomes),
        oversubscribed(outcomes),
        near_floor(outcomes),
        chains(outcomes),
        wake_ups(&findings.sleepers),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn ahead(outcomes: &[Outcome]) -> Option<Target> {
    against_others(
        outcomes,
        false,
        1.0,
        "heap objects: ahead of every other, up to the number of cores",
    )
}

fn oversubscribed(outcomes: &[Outcome]) -> Option<Target> {
    against_others(
        outcomes,
        true,
        1.1,
        "heap objects: at most 10 % behind the best when oversubscribed",
    )
}

/// Our single push against the best other: every interval must lie below the limit.
fn against_others(
    outcomes: &[Outcome],
    oversubscribed: bool,
    limit: f64,
    what: &'static str,
) -> Option<Target> {
    let ratios: Vec<_> = of_heap_objects(outcomes)
        .filter(|outcome| outcome.group.oversubscribed == oversubscribed)
        .filter_map(|outcome| Some((outcome, single(outcome)?.other?.1)))
        .collect();
    let met = ratios
        .iter()
        .filter(|(_, ratio)| ratio.high <= limit)
        .count();
    let missed = ratios.iter().filter(|(_, ratio)| ratio.low > limit).count();
    let (worst, ratio) = ratios
        .iter()
        .max_by(|a, b| a.1.value.total_cmp(&b.1.value))?;
    let (of, undecided) = (ratios.len(), ratios.len() - met - missed);
    let (scenario, ratio) = (&worst.group.scenario, ratio.value);
    Some(Target {
        what,
        figure: format!(
            "of {of} scenarios met in {met}, missed in {missed}, within the interval in {undecided}; at worst {ratio:.2} in {scenario}"
        ),
        met: met == of,
    })
}

fn near_floor(outcomes: &[Outcome]) -> Option<Target> {
    let ping_pong = named(outcomes, "ping-pong")?;
    let ratio = single(ping_pong)?.floor?.1.value;
    Some(Target {
        what: "ping-pong: within 1.15 of the floor, without the allocator's part",
        figure: format!("{ratio:.2}"),
        met: ratio <= 1.15,
    })
}

/// With and without other producers: an exchange is dear where they compete for it.
fn chains(outcomes: &[Outcome]) -> Option<Target> {
    let pushes: Vec<_> = ["push/1", "push/2"]
        .iter()
        .filter_map(|scenario| named(outcomes, scenario))
        .collect();
    let mut gains = Vec::new();
    for outcome in pushes {
        let single = single(outcome)?.ours;
        let rows = outcome.rows.iter();
        gains.extend(rows.filter(|row| row.role == Role::OursChained).map(|row| {
            let gain = Median::of_ratios(&single.nanos, &row.nanos).value;
            (&outcome.group.scenario, row.name, gain)
        }));
    }
    let figures = gains
        .iter()
        .map(|(scenario, name, gain)| format!("{name}, {scenario}: {gain:.2}"));
    (!gains.is_empty()).then(|| Target {
        what: "chains: at least 3 times as fast as single pushes",
        figure: figures.collect::<Vec<_>>().join("; "),
        met: gains.iter().all(|(_, _, gain)| *gain >= 3.0),
    })
}

/// The wake-up is the only system call that a push can make.
fn wake_ups(sleepers: &[Sleepers]) -> Option<Target> {
    let rows = sleepers.iter().flat_map(|group| &group.rows);
    let ours = rows.filter(|row| matches!(row.role, Role::Ours | Role::OursChained));
    let counted: Vec<_> = ours
        .flat_map(|row| &row.figures)
        .filter_map(|figures| Some((figures.calls?, figures.items)))
        .collect();
    let waits: u64 = counted.iter().map(|(calls, _)| calls.waits).sum();
    let wakes: u64 = counted.iter().map(|(calls, _)| calls.wakes).sum();
    let items: u64 = counted.iter().map(|(_, items)| items).sum();
    (waits > 0).then(|| Target {
        what: "at most one wake-up per sleep, and no system call while the consumer is awake",
        figure: format!("{wakes} wake-ups for {waits} sleeps, and {items} items"),
        met: counted.iter().all(|(calls, _)| calls.wakes <= calls.waits),
    })
}

fn of_heap_objects(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    let family = <Box<Item>>::FAMILY;
    outcomes
        .iter()
        .filter(move |outcome| outcome.group.family == family)
}

fn named<'a>(outcomes: &'a [Outcome], scenario: &str) -> Option<&'a Outcome> {
    of_heap_objects(outcomes).find(|outcome| outcome.group.scenario == scenario)
}

fn single(outcome: &Outcome) -> Option<Standing<'_>> {
    outcome
        .standings()
        .find(|standing| standing.ours.role == Role::Ours)
}
