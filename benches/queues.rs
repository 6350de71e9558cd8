//! Compares queues. See the README.

use std::error::Error;
use std::fs::File;
use std::io::{IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use benches::report::{self, Baseline, Files, Findings};
use benches::rounds::{self, Budget, Progress, Sampling};
use benches::scenario::Group;
use benches::{check, contestants, costs, machine, scenarios, sleep, transfers};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: costs::Counting = costs::Counting;

/// Compare MPSC queues
#[derive(Parser)]
struct Arguments {
    /// Run only the scenarios whose name contains this, such as `both/2`; or only `costs` or
    /// `transfers`
    scenario: Option<String>,
    /// Run with few samples (about a minute)
    #[arg(long, group = "mode")]
    quick: bool,
    /// Run all scenarios (about an hour)
    #[arg(long, group = "mode")]
    full: bool,
    /// Take one short sample of everything and fail if anything fails: tests this program
    #[arg(long, group = "mode")]
    smoke: bool,
    /// Compare with an earlier run, whose figures are in this file (a `figures.csv`), relative to the
    /// workspace
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the results into this repository: benches/{RESULTS.md, FIGURES.md, figures.csv, plots},
    /// and the table in benches/README.md
    #[arg(long, conflicts_with_all = ["smoke", "quick", "scenario"])]
    publish: bool,
    /// Also write the results to this file, relative to the workspace
    #[arg(long, value_name = "FILE", conflicts_with = "smoke")]
    markdown: Option<PathBuf>,
    /// List the scenarios, those also that do not run by default, and exit
    #[arg(long)]
    list: bool,
    /// Passed by cargo; ignored
    #[arg(long, hide = true)]
    bench: bool,
    /// Run the self-check of one contestant and exit
    #[arg(long, hide = true)]
    check: Option<String>,
    /// Count the costs of one contestant and exit
    #[arg(long, hide = true)]
    count: Option<String>,
    /// Model the cache-line transfers of one contestant and exit
    #[arg(long, hide = true)]
    transfers: Option<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if run_as_child(arguments) {
        return Ok(());
    }
    let groups = arguments.select(&[]);
    let parts = ["costs", "transfers"].into_iter();
    let mut parts = parts.filter(|part| arguments.selects(part)).peekable();
    if groups.is_empty() && parts.peek().is_none() {
        return Err("no scenario has this name (see --list)".into());
    }
    if arguments.list {
        groups.iter().for_each(list);
        parts.for_each(|part| println!("{part}"));
        return Ok(());
    }
    compare(arguments)
}

/// Does what the program does in processes of their own. Returns `false` if this is not one of them.
fn run_as_child(arguments: &Arguments) -> bool {
    if let Some(name) = &arguments.check {
        check::one(name);
    } else if let Some(name) = &arguments.count {
        costs::one(name);
    } else if let Some(name) = &arguments.transfers {
        transfers::one(name);
    } else {
        return false;
    }
    true
}

fn list(group: &Group) {
    match group.core {
        true => println!("{group}"),
        false => println!("{group}: by its name, or with --full"),
    }
}

/// Measures, and writes the reports.
fn compare(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    // Before the measurement, which takes longer than to correct a wrong path.
    let baseline = arguments.baseline.as_deref().map(read_baseline);
    let baseline = baseline.transpose()?;
    if let Some(file) = &arguments.markdown {
        report::check_writable(file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let findings = find(arguments)?;
    let comparison = baseline.map(|baseline| baseline.compare(&findings));
    eprintln!("\nWriting the reports");
    let files = Files::new(&target()?, arguments.folder())?;
    files.write(&findings, comparison.as_ref())?;
    if arguments.smoke {
        return finish_smoke_test(&findings, &files);
    }
    if arguments.full {
        files.write_criterion(&findings.outcomes);
    }
    if let Some(file) = &arguments.markdown {
        let blocks = report::document(&findings, comparison.as_ref())?;
        report::save(file, &report::markdown(&blocks))?;
    }
    if arguments.publish {
        report::publish(&findings)?;
    }
    let selected = arguments.scenario.is_some();
    let summary = report::summary(&findings, comparison.as_ref(), selected);
    println!("{}", report::terminal(&summary));
    println!("All figures, with plots: {}", files.page().display());
    println!("For --baseline: {}", files.figures().display());
    Ok(())
}

fn read_baseline(file: &Path) -> Result<Baseline, Box<dyn Error>> {
    let described = |error: &dyn Error| format!("{}: {error}", file.display());
    let opened = File::open(report::in_workspace(file)).map_err(|error| described(&error))?;
    Baseline::read(opened).map_err(|error| described(&*error).into())
}

/// Checks, counts and measures.
fn find(arguments: &Arguments) -> Result<Findings, Box<dyn Error>> {
    eprintln!("Running the self-check of each contestant");
    let failures = check::all();
    let left_out: Vec<_> = failures
        .iter()
        .map(|failure| failure.name.clone())
        .collect();
    let groups = arguments.select(&left_out);
    let (costs, mut uncounted) = if arguments.selects("costs") {
        eprintln!("Counting instructions, read-modify-writes and memory");
        costs::all(&left_out)
    } else {
        Default::default()
    };
    let (transfers, unmodelled) = if arguments.selects("transfers") {
        eprintln!("Modelling transfers of cache lines");
        transfers::all(&left_out)
    } else {
        Default::default()
    };
    uncounted.extend(unmodelled);
    let cells: usize = groups.iter().map(|group| group.cells.len()).sum();
    let mut budget = arguments.budget();
    budget.total = budget.total.min(MAX_PER_CELL * u32::try_from(cells)?);
    Ok(Findings {
        machine: machine::description(&contestants::packages()),
        failures,
        outcomes: rounds::measure(groups, budget, show_progress()),
        costs,
        transfers,
        uncounted,
    })
}

/// The most time that a contestant in a scenario gets.
const MAX_PER_CELL: Duration = Duration::from_secs(2);

impl Arguments {
    /// Returns the selected scenarios.
    fn select(&self, left_out: &[String]) -> Vec<Group> {
        let mut groups = scenarios::groups(left_out);
        groups.extend(sleep::groups(left_out));
        match &self.scenario {
            None => groups.retain(|group| group.core || self.full || self.list),
            Some(name) => groups.retain(|group| group.to_string().contains(name)),
        }
        groups
    }

    /// Returns `true` if this part, which is not measured in rounds, is selected. The model takes too
    /// long for a quick run.
    fn selects(&self, part: &str) -> bool {
        match &self.scenario {
            None => part != "transfers" || !self.quick,
            Some(name) => name == part,
        }
    }

    fn budget(&self) -> Budget {
        let (seconds, samplings) = if self.full {
            (3300, [(20_000, 15, 101), (250_000, 5, 61)])
        } else if self.quick {
            (50, [(1000, 1, 31), (6000, 1, 61)])
        } else if self.smoke {
            (0, [(100, 1, 1), (1000, 1, 1)])
        } else {
            (530, [(4000, 5, 101), (60_000, 3, 61)])
        };
        let [sampling, paced] = samplings.map(|(micros, min_rounds, max_rounds)| Sampling {
            sample: Duration::from_micros(micros),
            min_rounds,
            max_rounds,
        });
        Budget {
            total: Duration::from_secs(seconds),
            sampling,
            paced,
        }
    }

    /// Returns the name of the folder of the reports. A smoke test has its own, because its figures
    /// mean nothing. So has a run of some scenarios, which would otherwise replace the report of all.
    fn folder(&self) -> &'static str {
        match (self.smoke, &self.scenario) {
            (true, _) => "smoke-report",
            (false, Some(_)) => "report-of-some",
            (false, None) => "report",
        }
    }
}

/// Shows progress in one line of a terminal, or else in a line per scenario.
fn show_progress() -> impl FnMut(&Progress<'_>) {
    let in_place = stderr().is_terminal();
    let mut last = String::new();
    move |progress| {
        let (percent, seconds) = (progress.done * 100.0, progress.left.as_secs());
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let line = format!(
            "{percent:3.0} %, {minutes}:{seconds:02} left: {}",
            progress.group
        );
        if in_place {
            eprint!("\r\x1b[K{line}: {}", progress.step);
            let _ = stderr().flush();
        } else if last != progress.group {
            eprintln!("{line}");
            last = progress.group.into();
        }
    }
}

/// Writes criterion's reports of a scenario, then fails if anything failed unexpectedly.
fn finish_smoke_test(findings: &Findings, files: &Files) -> Result<(), Box<dyn Error>> {
    // One scenario is enough, because criterion draws several plots for each contestant.
    files.write_criterion(&findings.outcomes[..findings.outcomes.len().min(1)]);
    let failures = findings.unexpected_failures();
    if !failures.is_empty() {
        return Err(failures.join("\n").into());
    }
    for failure in &findings.failures {
        println!("Known failure: {}: {}", failure.name, failure.what);
    }
    println!(
        "Smoke test passed: {} scenarios, reports beside {}. Their figures mean nothing.",
        findings.outcomes.len(),
        files.page().display()
    );
    Ok(())
}

/// Returns Cargo's target directory.
fn target() -> Result<PathBuf, Box<dyn Error>> {
    // Cargo gives the folder `tmp` in it.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    Ok(target.ok_or("no target directory")?.into())
}
