//! The targets, judged by a run.

mod sharded;
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
        .chain(sharded::targets(outcomes))
        .chain(waiting::targets(outcomes, sleepers))
        .flatten()
        .collect()
}

#[cfg(test)]
mod samples {
    use crate::contestant::Role;
    use crate::payload::{Item, Payload};
    use crate::rounds::{Outcome, Row};
    use crate::scenario::Group;

    /// Makes up an outcome with heap objects.
    pub(super) fn outcome<const N: usize>(
        scenario: &str,
        rows: &[(&'static str, Role, [f64; N])],
    ) -> Outcome {
        let rows = rows.iter().map(|&(name, role, nanos)| {
            let nanos = nanos.into();
            Row { name, role, nanos }
        });
        Outcome {
            group: Group {
                scenario: scenario.into(),
                payload: <Box<Item>>::KIND,
                question: String::new(),
                unit: 1,
                oversubscribed: false,
                core: true,
                cells: Vec::new(),
            },
            rows: rows.collect(),
        }
    }
}
