//! Where our queue stands in a scenario.

use crate::contestant::Role;
use crate::rounds::{Outcome, Row};
use papers::statistics::Median;

/// A row of ours, compared with the others of its group.
pub(super) struct Standing<'a> {
    pub(super) ours: &'a Row,
    /// The best other row, and the median of our ratios to it within each round.
    pub(super) other: Option<(&'a Row, Median)>,
    /// The first floor, and the median of our ratios to it within each round.
    pub(super) floor: Option<(&'a Row, Median)>,
}

/// Compares our rows, in their order.
pub(super) fn standings(outcome: &Outcome) -> impl Iterator<Item = Standing<'_>> {
    let best = best_other(outcome);
    let floor = outcome.measured().find(|row| row.role == Role::Floor);
    let ours = outcome.measured().filter(|row| row.role.is_ours());
    ours.map(move |ours| Standing {
        ours,
        other: best.map(|row| (row, ratio_of(ours, row))),
        floor: floor.map(|row| (row, ratio_of(ours, row))),
    })
}

/// Returns the contestant with the least median among those that are not ours.
pub(super) fn best_other(outcome: &Outcome) -> Option<&Row> {
    fastest(outcome.measured().filter(|row| row.role.is_other()))
}

/// Returns the row with the least median.
pub(super) fn fastest<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<&'a Row> {
    rows.min_by(|a, b| a.median().value.total_cmp(&b.median().value))
}

/// Returns the CPU time per item of a consumer that sleeps, in each round.
pub(super) fn busy(row: &Row) -> Option<Vec<f64>> {
    let samples = row.sleep.as_ref()?.samples.iter();
    Some(samples.map(|sample| sample.busy).collect())
}

/// Returns the CPU time of one consumer that sleeps, divided by that of another one.
pub(super) fn busy_ratio(row: &Row, other: &Row) -> Option<Median> {
    Some(Median::of_ratios(&busy(row)?, &busy(other)?))
}

/// Returns the figures of one row, divided by those of another one of the same group.
pub(super) fn ratio_of(row: &Row, other: &Row) -> Median {
    Median::of_ratios(&row.nanos, &other.nanos)
}

/// Returns the figures of the contestant `ours`, divided by those of `other`.
pub(super) fn ratio(outcome: &Outcome, ours: &str, other: &str) -> Option<Median> {
    Some(ratio_of(outcome.row(ours)?, outcome.row(other)?))
}

/// Formats a figure with three significant digits.
pub(super) fn rounded(value: f64) -> String {
    format!("{value:.0$}", digits(value))
}

/// Returns how many of three significant digits are behind the point, at most two.
fn digits(value: f64) -> usize {
    match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    }
}

/// Formats a median with its interval, in the same unit and with the same digits.
#[must_use]
pub fn with_interval(median: Median) -> String {
    let Median { value, low, high } = median;
    let digits = digits(value);
    format!("{value:.digits$} [{low:.digits$}, {high:.digits$}]")
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
        let ours = standings(&outcome).next().unwrap();
        let (other, ratio) = ours.other.unwrap();
        assert_eq!((other.name, ratio.value), ("fast", 0.5));
        assert_eq!(ours.floor.unwrap().1.value, 3.0);
    }

    #[test]
    fn contestant_that_failed_is_not_compared() {
        let mut outcome = outcome(
            "push/2",
            &[
                ("ours", Role::Ours, [3.0; 3]),
                ("fast", Role::Other, [1.0; 3]),
                ("slow", Role::Other, [6.0; 3]),
            ],
        );
        outcome.rows[1].failure = Some("lost an item".into());
        assert_eq!(best_other(&outcome).unwrap().name, "slow");
        assert!(ratio(&outcome, "ours", "fast").is_none());
    }
}
