//! The targets of http-resume, judged by a run.

use benches::report::{Ratio, Target, judged};

use crate::outcome::{Outcome, Row};
use crate::syscalls::Calls;

/// The eventfd writes per request that count as no wake-up while the event loop is awake. Under
/// load, the event loop seldom sleeps, and a wake-up for each resume would be about 1.
const NO_WAKE_UP: f64 = 0.01;

/// The system calls per request that count as no more, because the number of events that an
/// `epoll_wait` returns varies.
const NO_MORE_CALLS: f64 = 0.01;

/// Returns the targets whose loads were measured.
pub(crate) fn targets(outcomes: &[Outcome]) -> Vec<Target> {
    let of = |select: fn(&Outcome) -> bool| outcomes.iter().filter(move |it| select(it));
    let targets = [
        to_floor(
            of(|it| is_apart(it) && it.load.path == "/"),
            "`/`, 64 and 256 connections: CPU time at most 1.05 of the floor's",
            1.05,
        ),
        to_floor(
            of(|it| is_apart(it) && it.load.path == "/async"),
            "`/async`, 64 and 256 connections: CPU time at most 1.15 of the floor's",
            1.15,
        ),
        ahead(
            of(is_apart),
            "`/` and `/async`, 64 and 256 connections: ahead of every peer",
        ),
        ahead(
            of(|it| it.load.depth > 1),
            "`/` and `/async`, pipelined 8 deep: ahead of every peer",
        ),
        wake_ups(of(is_loaded)),
        system_calls(of(|it| is_loaded(it) && it.load.path == "/")),
    ];
    targets.into_iter().flatten().collect()
}

/// Returns `true` if a server seldom sleeps under the load. With one connection it sleeps for each
/// request, and the CPU time is that of sleeping and waking up.
pub(crate) fn is_loaded(outcome: &Outcome) -> bool {
    outcome.load.connections >= 64
}

/// Returns `true` if each request comes apart, too.
fn is_apart(outcome: &Outcome) -> bool {
    is_loaded(outcome) && outcome.load.depth == 1
}

fn to_floor<'a>(
    outcomes: impl Iterator<Item = &'a Outcome>,
    what: &str,
    limit: f64,
) -> Option<Target> {
    let ratio = |it: &Outcome| {
        Some(Ratio {
            scenario: it.load.to_string(),
            ratio: it.ours()?.ratio(it.floor()?),
            note: None,
        })
    };
    judged(
        what,
        &outcomes.filter_map(ratio).collect::<Vec<_>>(),
        limit,
        "",
    )
}

/// Compares with each peer under each load.
fn ahead<'a>(outcomes: impl Iterator<Item = &'a Outcome>, what: &str) -> Option<Target> {
    let ratios = outcomes.flat_map(|it| {
        let ours = it.ours().into_iter();
        ours.flat_map(move |ours| it.peers().map(move |peer| against(it, ours, peer)))
    });
    judged(what, &ratios.collect::<Vec<_>>(), 1.0, "")
}

fn against(outcome: &Outcome, ours: &Row, peer: &Row) -> Ratio {
    Ratio {
        scenario: format!("{}, against {}", outcome.load, peer.contestant.name),
        ratio: ours.ratio(peer),
        note: None,
    }
}

fn wake_ups<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Option<Target> {
    let counts = outcomes.filter_map(|it| {
        let ours = it.ours()?.calls.as_ref()?;
        Some((it.load.to_string(), ours.writes, ours.writes <= NO_WAKE_UP))
    });
    counted(
        format!(
            "64 connections and more: no wake-up while the event loop is awake (at most \
             {NO_WAKE_UP} eventfd writes per request)"
        ),
        counts.map(|(load, writes, met)| (format!("{writes:.3} in {load}"), met)),
    )
}

fn system_calls<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Option<Target> {
    let counts = outcomes.filter_map(|it| {
        let calls = |row: Option<&Row>| row?.calls.as_ref().map(|it: &Calls| it.all);
        let (ours, floor) = (calls(it.ours())?, calls(it.floor())?);
        let figure = format!("{ours:.3} to {floor:.3} in {}", it.load);
        Some((figure, ours <= floor + NO_MORE_CALLS))
    });
    counted(
        format!(
            "`/`, 64 connections and more: no more system calls per request than the floor \
             (at most {NO_MORE_CALLS} more)"
        ),
        counts,
    )
}

/// Judges what was counted under each load, with one verdict for each.
fn counted(what: String, counts: impl Iterator<Item = (String, bool)>) -> Option<Target> {
    let (figures, met): (Vec<_>, Vec<_>) = counts.unzip();
    (!met.is_empty()).then(|| Target {
        what,
        figure: figures.join("; "),
        met: met.iter().all(|met| *met),
    })
}
