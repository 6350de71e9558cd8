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
//! The mutants are judged in parallel, each job in a copy of its own.

mod copy;
mod error;
mod explained;
mod models;
mod mutant;
mod mutations;
mod options;
mod orderings;
mod page;
mod sources;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::{io, thread};

use clap::Parser;

use copy::Copy;
use error::Error;
use models::{Files, Pass, Verdict};
use mutant::Mutant;
use options::{Options, Piece};
use page::Page;
use sources::Source;

fn main() -> Result<ExitCode, Error> {
    let options = Options::parse();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let complaints = match mutants(&workspace) {
        Ok(mutants) if options.check => {
            println!("{} mutants", mutants.len());
            Page::read(&workspace)?.complaints(&mutants)
        }
        Ok(mutants) => Audit::new(&workspace, &mutants, &options)?.run()?,
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

/// A run of the models with the mutants that the options select.
struct Audit<'a> {
    workspace: &'a Path,
    options: &'a Options,
    all: &'a [Mutant],
    state: Mutex<State<'a>>,
}

/// What the jobs share.
struct State<'a> {
    /// The mutants that no job has taken.
    left: std::vec::IntoIter<&'a Mutant>,
    page: Page,
    /// The lines of those that fail the audit.
    failures: Vec<String>,
}

impl<'a> Audit<'a> {
    fn new(workspace: &'a Path, all: &'a [Mutant], options: &'a Options) -> io::Result<Self> {
        let piece = options.piece.unwrap_or(Piece { index: 0, of: 1 });
        let in_piece = all.iter().skip(piece.index).step_by(piece.of);
        let selected = in_piece.filter(|mutant| mutant.to_string().contains(&options.part));
        let left = selected.collect::<Vec<_>>().into_iter();
        let state = State {
            left,
            page: Page::read(workspace)?,
            failures: Vec::new(),
        };
        Ok(Self {
            workspace,
            options,
            all,
            state: Mutex::new(state),
        })
    }

    /// Returns the lines of the mutants that fail the audit.
    fn run(self) -> Result<Vec<String>, Error> {
        thread::scope(|scope| {
            let jobs = (0..self.options.jobs).map(|index| {
                scope.spawn({
                    let audit = &self;
                    move || audit.job(index)
                })
            });
            let jobs: Vec<_> = jobs.collect();
            let results = jobs
                .into_iter()
                .map(|job| job.join().expect("a job does not panic"));
            results.collect::<Result<(), _>>()
        })?;
        Ok(self
            .state
            .into_inner()
            .expect("no job has panicked")
            .failures)
    }

    /// Judges one mutant after the other.
    fn job(&self, index: u16) -> Result<(), Error> {
        let copy = Copy::of(self.workspace, index)?;
        let is_whole = self.options.part.is_empty() && self.options.files.is_empty();
        let pass = match index {
            0 if self.options.piece.is_some() => None, // `cargo loom` has run them
            0 if is_whole => Some(Pass::Full),
            0 => Some(Pass::Quick),
            _ => None, // the first job runs them
        };
        let mut models = Files::of(&copy, &self.options.files, pass)?;
        while let Some(mutant) = self.next() {
            let verdict = judge(mutant, &copy, &mut models)?;
            self.note(mutant, verdict)?;
        }
        Ok(())
    }

    fn next(&self) -> Option<&'a Mutant> {
        self.state.lock().expect("no job has panicked").left.next()
    }

    fn note(&self, mutant: &Mutant, verdict: String) -> io::Result<()> {
        println!("{mutant} | {verdict}");
        let mut state = self.state.lock().expect("no job has panicked");
        if page::is_failure(&verdict) {
            state.failures.push(mutant.to_string());
        }
        if self.options.files.is_empty() && self.options.piece.is_none() {
            state.page.insert(mutant, verdict);
            state.page.write(self.all)?; // after each, because a whole audit takes an hour
        }
        Ok(())
    }
}

/// Runs the models with the fault of `mutant`, and returns the last column of its line.
fn judge(mutant: &Mutant, copy: &Copy, models: &mut Files) -> Result<String, Error> {
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
