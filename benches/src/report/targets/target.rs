//! One target, and how a ratio is judged.

use crate::contestant::Role;
use crate::payload::{Item, Payload};
use crate::rounds::Outcome;
use crate::statistics::Median;

/// A target with the figure of this run.
pub(in crate::report) struct Target {
    pub(super) what: &'static str,
    pub(super) figure: String,
    pub(super) met: bool,
}

impl Target {
    /// Returns target, figure and verdict.
    pub(in crate::report) fn cells(&self) -> [&str; 3] {
        let verdict = if self.met { "met" } else { "NOT met" };
        [self.what, &self.figure, verdict]
    }
}

/// Returns the time of the contestant `ours`, divided by that of `other`.
pub(super) fn ratio(outcome: &Outcome, ours: &str, other: &str) -> Option<Median> {
    let nanos = |name: &str| {
        let row = outcome.rows.iter().find(|row| row.name == name)?;
        Some(&row.nanos)
    };
    Some(Median::of_ratios(nanos(ours)?, nanos(other)?))
}

/// Returns the time of the contestant `ours`, divided by that of the best other.
pub(super) fn ratio_to_best_other(outcome: &Outcome, ours: &str) -> Option<Median> {
    let others = outcome.rows.iter().filter(|row| row.role == Role::Other);
    let best = others.min_by(|a, b| a.median().value.total_cmp(&b.median().value))?;
    ratio(outcome, ours, best.name)
}

/// Returns the ratio of `ours` to the best other in each scenario whose name begins with `prefix`.
pub(super) fn ratios_to_best_others<'a>(
    outcomes: &'a [Outcome],
    prefix: &str,
    ours: &str,
) -> Vec<(&'a str, Median)> {
    let ratios = outcomes
        .iter()
        .filter(|outcome| outcome.group.scenario.starts_with(prefix))
        .filter_map(|outcome| {
            let ratio = ratio_to_best_other(outcome, ours)?;
            Some((&*outcome.group.scenario, ratio))
        });
    ratios.collect()
}

/// Returns the outcomes with heap objects.
pub(super) fn with_heap_objects(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    let kind = <Box<Item>>::KIND;
    outcomes
        .iter()
        .filter(move |outcome| outcome.group.payload == kind)
}

/// Returns the outcome of the scenario with this name, with heap objects.
pub(super) fn named<'a>(outcomes: &'a [Outcome], scenario: &str) -> Option<&'a Outcome> {
    with_heap_objects(outcomes).find(|outcome| outcome.group.scenario == scenario)
}

/// Judges the ratios of some scenarios.
pub(super) fn judged(what: &'static str, ratios: &[(&str, Median)], limit: f64) -> Option<Target> {
    let (scenario, worst) = ratios
        .iter()
        .max_by(|a, b| a.1.value.total_cmp(&b.1.value))?;
    let (of, met) = (
        ratios.len(),
        ratios.iter().filter(|(_, ratio)| ratio.high <= limit),
    );
    let met = met.count();
    Some(Target {
        what,
        figure: format!(
            "met in {met} of {of}; worst {:.2} [{:.2}, {:.2}] in {scenario}",
            worst.value, worst.low, worst.high
        ),
        met: met == of,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::targets::samples::outcome;

    #[test]
    fn best_other_has_least_median() {
        let outcome = outcome(
            "push/2",
            &[
                ("ours", Role::Ours, [3.0; 3]),
                ("slow", Role::Other, [1.0, 9.0, 9.0]),
                ("fast", Role::Other, [6.0; 3]),
                ("floor", Role::Floor, [1.0; 3]),
            ],
        );
        let ratio = ratio_to_best_other(&outcome, "ours").unwrap();
        assert_eq!((ratio.low, ratio.value, ratio.high), (0.5, 0.5, 0.5));
        assert!(ratio_to_best_other(&outcome, "missing").is_none());
    }

    #[test]
    fn prefix_selects_scenarios() {
        let rows = [
            ("ours", Role::Ours, [1.0; 3]),
            ("other", Role::Other, [2.0; 3]),
        ];
        let outcomes = ["wake/self", "wake/thread", "awake"].map(|name| outcome(name, &rows));
        let ratios = ratios_to_best_others(&outcomes, "wake/", "ours");
        let names: Vec<_> = ratios.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["wake/self", "wake/thread"]);
        assert!(ratios.iter().all(|(_, ratio)| ratio.value == 0.5));
    }

    #[test]
    fn whole_interval_is_judged() {
        let ratio = |low, value, high| Median { value, low, high };
        let met = |ratios: &[_]| judged("a target", ratios, 0.7).unwrap().met;
        assert!(met(&[("a", ratio(0.5, 0.6, 0.7))]));
        assert!(!met(&[("a", ratio(0.5, 0.6, 0.71))]));
        assert!(!met(&[
            ("a", ratio(0.1, 0.1, 0.1)),
            ("b", ratio(0.8, 0.8, 0.8))
        ]));
        assert!(judged("a target", &[], 0.7).is_none());
    }
}
