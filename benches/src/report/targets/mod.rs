//! The targets, judged by a run.

mod blocks;
mod counted;
mod forms;
mod recommended;
mod sharded;
mod target;
mod waiting;

pub(super) use target::Target;

use super::findings::Findings;

/// How targets are judged, for the reports.
pub(super) const METHOD: &str = "A target is met if the whole interval of each of its ratios is \
    at or below the limit. A miss is listed with its ratio, and as open if the interval contains \
    the limit.";

/// Returns the targets whose scenarios were measured.
pub(super) fn targets(findings: &Findings) -> Vec<Target> {
    let outcomes = &findings.outcomes;
    recommended::targets(outcomes)
        .into_iter()
        .chain(counted::targets(findings))
        .chain(forms::targets(outcomes))
        .chain(sharded::targets(outcomes))
        .chain(waiting::targets(outcomes))
        .chain([blocks::target(outcomes)])
        .flatten()
        .collect()
}

#[cfg(test)]
pub(super) mod samples {
    use crate::contestant::Role;
    use crate::payload::{Item, Payload};
    use crate::rounds::{Outcome, Row};
    use crate::scenario::Group;

    /// Makes up an outcome with heap objects.
    pub(in crate::report) fn outcome<const N: usize>(
        scenario: &str,
        rows: &[(&'static str, Role, [f64; N])],
    ) -> Outcome {
        let rows = rows.iter().map(|&(name, role, nanos)| {
            let nanos = nanos.into();
            let (sleep, failure) = (None, None);
            Row {
                name,
                role,
                nanos,
                sleep,
                failure,
            }
        });
        Outcome {
            group: Group {
                scenario: scenario.into(),
                payload: <Box<Item>>::KIND,
                question: String::new(),
                unit: 1,
                load: None,
                oversubscribed: false,
                core: true,
                cells: Vec::new(),
            },
            rows: rows.collect(),
        }
    }
}
