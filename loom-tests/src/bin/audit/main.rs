//! Mutation testing: does each memory ordering of the shipped code matter, and do the
//! models notice?
//!
//! Copies the workspace to a folder of its own, and there breaks one thing at a time:
//! each ordering is replaced by every weaker one ([`orderings`]), and a list of
//! [mistakes](mutations) is made. For each of these mutants the models run until one
//! fails ([`models`]).
//!
//! Prints one line for each mutant, and writes it to `AUDIT.md`. The audit fails if no model
//! catches a mutant that is not [explained], or one catches a mutant that is.
//!
//! An argument selects the mutants whose line contains it. Further arguments name the files of
//! models to run; then `AUDIT.md` is not written. `--check` runs no model: it checks that every
//! ordering is understood, that every mutation applies, and that `AUDIT.md` has their lines.

mod copy;
mod explained;
mod models;
mod mutant;
mod mutations;
mod orderings;
mod page;
mod sources;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use copy::Copy;
use models::{Files, Pass, Verdict};
use mutant::Mutant;
use page::Page;
use sources::Source;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let argument = arguments.next().unwrap_or_default();
    let files: Vec<_> = arguments.collect();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let complaints = match mutants(&workspace) {
        Ok(mutants) if argument == "--check" => {
            println!("{} mutants", mutants.len());
            Page::read(&workspace)?.complaints(&mutants)
        }
        Ok(mutants) => audit(&workspace, &mutants, &argument, &files)?,
        Err(complaints) => complaints,
    };
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    Ok(if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns all mutants, or what is wrong with their descriptions.
fn mutants(workspace: &Path) -> Result<Vec<Mutant>, Vec<String>> {
    let sources = Source::read_all(workspace).map_err(|error| vec![error.to_string()])?;
    let (mut mutants, mut complaints) = orderings::all(&sources);
    let (mutations, more) = mutations::all(&sources);
    mutants.extend(mutations);
    complaints.extend(more);
    complaints.extend(explained::complaints(&mutants));
    if complaints.is_empty() {
        Ok(mutants)
    } else {
        Err(complaints)
    }
}

/// Runs the models, those in `files` or all if there are none, for each of `mutants` whose line
/// contains `part`. Returns the lines of those that fail the audit.
fn audit(
    workspace: &Path,
    mutants: &[Mutant],
    part: &str,
    files: &[String],
) -> Result<Vec<String>, Box<dyn Error>> {
    let copy = Copy::of(workspace)?;
    let is_whole = part.is_empty() && files.is_empty();
    let pass = if is_whole { Pass::Full } else { Pass::Quick };
    let mut models = Files::of(&copy, files, pass)?;

    let mut page = Page::read(workspace)?;
    let mut failures = Vec::new();
    for mutant in mutants {
        let line = mutant.to_string();
        if !line.contains(part) {
            continue;
        }
        let verdict = judge(mutant, &copy, &mut models)?;
        println!("{line} | {verdict}");
        if page::is_failure(&verdict) {
            failures.push(line);
        }
        if files.is_empty() {
            page.insert(mutant, verdict);
            page.write(mutants)?; // after each, because a whole audit takes an hour
        }
    }
    Ok(failures)
}

/// Runs the models with the fault of `mutant`, and returns the last column of its line.
fn judge(mutant: &Mutant, copy: &Copy, models: &mut Files) -> Result<String, Box<dyn Error>> {
    let reason = explained::reason(mutant);
    // The second pass would take an hour for a fault that is not expected to show.
    let last = if reason.is_some() {
        Pass::Quick
    } else {
        Pass::Full
    };
    let verdict = copy.with_fault(mutant, || models.judge(copy, &mutant.file, last))?;
    Ok(match (verdict, reason) {
        (Verdict::Caught(by), None) => by,
        (Verdict::Caught(by), Some(_)) => format!("**caught, although explained**: {by}"),
        (Verdict::NotBuilt, _) => "**does not compile**".to_owned(),
        (_, Some(reason)) => format!("none: {reason}"),
        (Verdict::Undecided(by), None) => format!("**not decided**: {by}"),
        (Verdict::Survived, None) => "**none**".to_owned(),
    })
}
