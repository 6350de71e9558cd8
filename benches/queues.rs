//! `cargo bench`: which queue, and how far from the limit. See the README.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use benches::report::{self, Findings};
use benches::rounds::{self, Effort};
use benches::{check, costs, machine, scenarios, sleep};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: costs::Counting = costs::Counting;

/// Compares queues.
#[derive(Parser)]
struct Arguments {
    /// Measure only the scenarios whose name contains this, such as `both/2`
    scenario: Option<String>,
    /// Within a minute, roughly
    #[arg(long)]
    quick: bool,
    /// Everything, thoroughly
    #[arg(long, conflicts_with = "quick")]
    full: bool,
    /// Also write the results to this file, relative to the workspace
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Name the scenarios and end
    #[arg(long)]
    list: bool,
    /// Cargo says so
    #[arg(long, hide = true)]
    bench: bool,
    /// Check one contestant and end
    #[arg(long, hide = true)]
    check: Option<String>,
    /// Count what one contestant costs and end
    #[arg(long, hide = true)]
    count: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if let Some(name) = arguments.check {
        check::one(&name);
        return Ok(());
    }
    if let Some(name) = arguments.count {
        costs::one(&name);
        return Ok(());
    }
    let counts = arguments
        .scenario
        .as_ref()
        .is_none_or(|name| name == "costs");
    let failures = failures()?;
    let left_out: Vec<_> = failures
        .iter()
        .map(|failure| failure.name.clone())
        .collect();
    let mut groups = scenarios::groups(&left_out);
    let mut sleepers = sleep::groups(&left_out);
    match &arguments.scenario {
        Some(name) => {
            groups.retain(|group| group.to_string().contains(name));
            sleepers.retain(|group| group.to_string().contains(name));
        }
        None => groups.retain(|group| group.core || arguments.full),
    }
    if arguments.list {
        groups.iter().for_each(|group| println!("{group}"));
        sleepers.iter().for_each(|group| println!("{group}"));
        if counts {
            println!("costs");
        }
        return Ok(());
    }
    if groups.is_empty() && sleepers.is_empty() && !counts {
        return Err("no scenario has that name: see --list".into());
    }
    let cells: usize = groups.iter().map(|group| group.cells.len()).sum();
    let mut effort = effort(&arguments);
    effort.total = effort.total.min(ENOUGH * u32::try_from(cells)?);
    let (costs, uncounted) = if counts {
        counted(&left_out)?
    } else {
        Default::default()
    };
    let outcomes = rounds::measure(groups, effort, show_progress());
    if !sleepers.is_empty() {
        sleep::measure(&mut sleepers, effort_asleep(&arguments), show_progress());
    }
    let findings = Findings {
        machine: machine::description(&CONTESTANTS),
        failures,
        outcomes,
        sleepers,
        costs,
        uncounted,
    };
    write_reports(&findings, &arguments)
}

/// Their packages.
const CONTESTANTS: [&str; 11] = [
    "concurrent-queue",
    "cordyceps",
    "crossbeam-channel",
    "crossbeam-queue",
    "crossfire",
    "flume",
    "futures-channel",
    "kanal",
    "nolock",
    "thingbuf",
    "tokio",
];

/// What a contestant in one scenario gets at most.
const ENOUGH: Duration = Duration::from_secs(2);

/// Asks this program about each contestant.
fn failures() -> Result<Vec<check::Failure>, Box<dyn Error>> {
    eprintln!("Does each contestant deliver every item once, in order?");
    let program = env::current_exe()?;
    Ok(check::all(|name| {
        let mut command = Command::new(&program);
        command.arg(format!("--check={name}"));
        command
    }))
}

/// Asks this program what each contestant costs.
fn counted(left_out: &[String]) -> Result<(Vec<costs::Cost>, Vec<check::Failure>), Box<dyn Error>> {
    eprintln!("Counting instructions, read-modify-writes and memory");
    let program = env::current_exe()?;
    Ok(costs::all(left_out, |name| {
        let mut command = Command::new(&program);
        command.arg(format!("--count={name}"));
        command
    }))
}

fn effort(arguments: &Arguments) -> Effort {
    let (seconds, milliseconds, fewest_rounds, most_rounds) = if arguments.full {
        (3000, 20, 15, 101)
    } else if arguments.quick {
        (25, 1, 1, 31)
    } else {
        (420, 8, 5, 61)
    };
    Effort {
        total: Duration::from_secs(seconds),
        turn: Duration::from_millis(milliseconds),
        fewest_rounds,
        most_rounds,
    }
}

/// For the consumers that sleep: most of their time passes asleep, so that their
/// turns are longer.
fn effort_asleep(arguments: &Arguments) -> Effort {
    let (seconds, milliseconds, fewest_rounds) = if arguments.full {
        (600, 250, 5)
    } else if arguments.quick {
        (4, 6, 1)
    } else {
        (80, 60, 3)
    };
    Effort {
        total: Duration::from_secs(seconds),
        turn: Duration::from_millis(milliseconds),
        fewest_rounds,
        most_rounds: 61,
    }
}

/// A line that is written over; where that is impossible, a line per scenario.
fn show_progress() -> impl FnMut(f64, Duration, &str, &str) {
    let in_place = stderr().is_terminal();
    let mut last = String::new();
    move |done, left, group, what| {
        let (percent, seconds) = (done * 100.0, left.as_secs());
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let line = format!("{percent:3.0} %, {minutes}:{seconds:02} left: {group}");
        if in_place {
            eprint!("\r\x1b[K{line}: {what}");
            let _ = stderr().flush();
        } else if last != group {
            eprintln!("{line}");
            last = group.into();
        }
    }
}

fn write_reports(findings: &Findings, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    eprintln!("\nWriting the reports");
    // Cargo gives the folder `tmp` in the target directory.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .ok_or("no target directory")?;
    let folder = target.join("report");
    // Criterion would compare with what it finds, and with yesterday's machine.
    let _ = fs::remove_dir_all(&folder);
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
