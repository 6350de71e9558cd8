//! What was aimed at, and whether this run shows it.

use super::Standing;
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
pub(super) fn targets(outcomes: &[Outcome]) -> Vec<Target> {
    let judges: [fn(&[Outcome]) -> Option<Target>; 4] = [ahead, near_floor, oversubscribed, chains];
    judges.iter().filter_map(|judge| judge(outcomes)).collect()
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

/// Our single push against the best other: the worst ratio decides.
fn against_others(
    outcomes: &[Outcome],
    oversubscribed: bool,
    limit: f64,
    what: &'static str,
) -> Option<Target> {
    let ratios: Vec<_> = of_heap_objects(outcomes)
        .filter(|outcome| outcome.group.oversubscribed == oversubscribed)
        .filter_map(|outcome| Some((outcome, single(outcome)?.other?.1.value)))
        .collect();
    let missed = ratios.iter().filter(|(_, ratio)| *ratio > limit).count();
    let (worst, ratio) = ratios.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (scenario, of) = (&worst.group.scenario, ratios.len());
    Some(Target {
        what,
        figure: format!("missed in {missed} of {of} scenarios; at worst {ratio:.2} in {scenario}"),
        met: missed == 0,
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

fn chains(outcomes: &[Outcome]) -> Option<Target> {
    let pushes = named(outcomes, "push/1")?;
    let single = single(pushes)?.ours;
    let chains = pushes
        .rows
        .iter()
        .filter(|row| row.role == Role::OursChained);
    let gains: Vec<_> = chains
        .map(|row| (row.name, Median::of_ratios(&single.nanos, &row.nanos).value))
        .collect();
    let figures = gains
        .iter()
        .map(|(name, gain)| format!("{name}: {gain:.2}"));
    Some(Target {
        what: "chains: at least 3 times the single push, in push/1",
        figure: figures.collect::<Vec<_>>().join("; "),
        met: !gains.is_empty() && gains.iter().all(|(_, gain)| *gain >= 3.0),
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
