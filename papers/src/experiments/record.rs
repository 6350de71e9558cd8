//! The verdicts of a run of all experiments, as a file and as a page.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::claims::{Claim, Verdict};

/// The verdicts of the run that is in the repository.
const RECORDED: &str = include_str!("../../results/verdicts.csv");

const HEADER: [&str; 6] = [
    "experiment",
    "claim",
    "by",
    "falsified",
    "outcome",
    "measured",
];

#[derive(Default)]
pub(crate) struct Record {
    entries: Vec<Entry>,
}

struct Entry {
    experiment: String,
    claim: String,
    by: String,
    falsified: String,
    verdict: Verdict,
}

impl Record {
    /// Returns the record of the run that is in the repository.
    pub(crate) fn of_repository() -> Result<Self, Box<dyn Error>> {
        let mut entries = Vec::new();
        for row in csv::Reader::from_reader(RECORDED.as_bytes()).records() {
            let row = row?;
            let field = |number: usize| row.get(number).unwrap_or_default().to_owned();
            entries.push(Entry {
                experiment: field(0),
                claim: field(1),
                by: field(2),
                falsified: field(3),
                verdict: Verdict {
                    outcome: field(4).parse()?,
                    measured: field(5),
                },
            });
        }
        Ok(Self { entries })
    }

    pub(crate) fn verdict(&self, experiment: &str, claim: &Claim) -> Option<&Verdict> {
        let entry = |entry: &&Entry| entry.experiment == experiment && entry.claim == claim.text;
        self.entries.iter().find(entry).map(|entry| &entry.verdict)
    }

    pub(crate) fn add(&mut self, experiment: &str, claim: &Claim, verdict: Verdict) {
        self.entries.push(Entry {
            experiment: experiment.to_owned(),
            claim: claim.text.to_owned(),
            by: claim.by.to_owned(),
            falsified: claim.falsified.to_owned(),
            verdict,
        });
    }

    /// Writes `verdicts.csv` and the page, and returns their paths.
    pub(crate) fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        let (csv, page) = (folder.join("verdicts.csv"), folder.join("README.md"));
        let mut writer = csv::Writer::from_path(&csv)?;
        writer.write_record(HEADER)?;
        for entry in &self.entries {
            writer.write_record([
                &entry.experiment,
                &entry.claim,
                &entry.by,
                &entry.falsified,
                &entry.verdict.outcome.to_string(),
                &entry.verdict.measured,
            ])?;
        }
        writer.flush()?;
        fs::write(&page, self.page())?;
        Ok(vec![csv, page])
    }

    fn page(&self) -> String {
        let mut page =
            "# Claims and verdicts\n\nWritten by `cargo papers run all`; do not edit.\n\n\
            | claim | by | experiment | falsified if | measured | verdict |\n\
            |---|---|---|---|---|---|\n"
                .to_owned();
        for entry in &self.entries {
            // Writing to a string cannot fail.
            let _ = writeln!(
                page,
                "| {} | {} | [{experiment}]({experiment}.md) | {} | {} | {} |",
                entry.claim,
                source(&entry.by),
                entry.falsified,
                entry.verdict.measured,
                entry.verdict.outcome,
                experiment = entry.experiment,
            );
        }
        page
    }
}

/// Returns a link from the page to the folder of a work, or to a file of the workspace.
fn source(by: &str) -> String {
    if by.starts_with(|first: char| first.is_ascii_digit()) {
        format!("[{by}](../{by}/README.md)")
    } else if by.contains('/') {
        format!("[{by}](../../{by})")
    } else {
        by.to_owned()
    }
}
