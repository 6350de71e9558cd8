//! The targets, judged by a run.

mod blocks;
mod counted;
mod forms;
mod recommended;
mod sharded;
mod target;
mod waiting;

pub use target::{Ratio, Target, judged};

use super::findings::Findings;

/// The rule by which targets are judged, for the reports.
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
    use crate::sleep::{Figures, SampleStats};

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

    /// Makes up the figures of a consumer that sleeps, with these latencies and this CPU time
    /// per item.
    pub(in crate::report) fn sleeping(latencies: &[f64], busy: f64) -> Figures {
        let sample = |&p50: &f64| SampleStats {
            p50,
            p99: 3.0 * p50,
            elapsed: 1000.0,
            late: 100.0,
            busy,
        };
        Figures {
            samples: latencies.iter().map(sample).collect(),
            items: 100,
            ..Figures::new()
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::rounds::{Outcome, Row};
    use crate::scenario::Group;
    use crate::{scenarios, sleep};

    /// Makes up a run in which all figures are 1.
    fn outcome(group: Group) -> Outcome {
        let rows = group.cells.iter().map(|cell| Row {
            name: cell.name,
            role: cell.role,
            nanos: vec![1.0; 6],
            sleep: group.load.map(|_| samples::sleeping(&[1.0; 6], 1.0)),
            failure: None,
        });
        let rows = rows.collect();
        Outcome { group, rows }
    }

    /// A name that changes would make a target, or one of its ratios, disappear.
    #[test]
    fn default_run_has_all_ratios_of_all_targets() {
        let mut groups = scenarios::groups(&[]);
        groups.extend(sleep::groups(&[]));
        groups.retain(|group| group.core);
        let findings = Findings {
            outcomes: groups.into_iter().map(outcome).collect(),
            ..Findings::default()
        };
        let figures: Vec<usize> = targets(&findings)
            .iter()
            .map(|target| {
                let words: Vec<&str> = target.figure.split([' ', ';']).collect();
                let of = words.iter().position(|word| ["of", "all"].contains(word));
                words[of.unwrap() + 1].parse().unwrap()
            })
            .collect();
        let expected = [
            5, 3, 7, 6, 5, 3, 7, 6, 1, 4, 2, 1, 1, 18, 2, 1, 1, 2, 2, 2, 2, 2, 2, 9,
        ];
        assert_eq!(figures, expected);
    }
}
