//! The targets of consumers that spin before they sleep.

use super::target::{Target, judged, ratios_to_best_others};
use crate::contestant::Role;
use crate::rounds::Outcome;
use crate::sleep::{ADAPTIVE, Group as Sleepers, Load, Row, SampleStats};
use crate::statistics::Median;

/// Returns the targets of the adaptive wait.
pub(super) fn targets(outcomes: &[Outcome], sleepers: &[Sleepers]) -> [Option<Target>; 4] {
    let group = sleepers
        .iter()
        .find(|group| group.rows.iter().any(|row| row.name == ADAPTIVE));
    [
        group.and_then(latency),
        group.and_then(processor_time),
        round_trips(
            outcomes,
            "resume/",
            "adaptive, resume/1 and /64: at most 0.5 of the best other's elapsed time",
        ),
        round_trips(
            outcomes,
            "resume-cpu/",
            "adaptive, resume/1 and /64: at most 0.5 of the best other's processor time",
        ),
    ]
}

/// Compares the latency where items come often with that of the others that spend no more
/// processor time.
fn latency(group: &Sleepers) -> Option<Target> {
    let ratios: Vec<_> = loads(&[100_000, 500_000])
        .filter_map(|(at, name)| {
            let ours = adaptive(group, at)?;
            let busy = |row: &Row| compare(ours, row, at, |sample| sample.busy);
            let best = others(group, at)
                .filter(|row| busy(row).high >= 1.0) // not clearly more than ours
                .min_by(|a, b| median(a, at, p50).total_cmp(&median(b, at, p50)))?;
            Some((name, compare(ours, best, at, p50)))
        })
        .collect();
    judged(
        "adaptive, 100 and 500 k/s: p50 at most 0.5 of the best other that spends no more processor time",
        &named(&ratios),
        0.5,
    )
}

/// Compares the processor time where items come seldom with that of the cheapest that parks.
fn processor_time(group: &Sleepers) -> Option<Target> {
    let ratios: Vec<_> = loads(&[1000, 10_000])
        .filter_map(|(at, name)| {
            let ours = adaptive(group, at)?;
            let busy = |sample: &SampleStats| sample.busy;
            let cheapest = others(group, at)
                .min_by(|a, b| median(a, at, busy).total_cmp(&median(b, at, busy)))?;
            Some((name, compare(ours, cheapest, at, busy)))
        })
        .collect();
    judged(
        "adaptive, 1 and 10 k/s: processor time at most 1.1 of the cheapest other's",
        &named(&ratios),
        1.1,
    )
}

fn round_trips(outcomes: &[Outcome], prefix: &str, what: &'static str) -> Option<Target> {
    let ratios = ratios_to_best_others(outcomes, prefix, ADAPTIVE);
    judged(what, &ratios, 0.5)
}

/// Returns the indices and names of the loads with these rates.
fn loads(rates: &[u64]) -> impl Iterator<Item = (usize, String)> {
    let loads = Load::ALL.into_iter().enumerate();
    loads.filter_map(|(at, load)| {
        let is_one = matches!(load, Load::PerSecond(rate) if rates.contains(&rate));
        is_one.then(|| (at, load.to_string()))
    })
}

fn named(ratios: &[(String, Median)]) -> Vec<(&str, Median)> {
    let ratios = ratios.iter();
    ratios.map(|(name, ratio)| (&**name, *ratio)).collect()
}

fn adaptive(group: &Sleepers, at: usize) -> Option<&Row> {
    group.measured(at).find(|row| row.name == ADAPTIVE)
}

fn others(group: &Sleepers, at: usize) -> impl Iterator<Item = &Row> {
    group.measured(at).filter(|row| row.role == Role::Other)
}

fn p50(sample: &SampleStats) -> f64 {
    sample.p50
}

fn samples(row: &Row, at: usize, figure: impl Fn(&SampleStats) -> f64) -> Vec<f64> {
    row.figures[at].samples.iter().map(figure).collect()
}

fn median(row: &Row, at: usize, figure: impl Fn(&SampleStats) -> f64) -> f64 {
    Median::of(&samples(row, at, figure)).value
}

/// Returns the ratio of a figure of `ours` to that of `other`.
fn compare(ours: &Row, other: &Row, at: usize, figure: fn(&SampleStats) -> f64) -> Median {
    Median::of_ratios(&samples(ours, at, figure), &samples(other, at, figure))
}
