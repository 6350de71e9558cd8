//! One target, and how ratios are judged.

use crate::payload::{Item, Payload};
use crate::report::standing::{best_other, ratio, ratio_of, with_interval};
use crate::rounds::Outcome;
use papers::statistics::Median;

/// A target with the figure of this run.
pub struct Target {
    /// What is to be reached.
    pub what: String,
    /// What this run has reached.
    pub figure: String,
    /// Set if the target is reached.
    pub met: bool,
}

/// The ratio in one scenario.
pub struct Ratio {
    /// The name of the scenario.
    pub scenario: String,
    /// The median of the ratios within the rounds.
    pub ratio: Median,
    /// A fact about this scenario that explains a miss.
    pub note: Option<String>,
}

impl Ratio {
    fn is_open(&self, limit: f64) -> bool {
        self.ratio.low <= limit
    }
}

impl Target {
    /// Returns target, figure and verdict.
    pub(in crate::report) fn cells(&self) -> [String; 3] {
        let verdict = if self.met { "met" } else { "NOT met" };
        [self.what.clone(), self.figure.clone(), verdict.into()]
    }

    /// Returns all of it in a line.
    #[must_use]
    pub fn line(&self) -> String {
        let [what, figure, verdict] = self.cells();
        format!("{verdict}: {what}: {figure}")
    }
}

/// Judges the ratios of some scenarios. `reason` says why a miss is expected, if it is known.
/// Returns `None` if there is no ratio.
#[must_use]
pub fn judged(
    what: impl Into<String>,
    ratios: &[Ratio],
    limit: f64,
    reason: &str,
) -> Option<Target> {
    let of = ratios.len();
    let worst = |a: &&Ratio, b: &&Ratio| a.ratio.value.total_cmp(&b.ratio.value);
    let highest = ratios.iter().max_by(worst)?;
    let mut missed: Vec<&Ratio> = ratios.iter().filter(|it| it.ratio.high > limit).collect();
    missed.sort_by(|a, b| worst(b, a));
    let described = |it: &Ratio| {
        let open = if it.is_open(limit) { ", open" } else { "" };
        let note = it
            .note
            .as_ref()
            .map_or(String::new(), |note| format!(" ({note})"));
        format!("{} in {}{open}{note}", with_interval(it.ratio), it.scenario)
    };
    let figure = match missed.is_empty() {
        true => format!(
            "in all {of}; highest {}",
            described(highest).replace(", open", "")
        ),
        false => {
            let misses: Vec<String> = missed.iter().map(|it| described(it)).collect();
            let reason = match reason {
                "" if missed.iter().all(|it| it.is_open(limit)) => ". Reason: the samples scatter",
                "" => "",
                reason => &format!(". Reason: {reason}"),
            };
            let met = of - missed.len();
            format!("in {met} of {of}; not {}{reason}", misses.join("; "))
        }
    };
    Some(Target {
        what: what.into(),
        figure,
        met: missed.is_empty(),
    })
}

/// Returns the ratio of `ours` to the best other in the scenario.
pub(super) fn to_best_other(outcome: &Outcome, ours: &str) -> Option<Ratio> {
    let ratio = ratio_of(outcome.row(ours)?, best_other(outcome)?);
    Some(of_scenario(outcome, ratio))
}

/// Returns the ratio of `ours` to the row `other` in the scenario.
pub(super) fn to_row(outcome: &Outcome, ours: &str, other: &str) -> Option<Ratio> {
    Some(of_scenario(outcome, ratio(outcome, ours, other)?))
}

/// Returns the ratio as that of a scenario.
pub(super) fn of_scenario(outcome: &Outcome, ratio: Median) -> Ratio {
    Ratio {
        scenario: outcome.group.scenario.clone(),
        ratio,
        note: None,
    }
}

/// Returns the outcomes with heap objects.
pub(super) fn with_heap_objects(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    let kind = <Box<Item>>::KIND;
    outcomes
        .iter()
        .filter(move |outcome| outcome.group.payload == kind && outcome.group.load.is_none())
}

/// Returns the outcomes of the scenarios with these names, with heap objects.
pub(super) fn named<'a>(
    outcomes: &'a [Outcome],
    scenarios: &[&str],
) -> impl Iterator<Item = &'a Outcome> {
    with_heap_objects(outcomes).filter(|outcome| scenarios.contains(&&*outcome.group.scenario))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(scenario: &str, low: f64, value: f64, high: f64) -> Ratio {
        Ratio {
            scenario: scenario.into(),
            ratio: Median { value, low, high },
            note: None,
        }
    }

    #[test]
    fn whole_interval_is_judged() {
        let met = |ratios: &[_]| judged("a target", ratios, 0.7, "").unwrap().met;
        assert!(met(&[ratio("a", 0.5, 0.6, 0.7)]));
        assert!(!met(&[ratio("a", 0.5, 0.6, 0.71)]));
        assert!(!met(&[
            ratio("a", 0.1, 0.1, 0.1),
            ratio("b", 0.8, 0.8, 0.8)
        ]));
        assert!(judged("a target", &[], 0.7, "").is_none());
    }

    #[test]
    fn every_miss_is_listed_with_the_reason() {
        let ratios = [
            ratio("a", 0.5, 0.6, 0.8),
            ratio("b", 0.9, 1.0, 1.1),
            ratio("c", 0.1, 0.2, 0.3),
        ];
        let target = judged("a target", &ratios, 0.7, "the cache").unwrap();
        assert_eq!(
            target.line(),
            "NOT met: a target: in 1 of 3; not 1.00 [0.90, 1.10] in b; \
             0.60 [0.50, 0.80] in a, open. Reason: the cache"
        );
    }
}
