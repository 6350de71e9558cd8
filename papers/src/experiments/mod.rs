//! The experiments and their command line.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Parser, Subcommand};

use claims::Claim;
use record::Record;
use report::Report;

mod abort;
mod abort_live;
mod batching;
mod claims;
mod contestants;
mod emptiness;
mod forms;
mod frozen;
mod objects;
mod park;
mod park_latency;
mod pushes;
mod record;
mod report;
mod stall;
mod ticks;
mod two_queues;
mod wait;
mod work;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the experiments single-step instructions, which needs Linux on x86-64");

struct Experiment {
    name: &'static str,
    question: &'static str,
    claims: &'static [Claim],
    /// Set if the figures, and so the verdicts, are those of any machine of this kind: they are
    /// counts, not times.
    repeats: bool,
    run: fn() -> Report,
}

const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        name: "stall",
        question: "One producer is frozen in the middle of a push: which items of the others are \
            delivered?",
        claims: stall::CLAIMS,
        repeats: true,
        run: stall::run,
    },
    Experiment {
        name: "emptiness",
        question: "When does a pop return Empty although a push has returned?",
        claims: emptiness::CLAIMS,
        repeats: true,
        run: emptiness::run,
    },
    Experiment {
        name: "batching",
        question: "What does an item cost when several are pushed or popped at once?",
        claims: batching::CLAIMS,
        repeats: true,
        run: batching::run,
    },
    Experiment {
        name: "abort",
        question: "What is `Stalled`: does an aborted pop have an effect, and does one abort alone?",
        claims: abort::CLAIMS,
        repeats: true,
        run: abort::run,
    },
    Experiment {
        name: "abort-live",
        question: "How often do pops abort, how long does a stall last, and what does it cost to \
            wait inside the pop instead?",
        claims: abort_live::CLAIMS,
        repeats: false,
        run: abort_live::run,
    },
    Experiment {
        name: "park",
        question: "What does a push do to find out whether it must wake the consumer?",
        claims: park::CLAIMS,
        repeats: true,
        run: park::run,
    },
    Experiment {
        name: "park-latency",
        question: "What does it cost a push to look after a consumer that may sleep, and how long \
            does the wake-up take?",
        claims: park_latency::CLAIMS,
        repeats: false,
        run: park_latency::run,
    },
    Experiment {
        name: "two-queues",
        question: "Two threads each push to one queue and pop the other: do both find nothing?",
        claims: two_queues::CLAIMS,
        repeats: false,
        run: two_queues::run,
    },
    Experiment {
        name: "work",
        question: "What does work between two pushes do to the order of the contestants, and do runs \
            of one producer explain it?",
        claims: work::CLAIMS,
        repeats: false,
        run: work::run,
    },
    Experiment {
        name: "forms",
        question: "Which cache lines do the forms of the queue and their relatives move, and how \
            long does an item take?",
        claims: forms::CLAIMS,
        repeats: true,
        run: forms::run,
    },
    Experiment {
        name: "wait",
        question: "Should a consumer that waits spin or sleep, and how far from the optimum is \
            what ships?",
        claims: wait::CLAIMS,
        repeats: false,
        run: wait::run,
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
    /// List the experiments: what is claimed, and what the recorded run measured and concluded
    List,
    /// Run an experiment; fail if a verdict that must repeat differs from the recorded one
    Run {
        /// Name of the experiment, or `all`
        name: String,
        /// Folder for the result pages, the figures (CSV) and the plots (SVG); `papers/results` for
        /// the recorded run
        #[arg(long, default_value = "target/papers")]
        out: PathBuf,
    },
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::List => list(),
        Command::Run { name, out } => run(&name, &out),
    }
}

fn list() -> Result<(), Box<dyn Error>> {
    let record = Record::of_repository()?;
    let list: String = EXPERIMENTS.iter().map(|one| one.listed(&record)).collect();
    match io::stdout().write_all(list.as_bytes()) {
        // A reader that has seen enough, as `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

impl Experiment {
    /// Returns what is claimed, and what the record says of it.
    fn listed(&self, record: &Record) -> String {
        let listed = |claim: &Claim| {
            let found = match record.verdict(self.name, claim) {
                Some(verdict) => format!(
                    "  measured   {}\n  concluded  {}\n",
                    verdict.measured, verdict.outcome
                ),
                None => "  not in the recorded run\n".into(),
            };
            format!(
                "\n  claimed    {} ({})\n  falsified  {}\n{found}",
                claim.text, claim.by, claim.falsified
            )
        };
        let claims: String = self.claims.iter().map(listed).collect();
        format!("{}: {}\n{claims}\n", self.name, self.question)
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
    let (recorded, start) = (Record::of_repository()?, Instant::now());
    let mut record = Record::default();
    let mut contradictions = Vec::new();
    for experiment in chosen {
        println!("{}: {}\n", experiment.name, experiment.question);
        let report = (experiment.run)();
        report.print(experiment.claims);
        for file in report.write(experiment.name, experiment.question, experiment.claims, out)? {
            println!("wrote {}", file.display());
        }
        println!();
        for (claim, verdict) in experiment.claims.iter().zip(report.verdicts) {
            let before = recorded.verdict(experiment.name, claim);
            if before.is_none_or(|before| before.outcome != verdict.outcome) {
                let what = format!(
                    "{}: \"{}\" is {}",
                    experiment.name, claim.text, verdict.outcome
                );
                println!("not the recorded verdict: {what}\n");
                contradictions.extend(experiment.repeats.then_some(what));
            }
            record.add(experiment.name, claim, verdict);
        }
    }
    if name == "all" {
        for file in record.write(out)? {
            println!("wrote {}", file.display());
        }
    }
    println!("ran for {} s", start.elapsed().as_secs());
    if contradictions.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the recorded run is contradicted: {}",
        contradictions.join("; ")
    )
    .into())
}
