//! One target, and how a ratio is judged.

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
