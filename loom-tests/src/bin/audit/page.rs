//! The page `AUDIT.md`: one line for each mutant, with what its latest audit found.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::mutant::Mutant;

const HEAD: &str = "\
# The latest audit

Written by `cargo audit-models`. Each line is the shipped code with one fault; the last
column names the models that fail with it, most of them with at most two preemptions.
*Crashed* says that the fault ended the test's process. *Not decided* says that no model
failed, but that some neither passed: the time or loom's branch limit was exceeded.

| file | place | fault | caught by |
|---|---|---|---|
";

pub(crate) struct Page {
    path: PathBuf,
    /// What was found, by mutant.
    verdicts: HashMap<String, String>,
}

impl Page {
    pub(crate) fn read(workspace: &Path) -> io::Result<Self> {
        let path = workspace.join("loom-tests/AUDIT.md");
        let text = fs::read_to_string(&path)?;
        let lines = text.lines().filter_map(|line| {
            let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
            let (mutant, verdict) = line.rsplit_once(" | ")?;
            let is_mutant = mutant.starts_with('`'); // not the head of the table
            is_mutant.then(|| (mutant.to_owned(), verdict.to_owned()))
        });
        let verdicts = lines.collect();
        Ok(Self { path, verdicts })
    }

    pub(crate) fn insert(&mut self, mutant: &Mutant, verdict: String) {
        self.verdicts.insert(mutant.to_string(), verdict);
    }

    /// Writes the lines of `mutants`, in their order.
    pub(crate) fn write(&self, mutants: &[Mutant]) -> io::Result<()> {
        let lines = mutants.iter().filter_map(|mutant| {
            let verdict = self.verdicts.get(&mutant.to_string())?;
            Some(format!("| {mutant} | {verdict} |\n"))
        });
        fs::write(&self.path, HEAD.to_owned() + &lines.collect::<String>())
    }

    /// Returns a complaint for each of `mutants` that has no line or whose line is a failure, and
    /// for each line without a mutant.
    pub(crate) fn complaints(&self, mutants: &[Mutant]) -> Vec<String> {
        let mut lines = self.verdicts.clone();
        let mut complaints = Vec::new();
        for mutant in mutants {
            match lines.remove(&mutant.to_string()) {
                None => complaints.push(format!("not in AUDIT.md: {mutant}")),
                Some(verdict) if is_failure(&verdict) => {
                    complaints.push(format!("{mutant}: {verdict}"));
                }
                Some(_) => {}
            }
        }
        complaints.extend(lines.keys().map(|line| format!("only in AUDIT.md: {line}")));
        complaints
    }
}

/// Whether a mutant with this verdict fails the audit.
pub(crate) fn is_failure(verdict: &str) -> bool {
    verdict.starts_with("**")
}
