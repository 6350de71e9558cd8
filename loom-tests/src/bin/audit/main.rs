//! The audit: does each memory ordering of the shipped code matter, and would the
//! models notice?
//!
//! Copies the workspace to a folder of its own, and there breaks one thing at a
//! time: each ordering that is stronger than relaxed is replaced by every weaker
//! one ([`orderings`]), and a list of mistakes is made on purpose ([`mistakes`]).
//! For each of these mutants the models are run until one fails ([`models`]).
//!
//! Prints one line for each mutant, and writes all of them to `AUDIT.md`. A mutant
//! that no model catches, and that is not [justified], makes the audit fail.
//!
//! With an argument: only the mutants whose line contains it, and no file.

mod copy;
mod justified;
mod mistakes;
mod models;
mod orderings;

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use copy::Copy;
use models::{Models, Verdict};

/// One deliberate fault.
struct Mutant {
    /// Path of the source file in the workspace.
    file: String,
    /// Function, and operation if it is about one.
    place: String,
    /// What is done to it.
    change: String,
    /// The file with the fault.
    text: String,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let copy = Copy::of_workspace()?;
    let mut mutants = orderings::all(&copy)?;
    mutants.extend(mistakes::all(&copy)?);
    mutants.retain(|mutant| mutant.to_string().contains(&filter));
    let models = Models::build(&copy)?.ok_or("the copy does not compile")?;
    models.must_pass()?;

    let mut table = String::from(HEAD);
    let mut survivors = 0;
    for mutant in &mutants {
        let verdict = copy.with_fault(mutant, || match Models::build(&copy)? {
            Some(models) => models.judge(&mutant.file),
            None => Ok(Verdict::NotBuilt),
        })?;
        let verdict = match (verdict, justified::why(mutant)) {
            (Verdict::Survived, Some(why)) => format!("none: {why}"),
            (Verdict::Survived, None) => {
                survivors += 1;
                "**none**".to_owned()
            }
            (Verdict::NotBuilt, _) => {
                survivors += 1;
                "**does not compile: proves nothing**".to_owned()
            }
            (Verdict::Caught(by), _) => by,
        };
        let line = format!("| {mutant} | {verdict} |");
        println!("{line}");
        writeln!(table, "{line}")?;
    }
    writeln!(
        table,
        "\n{} mutants, of which {survivors} were not caught and are not justified.",
        mutants.len()
    )?;
    if filter.is_empty() {
        copy.keep("loom-tests/AUDIT.md", &table)?;
    }
    Ok(if survivors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl std::fmt::Display for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` | {} | {}", self.file, self.place, self.change)
    }
}

/// What stands above the table in `AUDIT.md`.
const HEAD: &str = "\
# The latest audit

Written by `cargo audit-models`. Each line is the shipped code with one fault; the last
column names the models that fail because of it. *did not end* says that a model which
passes without the fault had to be stopped; *crashed*, that it took its process along.
Unless *all executions* stands there, at most two preemptions were enough.

| file | place | fault | caught by |
|---|---|---|---|
";
