//! The targets, judged by a run.

mod target;
mod throughput;
mod waiting;

pub(super) use target::Target;

use super::Findings;

/// How targets are judged, for the reports.
pub(super) const METHOD: &str = "A ratio to the best other counts as met if its whole interval \
    is at or below the limit, and as missed if its whole interval is above.";

/// Returns the targets whose scenarios were measured.
pub(super) fn targets(findings: &Findings) -> Vec<Target> {
    let Findings {
        outcomes, sleepers, ..
    } = findings;
    throughput::targets(findings)
        .into_iter()
        .chain(waiting::targets(outcomes, sleepers))
        .flatten()
        .collect()
}
