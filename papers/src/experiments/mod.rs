//! The experiments and their command line.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use report::Report;

mod batching;
mod contestants;
mod emptiness;
mod frozen;
mod report;
mod stall;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the experiments single-step instructions, which needs Linux on x86-64");

struct Experiment {
    name: &'static str,
    question: &'static str,
    run: fn() -> Report,
}

const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        name: "stall",
        question: "One producer is frozen in the middle of a push: which items of the others are \
            delivered?",
        run: stall::run,
    },
    Experiment {
        name: "emptiness",
        question: "When does a pop return Empty although a push has returned?",
        run: emptiness::run,
    },
    Experiment {
        name: "batching",
        question: "What does an item cost when several are pushed or popped at once?",
        run: batching::run,
    },
];

/// Experiments with the queues of the literature
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the experiments
    List,
    /// Run an experiment; fail if its result contradicts the README
    Run {
        /// Name of the experiment, or `all`
        name: String,
        /// Folder for the result page, the figures (CSV) and the plot (SVG)
        #[arg(long, default_value = "target/papers")]
        out: PathBuf,
    },
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::List => {
            for experiment in EXPERIMENTS {
                println!("{:<12} {}", experiment.name, experiment.question);
            }
            Ok(())
        }
        Command::Run { name, out } => run(&name, &out),
    }
}

fn run(name: &str, out: &Path) -> Result<(), Box<dyn Error>> {
    let chosen: Vec<_> = EXPERIMENTS
        .iter()
        .filter(|experiment| name == "all" || name == experiment.name)
        .collect();
    if chosen.is_empty() {
        return Err(format!("unknown experiment `{name}`; `papers list` lists them").into());
    }
    let mut contradictions = Vec::new();
    for experiment in chosen {
        println!("{}: {}\n", experiment.name, experiment.question);
        let report = (experiment.run)();
        report.print();
        for file in report.write(experiment.name, experiment.question, out)? {
            println!("wrote {}", file.display());
        }
        println!();
        contradictions.extend(report.contradictions);
    }
    if contradictions.is_empty() {
        return Ok(());
    }
    Err(format!("the README is contradicted: {}", contradictions.join("; ")).into())
}
