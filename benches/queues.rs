//! Compares queues. See the README.

use std::error::Error;
use std::fs;
use std::io::{IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use benches::report::{self, Findings};
use benches::rounds::{self, Budget};
use benches::scenario::Group;
use benches::{check, contestants, costs, machine, scenarios, sleep, transfers};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: costs::Counting = costs::Counting;

/// Compare MPSC queues
#[derive(Parser)]
struct Arguments {
    /// Run only the scenarios whose name contains this, such as `both/2`; or only `costs`
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
    /// Also write the results to this file, relative to the workspace
    #[arg(long, value_name = "FILE", conflicts_with = "smoke")]
    markdown: Option<PathBuf>,
    /// List the scenarios and exit
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
    if let Some(name) = &arguments.check {
        check::one(name);
        return Ok(());
    }
    if let Some(name) = &arguments.count {
        costs::one(name);
        return Ok(());
    }
    if let Some(name) = &arguments.transfers {
        transfers::one(name);
        return Ok(());
    }
    let (groups, sleepers, counts) = arguments.select(&[]);
    if arguments.list {
        groups.iter().for_each(|group| println!("{group}"));
        sleepers.iter().for_each(|group| println!("{group}"));
        if counts {
            println!("costs");
        }
        return Ok(());
    }
    if groups.is_empty() && sleepers.is_empty() && !counts {
        return Err("no scenario has this name (see --list)".into());
    }
    eprintln!("Running the self-check of each contestant");
    let failures = check::all();
    let left_out: Vec<_> = failures
        .iter()
        .map(|failure| failure.name.clone())
        .collect();
    let (groups, mut sleepers, _) = arguments.select(&left_out);
    let (costs, uncounted) = if counts {
        eprintln!("Counting instructions, read-modify-writes and memory");
        costs::all(&left_out)
    } else {
        Default::default()
    };
    let cells: usize = groups.iter().map(|group| group.cells.len()).sum();
    let [mut budget, sleep_budget] = arguments.budgets();
    budget.total = budget.total.min(MAX_PER_CELL * u32::try_from(cells)?);
    let outcomes = rounds::measure(groups, budget, show_progress());
    if !sleepers.is_empty() {
        sleep::measure(&mut sleepers, sleep_budget, show_progress());
    }
    let findings = Findings {
        machine: machine::description(&contestants::PACKAGES),
        failures,
        outcomes,
        sleepers,
        costs,
        uncounted,
    };
    eprintln!("\nWriting the reports");
    if arguments.smoke {
        finish_smoke_test(&findings)
    } else {
        write_reports(&findings, arguments)
    }
}

/// The most time that a contestant in a scenario gets.
const MAX_PER_CELL: Duration = Duration::from_secs(2);

impl Arguments {
    /// Returns the selected scenarios, and whether to count costs.
    fn select(&self, left_out: &[String]) -> (Vec<Group>, Vec<sleep::Group>, bool) {
        let mut groups = scenarios::groups(left_out);
        let mut sleepers = sleep::groups(left_out);
        let Some(name) = &self.scenario else {
            groups.retain(|group| group.core || self.full);
            return (groups, sleepers, true);
        };
        groups.retain(|group| group.to_string().contains(name));
        sleepers.retain(|group| group.to_string().contains(name));
        (groups, sleepers, name == "costs")
    }

    /// Returns the budget, and that of consumers that sleep. The samples of those are longer,
    /// because most of the time passes in sleep.
    fn budgets(&self) -> [Budget; 2] {
        let budgets = if self.full {
            [(3000, 20_000, 15, 101), (600, 250_000, 5, 61)]
        } else if self.quick {
            [(25, 1000, 1, 31), (4, 6000, 1, 61)]
        } else if self.smoke {
            [(0, 100, 1, 1), (0, 1000, 1, 1)]
        } else {
            [(440, 8000, 5, 61), (80, 60_000, 3, 61)]
        };
        budgets.map(|(seconds, micros, min_rounds, max_rounds)| Budget {
            total: Duration::from_secs(seconds),
            sample: Duration::from_micros(micros),
            min_rounds,
            max_rounds,
        })
    }
}

/// Shows progress in one line of a terminal, or else in a line per scenario.
fn show_progress() -> impl FnMut(f64, Duration, &str, &str) {
    let in_place = stderr().is_terminal();
    let mut last = String::new();
    move |done, left, group, step| {
        let (percent, seconds) = (done * 100.0, left.as_secs());
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let line = format!("{percent:3.0} %, {minutes}:{seconds:02} left: {group}");
        if in_place {
            eprint!("\r\x1b[K{line}: {step}");
            let _ = stderr().flush();
        } else if last != group {
            eprintln!("{line}");
            last = group.into();
        }
    }
}

fn write_reports(findings: &Findings, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let folder = empty_folder("report")?;
    if !arguments.quick {
        report::criterion::replay(&findings.outcomes, &folder.join("criterion"));
    }
    report::html::write(findings, &folder)?;
    if let Some(file) = &arguments.markdown {
        report::save(file, &report::text::markdown(findings))?;
    }
    println!("\n{}", report::text::summary(findings));
    for (name, value) in &findings.machine {
        println!("{name}: {value}");
    }
    println!("\nWith plots: {}", folder.join("index.html").display());
    Ok(())
}

/// Writes all reports to a folder of their own, then fails if anything failed unexpectedly.
fn finish_smoke_test(findings: &Findings) -> Result<(), Box<dyn Error>> {
    let folder = empty_folder("smoke-report")?;
    // One scenario is enough, because criterion draws several plots for each contestant.
    let first = &findings.outcomes[..findings.outcomes.len().min(1)];
    report::criterion::replay(first, &folder.join("criterion"));
    report::html::write(findings, &folder)?;
    report::save(
        &folder.join("RESULTS.md"),
        &report::text::markdown(findings),
    )?;
    report::save(
        &folder.join("summary.txt"),
        &report::text::summary(findings),
    )?;
    let failures = findings.unexpected_failures();
    if !failures.is_empty() {
        return Err(failures.join("\n").into());
    }
    for failure in &findings.failures {
        println!("Known failure: {}: {}", failure.name, failure.what);
    }
    println!(
        "Smoke test passed: {} scenarios, reports in {}. Their figures mean nothing.",
        findings.outcomes.len() + findings.sleepers.len(),
        folder.display()
    );
    Ok(())
}

/// Returns a new folder in the target directory, in place of an old one: criterion would
/// compare with the reports that it finds.
fn empty_folder(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    // Cargo gives the folder `tmp` in the target directory.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .ok_or("no target directory")?;
    let folder = target.join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
