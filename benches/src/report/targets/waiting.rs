//! The targets of consumers that spin before they sleep.

use super::target::{Ratio, Target, judged, of_scenario};
use crate::report::duel::{Duel, Rivals};
use crate::report::standing::{busy, busy_ratio};
use crate::rounds::{Outcome, Row};
use crate::sleep::ADAPTIVE;
use papers::statistics::Median;

/// Returns the targets of the adaptive wait.
pub(super) fn targets(outcomes: &[Outcome]) -> [Option<Target>; 4] {
    [
        latency(outcomes),
        processor_time(outcomes),
        round_trips(
            outcomes,
            ["resume/1", "resume/64"],
            "adaptive, resume/1 and /64: at most 0.5 of the elapsed time of the best other that parks \
             at once",
        ),
        round_trips(
            outcomes,
            ["resume-cpu/1", "resume-cpu/64"],
            "adaptive, resume/1 and /64: at most 0.5 of the CPU time of the best other that \
             parks at once",
        ),
    ]
}

/// Compares the latency where items come often with that of the others that spend no more
/// CPU time. Not with those that wait by the same code: there, what is compared is the queue.
fn latency(outcomes: &[Outcome]) -> Option<Target> {
    let rates = ["sleep/park/100k", "sleep/park/500k"];
    judged(
        "adaptive, 100 and 500 k/s: p50 at most 0.5 of the best other that spends no more \
         CPU time, and waits by means of its own",
        &against(outcomes, &rates, Rivals::SpendingNoMoreByOwnMeans),
        0.5,
        "wake-ups that come at the edge of a spin scatter",
    )
}

/// Compares the CPU time where items come seldom with that of the cheapest that parks.
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
        "adaptive, 1 and 10 k/s: CPU time at most 1.1 of the cheapest other's",
        &ratios,
        1.1,
        "the samples scatter as those of all who sleep do",
    )
}

/// Compares with those that park at once. The report has the difference to the queues that wait by
/// the same strategy, which is due to the queue.
fn round_trips(outcomes: &[Outcome], scenarios: [&str; 2], what: &str) -> Option<Target> {
    judged(
        what,
        &against(outcomes, &scenarios, Rivals::Parking),
        0.5,
        "",
    )
}

fn against(outcomes: &[Outcome], scenarios: &[&str], rivals: Rivals) -> Vec<Ratio> {
    with_adaptive(outcomes, scenarios)
        .filter_map(|(outcome, ours)| Duel::of(outcome, ours, rivals))
        .map(|duel| of_scenario(duel.outcome, duel.ratio))
        .collect()
}

/// Returns the outcomes of these scenarios that have an adaptive row, and the row.
fn with_adaptive<'a>(
    outcomes: &'a [Outcome],
    scenarios: &[&str],
) -> impl Iterator<Item = (&'a Outcome, &'a Row)> {
    let at = outcomes
        .iter()
        .filter(|outcome| scenarios.contains(&&*outcome.group.scenario));
    at.filter_map(|outcome| Some((outcome, outcome.row(ADAPTIVE)?)))
}

fn others(outcome: &Outcome) -> impl Iterator<Item = &Row> {
    outcome.measured().filter(|row| row.role.is_other())
}
