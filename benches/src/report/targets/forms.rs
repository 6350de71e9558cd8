//! The targets of the single forms, of chains, and of what is built on the queue.

use mpsc_queue::{BackLinked, ForwardLinked, GapFree};

use super::target::{Target, judged, named, to_best_other, to_row, with_heap_objects};
use crate::contestant::Role;
use crate::contestants::Named;
use crate::rounds::Outcome;
use crate::scenarios::oneshots;

/// Returns the targets, as far as their scenarios were measured.
pub(super) fn targets(outcomes: &[Outcome]) -> [Option<Target>; 8] {
    let against = |what: &str, scenarios: &[&str], ours, other, limit, reason: &str| {
        let ratios: Vec<_> = named(outcomes, scenarios)
            .filter_map(|outcome| to_row(outcome, ours, other))
            .collect();
        judged(what, &ratios, limit, reason)
    };
    [
        against(
            "forward-linked, ping-pong: at most 1.15 of the floor",
            &["ping-pong"],
            ForwardLinked::NAME,
            "swap + compare_exchange",
            1.15,
            "",
        ),
        chains(outcomes),
        against(
            "back-linked, push/2 and push/16: at most 1.25 of the bare exchange",
            &["push/2", "push/16"],
            BackLinked::NAME,
            "swap",
            1.25,
            "the bare exchange touches one line, a push also its item",
        ),
        against(
            "back-linked, both/2: at most 0.8 of kanal",
            &["both/2"],
            BackLinked::NAME,
            "kanal",
            0.8,
            "the distance of the cores changes (see Limits in the README)",
        ),
        against(
            "back-linked, burst/64: ahead of cordyceps",
            &["burst/64"],
            BackLinked::NAME,
            "cordyceps",
            1.0,
            "a race, and the distance of the cores (see Limits in the README)",
        ),
        gap_free_ahead(outcomes),
        run_queue(outcomes),
        set_of_futures(outcomes),
    ]
}

/// Compares chains with single pushes, alone and with a competing producer.
fn chains(outcomes: &[Outcome]) -> Option<Target> {
    let mut ratios = Vec::new();
    for outcome in named(outcomes, &["push/1", "push/2"]) {
        let chained = outcome
            .measured()
            .filter(|row| row.role == Role::OursChained);
        ratios.extend(chained.filter_map(|row| to_row(outcome, row.name, ForwardLinked::NAME)));
    }
    judged(
        "chains of 8 and 64, push/1 and push/2: at most a third of single pushes",
        &ratios,
        1.0 / 3.0,
        "in push/1 nothing contends, so there is less to save",
    )
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
        .filter_map(|outcome| to_row(outcome, GapFree::NAME, "crossbeam SegQueue"))
        .collect();
    judged(
        "gap-free: ahead of SegQueue but in push/2, push/16, pop/N and a million items",
        &ratios,
        1.0,
        "",
    )
}

/// Compares the run queues of an executor.
fn run_queue(outcomes: &[Outcome]) -> Option<Target> {
    let wakes = outcomes
        .iter()
        .filter(|outcome| outcome.group.scenario.starts_with("wake/"));
    let ratios: Vec<_> = wakes
        .filter_map(|outcome| to_best_other(outcome, ForwardLinked::NAME))
        .collect();
    judged(
        "run queue, wake/self and wake/thread: ahead of all others",
        &ratios,
        1.0,
        "",
    )
}

/// Compares the set of futures with that of the futures crate.
fn set_of_futures(outcomes: &[Outcome]) -> Option<Target> {
    let outcome = outcomes
        .iter()
        .find(|outcome| outcome.group.scenario == oneshots::NAME)?;
    let ratio = to_row(outcome, oneshots::OURS, oneshots::OTHER)?;
    judged(
        "set of futures, oneshots: at most 0.67 of FuturesUnordered",
        &[ratio],
        0.67,
        "",
    )
}
