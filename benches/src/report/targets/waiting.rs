//! The targets of consumers that spin before they sleep.

use super::target::{Target, judged, of_scenario};
use crate::rounds::{Outcome, Row};
use crate::sleep::ADAPTIVE;
use crate::statistics::Median;

/// Returns the targets of the adaptive wait.
pub(super) fn targets(outcomes: &[Outcome]) -> [Option<Target>; 4] {
    [
        latency(outcomes),
        processor_time(outcomes),
        round_trips(
            outcomes,
            ["resume/1", "resume/64"],
            "adaptive, resume/1 and /64: at most 0.5 of the elapsed time of the best other that parks at once",
        ),
        round_trips(
            outcomes,
            ["resume-cpu/1", "resume-cpu/64"],
            "adaptive, resume/1 and /64: at most 0.5 of the processor time of the best other that parks at once",
        ),
    ]
}

/// Compares the latency where items come often with that of the others that spend no more
/// processor time.
fn latency(outcomes: &[Outcome]) -> Option<Target> {
    let rates = ["sleep/park/100k", "sleep/park/500k"];
    let ratios: Vec<_> = with_adaptive(outcomes, &rates)
        .filter_map(|(outcome, ours)| {
            let spends_no_more = |row: &&Row| {
                let ratio = busy_ratio(ours, row);
                ratio.is_some_and(|ratio| ratio.high >= 1.0) // not clearly more than ours
            };
            let best = others(outcome)
                .filter(spends_no_more)
                .min_by(|a, b| a.median().value.total_cmp(&b.median().value))?;
            let ratio = Median::of_ratios(&ours.nanos, &best.nanos);
            Some(of_scenario(outcome, ratio))
        })
        .collect();
    judged(
        "adaptive, 100 and 500 k/s: p50 at most 0.5 of the best other that spends no more \
         processor time",
        &ratios,
        0.5,
        "wake-ups that come at the edge of a spin scatter",
    )
}

/// Compares the processor time where items come seldom with that of the cheapest that parks.
fn processor_time(outcomes: &[Outcome]) -> Option<Target> {
    let rates = ["sleep/park/1k", "sleep/park/10k"];
    let ratios: Vec<_> = with_adaptive(outcomes, &rates)
        .filter_map(|(outcome, ours)| {
            let median = |row: &Row| busy(row).map_or(f64::MAX, |busy| Median::of(&busy).value);
            let cheapest = others(outcome).min_by(|a, b| median(a).total_cmp(&median(b)))?;
            Some(of_scenario(outcome, busy_ratio(ours, cheapest)?))
        })
        .collect();
    judged(
        "adaptive, 1 and 10 k/s: processor time at most 1.1 of the cheapest other's",
        &ratios,
        1.1,
        "the samples scatter as those of all who sleep do",
    )
}

fn round_trips(outcomes: &[Outcome], scenarios: [&str; 2], what: &str) -> Option<Target> {
    let ratios: Vec<_> = outcomes
        .iter()
        .filter(|outcome| scenarios.contains(&&*outcome.group.scenario))
        .filter_map(|outcome| {
            let ours = outcome.row(ADAPTIVE)?;
            let parking = others(outcome).filter(|row| !spins(row));
            let best = parking.min_by(|a, b| a.median().value.total_cmp(&b.median().value))?;
            Some(of_scenario(
                outcome,
                Median::of_ratios(&ours.nanos, &best.nanos),
            ))
        })
        .collect();
    judged(what, &ratios, 0.5, "")
}

/// Set if the contestant waits by one of our strategies that spin. What is left of the difference to
/// such a contestant is the queue; the report has it.
fn spins(row: &Row) -> bool {
    row.name.ends_with(", adaptive") || row.name.ends_with(", spinning")
}

/// Returns the outcomes at these rates that have an adaptive row, and the row.
fn with_adaptive<'a>(
    outcomes: &'a [Outcome],
    rates: &[&str],
) -> impl Iterator<Item = (&'a Outcome, &'a Row)> {
    let at = outcomes
        .iter()
        .filter(|outcome| rates.contains(&&*outcome.group.scenario));
    at.filter_map(|outcome| Some((outcome, outcome.row(ADAPTIVE)?)))
}

fn others(outcome: &Outcome) -> impl Iterator<Item = &Row> {
    outcome.measured().filter(|row| row.role.is_other())
}

/// Returns the consumer's processor time per item in each round.
fn busy(row: &Row) -> Option<Vec<f64>> {
    let samples = row.sleep.as_ref()?.samples.iter();
    Some(samples.map(|sample| sample.busy).collect())
}

fn busy_ratio(ours: &Row, other: &Row) -> Option<Median> {
    Some(Median::of_ratios(&busy(ours)?, &busy(other)?))
}
