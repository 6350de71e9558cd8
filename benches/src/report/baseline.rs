//! The comparison with an earlier run.
//!
//! Absolute figures of two runs do not compare, because the machine drifts. What compares is the
//! ratio to the floor of the same run.

use std::collections::HashMap;
use std::error::Error;
use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use super::document::{Block, Table};
use super::findings::Findings;
use super::standing::{ratio_of, rounded, with_interval};
use crate::contestant::Role;
use crate::rounds::{Outcome, Row};
use papers::statistics::Median;

/// The figures of an earlier run.
pub struct Baseline(HashMap<Key, Median>);

/// Scenario, payload and contestant.
type Key = (String, String, String);

/// A row of the file: the median of a contestant, and of its ratios to the first floor.
#[derive(Serialize, Deserialize)]
struct Record {
    scenario: String,
    payload: String,
    contestant: String,
    rounds: usize,
    nanos: f64,
    nanos_low: f64,
    nanos_high: f64,
    to_floor: f64,
    to_floor_low: f64,
    to_floor_high: f64,
}

/// The changes since an earlier run.
pub struct Comparison {
    changes: Vec<Change>,
    /// The compared cells of ours and of others.
    ours: usize,
    others: usize,
}

/// A cell whose interval does not overlap with the earlier one.
struct Change {
    cell: String,
    is_ours: bool,
    before: Median,
    now: Median,
}

/// Writes the figures of a run for later comparisons.
///
/// # Errors
///
/// Fails if `file` cannot be written to.
pub(super) fn write(findings: &Findings, file: impl Write) -> Result<(), Box<dyn Error>> {
    let mut csv = csv::Writer::from_writer(file);
    for outcome in &findings.outcomes {
        for row in outcome.measured() {
            csv.serialize(record(outcome, row))?;
        }
    }
    csv.flush()?;
    Ok(())
}

fn record(outcome: &Outcome, row: &Row) -> Record {
    let nanos = row.median();
    // Where there is no floor, the ratio is to the row itself, and shows no change.
    let to_floor = ratio_of(row, floor(outcome).unwrap_or(row));
    Record {
        scenario: outcome.group.scenario.clone(),
        payload: outcome.group.payload.into(),
        contestant: row.name.into(),
        rounds: row.nanos.len(),
        nanos: nanos.value,
        nanos_low: nanos.low,
        nanos_high: nanos.high,
        to_floor: to_floor.value,
        to_floor_low: to_floor.low,
        to_floor_high: to_floor.high,
    }
}

fn floor(outcome: &Outcome) -> Option<&Row> {
    outcome.measured().find(|row| row.role == Role::Floor)
}

impl Baseline {
    /// Reads the figures of an earlier run.
    ///
    /// # Errors
    ///
    /// Fails if `file` cannot be read, or is not such a file.
    pub fn read(file: impl Read) -> Result<Self, Box<dyn Error>> {
        let mut figures = HashMap::new();
        for record in csv::Reader::from_reader(file).deserialize() {
            let it: Record = record?;
            let to_floor = Median {
                value: it.to_floor,
                low: it.to_floor_low,
                high: it.to_floor_high,
            };
            figures.insert((it.scenario, it.payload, it.contestant), to_floor);
        }
        if figures.is_empty() {
            return Err("there are no figures of an earlier run in it".into());
        }
        Ok(Self(figures))
    }

    /// Compares a run with the earlier one.
    #[must_use]
    pub fn compare(&self, findings: &Findings) -> Comparison {
        let mut comparison = Comparison {
            changes: Vec::new(),
            ours: 0,
            others: 0,
        };
        for outcome in &findings.outcomes {
            let Some(floor) = floor(outcome) else {
                continue;
            };
            let (scenario, payload) = (&outcome.group.scenario, outcome.group.payload);
            for row in outcome.measured().filter(|row| row.role != Role::Floor) {
                let key = (scenario.clone(), payload.into(), row.name.into());
                if let Some(&before) = self.0.get(&key) {
                    comparison.add(outcome, row, before, ratio_of(row, floor));
                }
            }
        }
        comparison
    }
}

impl Comparison {
    fn add(&mut self, outcome: &Outcome, row: &Row, before: Median, now: Median) {
        let is_ours = row.role.is_ours();
        match is_ours {
            true => self.ours += 1,
            false => self.others += 1,
        }
        if now.low > before.high || now.high < before.low {
            self.changes.push(Change {
                cell: format!("{}: {}", outcome.group, row.name),
                is_ours,
                before,
                now,
            });
        }
    }

    /// Returns the changes of ours, the largest regression first.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut ours: Vec<&Change> = self.changes.iter().filter(|it| it.is_ours).collect();
        ours.sort_by(|a, b| b.factor().total_cmp(&a.factor()));
        let slower = |changes: &[&Change]| changes.iter().filter(|it| it.factor() > 1.0).count();
        let others: Vec<&Change> = self.changes.iter().filter(|it| !it.is_ours).collect();
        let mut table = Table::new(["cell", "to the floor, before", "now", "factor", ""]);
        for change in &ours {
            table.push([
                change.cell.clone(),
                with_interval(change.before),
                with_interval(change.now),
                rounded(change.factor()),
                change.verdict().into(),
            ]);
        }
        if self.ours + self.others == 0 {
            let text = "No cell of this run is in the earlier one.".into();
            return vec![Block::Paragraph(text)];
        }
        let text = format!(
            "Compared with the earlier run, by the ratio to the floor of each run: of {} cells of \
             mpsc-queue, {} are slower and {} faster, and their intervals do not overlap. Of {} \
             cells of other queues, whose code is the same, {} are slower and {} faster: so many \
             changes come from the machine.",
            self.ours,
            slower(&ours),
            ours.len() - slower(&ours),
            self.others,
            slower(&others),
            others.len() - slower(&others),
        );
        let heading = Block::Heading("Changes since the earlier run".into());
        let table = (!ours.is_empty()).then_some(Block::Table(table));
        [heading, Block::Paragraph(text)]
            .into_iter()
            .chain(table)
            .collect()
    }
}

impl Change {
    fn factor(&self) -> f64 {
        self.now.value / self.before.value
    }

    fn verdict(&self) -> &'static str {
        match self.factor() > 1.0 {
            true => "REGRESSION",
            false => "faster",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::targets::samples::outcome;

    fn run(ours: f64, other: f64) -> Findings {
        let rows = [
            ("floor", Role::Floor, [2.0; 6]),
            ("ours", Role::Ours, [ours; 6]),
            ("other", Role::Other, [other; 6]),
        ];
        Findings {
            outcomes: vec![outcome("push/2", &rows)],
            ..Findings::default()
        }
    }

    fn changes(before: &Findings, now: &Findings) -> Vec<(String, &'static str)> {
        let mut file = Vec::new();
        write(before, &mut file).unwrap();
        let comparison = Baseline::read(&*file).unwrap().compare(now);
        assert_eq!((comparison.ours, comparison.others), (1, 1));
        let changes = comparison.changes.iter();
        changes.map(|it| (it.cell.clone(), it.verdict())).collect()
    }

    #[test]
    fn regression_shows() {
        let slower = changes(&run(4.0, 4.0), &run(4.4, 4.0));
        assert_eq!(slower, [("push/2, heap object: ours".into(), "REGRESSION")]);
        let faster = changes(&run(4.0, 4.0), &run(3.6, 4.0));
        assert_eq!(faster[0].1, "faster");
    }

    #[test]
    fn slower_machine_is_no_regression() {
        let mut now = run(8.0, 8.0);
        now.outcomes[0].rows[0].nanos = vec![4.0; 6];
        assert!(changes(&run(4.0, 4.0), &now).is_empty());
    }

    #[test]
    fn other_file_is_refused() {
        for other in ["scenario,payload\npush/2,heap\n", "garbage\n", ""] {
            assert!(Baseline::read(other.as_bytes()).is_err(), "{other}");
        }
    }
}
