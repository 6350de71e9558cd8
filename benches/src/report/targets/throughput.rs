//! The targets of the scenarios, and of the wake-ups.

use mpsc_queue::{BackLinked, ForwardLinked, GapFree};

use super::target::{Target, judged, named, ratio, ratios_to_best_others, with_heap_objects};
use crate::contestant::Role;
use crate::contestants::Named;
use crate::report::{Findings, Sleepers, Standing};
use crate::rounds::Outcome;
use crate::scenarios::oneshots;
use crate::statistics::Median;

/// Returns the targets, as far as their scenarios were measured.
pub(super) fn targets(findings: &Findings) -> [Option<Target>; 11] {
    let outcomes = &findings.outcomes;
    [
        ahead(outcomes),
        oversubscribed(outcomes),
        near_floor(outcomes),
        chains(outcomes),
        back_linked_near_floor(outcomes),
        back_linked_ahead_of(
            outcomes,
            "both/2",
            "kanal",
            0.8,
            "back-linked, both/2: at most 0.8 of kanal",
        ),
        back_linked_ahead_of(
            outcomes,
            "burst/64",
            "cordyceps",
            1.0,
            "back-linked, burst/64: ahead of cordyceps",
        ),
        gap_free_ahead(outcomes),
        run_queue(outcomes),
        set_of_futures(outcomes),
        wake_ups(&findings.sleepers),
    ]
}

fn ahead(outcomes: &[Outcome]) -> Option<Target> {
    against_others(
        outcomes,
        false,
        1.0,
        "heap objects: ahead of all others, with at most as many threads as cores",
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

/// Compares our single push with the best other.
fn against_others(
    outcomes: &[Outcome],
    oversubscribed: bool,
    limit: f64,
    what: &'static str,
) -> Option<Target> {
    let ratios: Vec<_> = with_heap_objects(outcomes)
        .filter(|outcome| outcome.group.oversubscribed == oversubscribed)
        .filter_map(|outcome| Some((outcome, single(outcome)?.other?.1)))
        .collect();
    let met = ratios
        .iter()
        .filter(|(_, ratio)| ratio.high <= limit)
        .count();
    let missed = ratios.iter().filter(|(_, ratio)| ratio.low > limit).count();
    let (worst, ratio) = ratios.iter().max_by(|a, b| a.1.high.total_cmp(&b.1.high))?;
    let (of, undecided) = (ratios.len(), ratios.len() - met - missed);
    let (scenario, ratio) = (&worst.group.scenario, ratio.value);
    Some(Target {
        what,
        figure: format!(
            "{of} scenarios: met in {met}, missed in {missed}, undecided in {undecided}; worst {ratio:.2} in {scenario}"
        ),
        met: met == of,
    })
}

fn near_floor(outcomes: &[Outcome]) -> Option<Target> {
    let ping_pong = named(outcomes, "ping-pong")?;
    let ratio = single(ping_pong)?.floor?.1.value;
    Some(Target {
        what: "ping-pong: at most 1.15 of the floor",
        figure: format!("{ratio:.2}"),
        met: ratio <= 1.15,
    })
}

/// Compares chains with single pushes, alone and with a competing producer.
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

/// Compares contended pushes to the back-linked form with a bare exchange.
fn back_linked_near_floor(outcomes: &[Outcome]) -> Option<Target> {
    let ratios: Vec<_> = ["push/2", "push/16"]
        .iter()
        .filter_map(|scenario| {
            let outcome = named(outcomes, scenario)?;
            Some((*scenario, ratio(outcome, BackLinked::NAME, "swap")?))
        })
        .collect();
    judged(
        "back-linked, push/2 and push/16: at most 1.25 of the bare exchange",
        &ratios,
        1.25,
    )
}

/// Compares the back-linked form with one other contestant in one scenario.
fn back_linked_ahead_of(
    outcomes: &[Outcome],
    scenario: &'static str,
    other: &str,
    limit: f64,
    what: &'static str,
) -> Option<Target> {
    let ratio = ratio(named(outcomes, scenario)?, BackLinked::NAME, other)?;
    judged(what, &[(scenario, ratio)], limit)
}

/// Compares the gap-free form with `SegQueue`, apart from the scenarios in which an array must
/// win.
fn gap_free_ahead(outcomes: &[Outcome]) -> Option<Target> {
    let exempt = |scenario: &str| {
        ["push/2", "push/16", "fill-drain/1000000"].contains(&scenario)
            || scenario.starts_with("pop/")
    };
    let ratios: Vec<_> = with_heap_objects(outcomes)
        .filter(|outcome| !exempt(&outcome.group.scenario))
        .filter_map(|outcome| {
            let ratio = ratio(outcome, GapFree::NAME, "crossbeam SegQueue")?;
            Some((&*outcome.group.scenario, ratio))
        })
        .collect();
    judged(
        "gap-free: ahead of SegQueue but in push/2, push/16, pop/N and a million items",
        &ratios,
        1.0,
    )
}

/// Compares the run queues of an executor.
fn run_queue(outcomes: &[Outcome]) -> Option<Target> {
    judged(
        "run queue, wake/self and wake/thread: ahead of all others",
        &ratios_to_best_others(outcomes, "wake/", ForwardLinked::NAME),
        1.0,
    )
}

/// Compares the set of futures with that of the futures crate.
fn set_of_futures(outcomes: &[Outcome]) -> Option<Target> {
    let outcome = outcomes
        .iter()
        .find(|outcome| outcome.group.scenario == oneshots::NAME)?;
    judged(
        "set of futures, oneshots: at most 0.67 of FuturesUnordered",
        &[(
            oneshots::NAME,
            ratio(outcome, oneshots::OURS, oneshots::OTHER)?,
        )],
        0.67,
    )
}

/// Checks the wake-ups, which are the only system calls of a push.
fn wake_ups(sleepers: &[Sleepers]) -> Option<Target> {
    let rows = sleepers.iter().flat_map(|group| &group.rows);
    let ours = rows.filter(|row| row.role.is_ours());
    let counted: Vec<_> = ours
        .flat_map(|row| &row.figures)
        .filter_map(|figures| Some((figures.calls?, figures.items)))
        .collect();
    let waits: u64 = counted.iter().map(|(calls, _)| calls.waits).sum();
    let wakes: u64 = counted.iter().map(|(calls, _)| calls.wakes).sum();
    let items: u64 = counted.iter().map(|(_, items)| items).sum();
    (waits > 0).then(|| Target {
        what: "at most one wake-up per park",
        figure: format!("{wakes} wake-ups for {waits} parks and {items} items"),
        met: counted.iter().all(|(calls, _)| calls.wakes <= calls.waits),
    })
}

fn single(outcome: &Outcome) -> Option<Standing<'_>> {
    outcome
        .standings()
        .find(|standing| standing.ours.role == Role::Ours)
}
