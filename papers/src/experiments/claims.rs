//! Claims of the literature, and the verdicts on them.

use std::fmt;
use std::str::FromStr;

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
