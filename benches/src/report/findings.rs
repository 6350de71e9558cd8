//! What a run found.

use crate::check::Failure;
use crate::costs::{self, Cost};
use crate::rounds::Outcome;
use crate::transfers::Transfers;

/// The results of a run.
#[derive(Default)]
pub struct Findings {
    /// Names and values that describe the machine and the run.
    pub machine: Vec<(&'static str, String)>,
    /// The contestants that failed the self-check, hence were not measured.
    pub failures: Vec<Failure>,
    /// The samples of the scenarios.
    pub outcomes: Vec<Outcome>,
    /// The counted costs.
    pub costs: Vec<Cost>,
    /// The modelled transfers of cache lines.
    pub transfers: Vec<Transfers>,
    /// The contestants that could not be counted or modelled.
    pub uncounted: Vec<Failure>,
}

impl Findings {
    /// Returns a line for each failure, except for known ones of the self-check.
    #[must_use]
    pub fn unexpected_failures(&self) -> Vec<String> {
        let unchecked = self.failures.iter().filter(|failure| !failure.is_known());
        let uncounted = self.uncounted.iter().filter(|_| costs::IS_SUPPORTED);
        let mut lines: Vec<String> = unchecked
            .map(|failure| ("self-check", failure))
            .chain(uncounted.map(|failure| ("costs", failure)))
            .map(|(step, Failure { name, what })| format!("{step}: {name}: {what}"))
            .collect();
        lines.extend(self.outcomes.iter().flat_map(Outcome::failures));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unexpected_failures_omit_known_ones() {
        let failure = |name: &str| Failure {
            name: name.into(),
            what: "lost an item".into(),
        };
        let findings = Findings {
            failures: vec![failure("nolock Jiffy"), failure("mpsc-queue")],
            ..Findings::default()
        };
        let lines = findings.unexpected_failures();
        assert_eq!(lines, ["self-check: mpsc-queue: lost an item"]);
    }
}
