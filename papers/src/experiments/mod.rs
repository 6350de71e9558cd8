//! What can be run, and how it is asked for.

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use report::Report;

mod batching;
mod contestants;
mod cost;
mod emptiness;
mod frozen;
mod latency;
mod memory;
mod report;
mod stall;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the experiments single-step instructions, which is written for Linux on x86-64");
mod throughput;

struct Experiment {
    name: &'static str,
    question: &'static str,
    run: fn() -> Report,
}

const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        name: "stall",
        question: "One producer is frozen in the middle of a push: what do the others still get through?",
        run: stall::run,
    },
    Experiment {
        name: "emptiness",
        question: "When does a pop say Empty although a push has returned?",
        run: emptiness::run,
    },
    Experiment {
        name: "cost",
        question: "What does an operation cost in read-modify-writes, instructions, cache lines?",
        run: cost::run,
    },
    Experiment {
        name: "memory",
        question: "How many bytes does a queued item take, and an empty queue?",
        run: memory::run,
    },
    Experiment {
        name: "batching",
        question: "What does an item cost when several are pushed or taken at once?",
        run: batching::run,
    },
    Experiment {
        name: "throughput",
        question: "How many items per second get through, with few producers and with many?",
        run: throughput::run,
    },
    Experiment {
        name: "latency",
        question: "How long is an item on its way?",
        run: latency::run,
    },
];

/// The literature of MPSC queues, made runnable.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says what there is to run.
    List,
    /// Runs one experiment, or all.
    Run {
        /// Its name, or `all`.
        name: String,
        /// Where CSV, SVG and result page go.
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

fn run(name: &str, out: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let chosen: Vec<_> = EXPERIMENTS
        .iter()
        .filter(|experiment| name == "all" || name == experiment.name)
        .collect();
    if chosen.is_empty() {
        return Err(format!("there is no experiment `{name}`: see `list`").into());
    }
    for experiment in chosen {
        println!("{}: {}\n", experiment.name, experiment.question);
        let report = (experiment.run)();
        report.print();
        for file in report.write(experiment.name, experiment.question, out)? {
            println!("wrote {}", file.display());
        }
        println!();
    }
    Ok(())
}
