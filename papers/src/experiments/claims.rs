//! Claims of the literature, and the verdicts on them.

use std::fmt;
use std::str::FromStr;

use papers::statistics::Median;

/// A statement of a work that an experiment can contradict.
pub(crate) struct Claim {
    pub(crate) text: &'static str,
    /// The folder of the work in this package, or a file of the workspace; `hypothesis` if the claim
    /// is made by the experiment only.
    pub(crate) by: &'static str,
    /// What the experiment would have to find.
    pub(crate) falsified: &'static str,
}

/// What a run says about a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// A sentence with the figures of the run.
    pub(crate) measured: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Confirmed,
    Refuted,
    /// The run shows neither.
    Open,
}

impl Verdict {
    /// Confirms a claim that would be refuted if `holds` were false.
    pub(crate) fn of(holds: bool, measured: String) -> Self {
        let outcome = if holds {
            Outcome::Confirmed
        } else {
            Outcome::Refuted
        };
        Self { outcome, measured }
    }

    /// Returns this verdict, or an open one if the run does not show enough.
    pub(crate) fn if_shown(mut self, is_shown: bool) -> Self {
        self.outcome = self.outcome.if_shown(is_shown);
        self
    }
}

impl Outcome {
    /// Confirms that a figure is between two bounds if its whole interval is, and refutes it if no
    /// part of the interval is.
    pub(crate) fn of_interval(figure: Median, low: f64, high: f64) -> Self {
        if low < figure.low && figure.high < high {
            Self::Confirmed
        } else if figure.high <= low || high <= figure.low {
            Self::Refuted
        } else {
            Self::Open
        }
    }

    /// Returns the outcome of a claim that holds if all of its parts do.
    pub(crate) fn of_all(parts: impl IntoIterator<Item = Self>) -> Self {
        let worse = |one, other| match (one, other) {
            (Self::Refuted, _) | (_, Self::Refuted) => Self::Refuted,
            (Self::Open, _) | (_, Self::Open) => Self::Open,
            (Self::Confirmed, Self::Confirmed) => Self::Confirmed,
        };
        parts.into_iter().fold(Self::Confirmed, worse)
    }

    /// Returns this outcome, or `Open` if the run does not show enough.
    pub(crate) fn if_shown(self, is_shown: bool) -> Self {
        if is_shown { self } else { Self::Open }
    }
}

/// What was found of one of several contestants.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

/// Returns what was found of this contestant.
///
/// # Panics
///
/// If there is none.
pub(crate) fn named<'a, T: Named>(all: &'a [T], name: &str) -> &'a T {
    let found = all.iter().find(|one| one.name() == name);
    found.unwrap_or_else(|| panic!("{name} is not a contestant"))
}

const NAMES: [(Outcome, &str); 3] = [
    (Outcome::Confirmed, "confirmed"),
    (Outcome::Refuted, "refuted"),
    (Outcome::Open, "open"),
];

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(outcome, _)| outcome == self);
        f.pad(name.map_or("", |(_, name)| name))
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let outcome = NAMES.iter().find(|(_, name)| *name == text);
        outcome
            .map(|(outcome, _)| *outcome)
            .ok_or_else(|| format!("not an outcome: {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_across_a_bound_is_open() {
        let outcome = |low, high| {
            let value = f64::midpoint(low, high);
            Outcome::of_interval(Median { value, low, high }, 0.8, 1.25)
        };
        assert_eq!(outcome(0.9, 1.1), Outcome::Confirmed);
        assert_eq!(outcome(1.2, 1.3), Outcome::Open);
        assert_eq!(outcome(1.3, 1.4), Outcome::Refuted);
        assert_eq!(outcome(0.6, 0.7), Outcome::Refuted);
        assert_eq!(outcome(0.7, 1.3), Outcome::Open);
    }

    #[test]
    fn one_refuted_part_refutes_all() {
        use Outcome::{Confirmed, Open, Refuted};
        assert_eq!(Outcome::of_all([Confirmed, Open, Refuted]), Refuted);
        assert_eq!(Outcome::of_all([Confirmed, Open]), Open);
        assert_eq!(Outcome::of_all([Confirmed; 2]), Confirmed);
    }

    #[test]
    fn what_is_not_shown_is_open() {
        assert_eq!(Outcome::Refuted.if_shown(false), Outcome::Open);
        assert_eq!(Outcome::Refuted.if_shown(true), Outcome::Refuted);
    }
}
