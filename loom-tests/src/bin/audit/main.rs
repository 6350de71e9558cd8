//! Mutation testing: does each memory ordering of the shipped code matter, and do the
//! models notice?
//!
//! Copies the workspace to a folder of its own, and there breaks one thing at a time:
//! each ordering is replaced by every weaker one ([`orderings`]), and a list of
//! [mistakes](mutations) is made. For each of these mutants the models run until one
//! fails ([`models`]).
//!
//! Prints one line for each mutant, and writes all of them to `AUDIT.md`. A mutant that no
//! model catches, and that is not listed as [equivalent], makes the audit fail.
//!
//! `--check` runs no model. It checks that every ordering is understood and that every
//! mutation applies. Another argument selects the mutants whose line contains it, and further
//! ones name the files of models to run; then `AUDIT.md` is not written.

mod copy;
mod equivalent;
mod models;
mod mutant;
mod mutations;
mod orderings;
mod sources;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use copy::Copy;
use models::{Files, Pass, Verdict};
use mutant::Mutant;
use sources::Source;

const HEAD: &str = "\
# The latest audit

Written by `cargo audit-models`. Each line is the shipped code with one fault; the last
column names the models that fail with it, most of them with at most two preemptions.
*Crashed* says that the fault ended the test's process. *Not decided* says that no model
failed, but that some neither passed: the time or loom's branch limit was exceeded.

| file | place | fault | caught by |
|---|---|---|---|
";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let argument = arguments.next().unwrap_or_default();
    let files: Vec<_> = arguments.collect();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mutants = match mutants(&workspace) {
        Ok(mutants) => mutants,
        Err(complaints) => {
            eprintln!("{}", complaints.join("\n"));
            return Ok(ExitCode::FAILURE);
        }
    };
    if argument == "--check" {
        println!("{} mutants", mutants.len());
        return Ok(ExitCode::SUCCESS);
    }
    let is_whole = argument.is_empty();
    let selected = mutants.into_iter();
    let selected = selected.filter(|mutant| mutant.to_string().contains(&argument));
    audit(&workspace, &selected.collect::<Vec<_>>(), &files, is_whole)
}

/// Returns all mutants, or what is wrong with their descriptions.
fn mutants(workspace: &Path) -> Result<Vec<Mutant>, Vec<String>> {
    let sources = Source::read_all(workspace).map_err(|error| vec![error.to_string()])?;
    let (mut mutants, mut complaints) = orderings::all(&sources);
    let (mutations, more) = mutations::all(&sources);
    mutants.extend(mutations);
    complaints.extend(more);
    complaints.extend(equivalent::complaints(&mutants));
    if complaints.is_empty() {
        Ok(mutants)
    } else {
        Err(complaints)
    }
}

/// Runs the models for each mutant: those in `files`, or all if there are none.
fn audit(
    workspace: &Path,
    mutants: &[Mutant],
    files: &[String],
    is_whole: bool,
) -> Result<ExitCode, Box<dyn Error>> {
    let copy = Copy::of(workspace)?;
    let pass = if is_whole { Pass::Full } else { Pass::Quick };
    let mut files = Files::of(&copy, files, pass)?;

    let mut table = String::from(HEAD);
    let mut failures = 0;
    for mutant in mutants {
        let reason = equivalent::reason(mutant);
        // The second pass would take an hour for a fault that is not expected to show.
        let last = if reason.is_some() {
            Pass::Quick
        } else {
            Pass::Full
        };
        let verdict = copy.with_fault(mutant, || files.judge(&copy, &mutant.file, last))?;
        let is_failure = match verdict {
            Verdict::Caught(_) => false,
            Verdict::Undecided(_) | Verdict::Survived => reason.is_none(),
            Verdict::NotBuilt => true,
        };
        failures += usize::from(is_failure);
        let verdict = match (verdict, reason) {
            (Verdict::Caught(by), _) => by,
            (Verdict::NotBuilt, _) => "**does not compile**".to_owned(),
            (_, Some(reason)) => format!("none: {reason}"),
            (Verdict::Undecided(by), None) => format!("**not decided**: {by}"),
            (Verdict::Survived, None) => "**none**".to_owned(),
        };
        let line = format!("| {mutant} | {verdict} |");
        println!("{line}");
        writeln!(table, "{line}")?;
    }
    let mutants = mutants.len();
    writeln!(
        table,
        "\n{mutants} mutants, {failures} of them neither caught nor explained."
    )?;
    if is_whole {
        std::fs::write(workspace.join("loom-tests/AUDIT.md"), &table)?;
    }
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
