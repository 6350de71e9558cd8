//! Trials of the demonstration program, larger and longer than tests: no request is lost, limits
//! hold, memory and file descriptors are released, one client does not delay another.
//!
//! ```sh
//! cargo test --release -p http-resume --features trials --test robust -- suspended
//! cargo test --release -p http-resume --features trials --test robust -- bad-clients
//! cargo test --release -p http-resume --features trials --test robust -- stop --runs 50
//! cargo test --release -p http-resume --features trials --test robust -- soak --minutes 10
//! cargo test --release -p http-resume --features trials --test robust -- fairness
//! ```
//!
//! Each prints measurements, and fails if an expectation does not hold.

mod bad_clients;
mod fairness;
mod process;
mod soak;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod suspended;

use clap::{Parser, Subcommand};

/// Trials of the demonstration program.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Subcommand)]
enum Trial {
    /// Suspend one request on each of many connections
    Suspended {
        /// Number of connections
        #[arg(long, default_value = "10000")]
        connections: usize,
    },
    /// Serve clients beside others that misbehave
    BadClients {
        /// Number of clients of each kind
        #[arg(long, default_value = "100")]
        each: usize,
        /// Duration, with and without them
        #[arg(long, default_value = "10")]
        seconds: u64,
    },
    /// Shut down by a signal with thousands of requests in flight
    Stop {
        /// Number of runs
        #[arg(long, default_value = "50")]
        runs: usize,
    },
    /// Serve mixed load with faults injected, and account for every request
    Soak {
        /// Duration
        #[arg(long, default_value = "10")]
        minutes: f64,
        /// Seed of the clients [default: a random one]
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Measure the latency of one client beside others that flood
    Fairness {
        /// Number of connections that flood
        #[arg(long, default_value = "30")]
        floods: usize,
        /// Duration, with and without them
        #[arg(long, default_value = "5")]
        seconds: u64,
    },
}

fn main() {
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit of open files can be raised");
    match Options::parse().trial {
        Trial::Suspended { connections } => suspended::run(connections),
        Trial::BadClients { each, seconds } => bad_clients::run(each, seconds),
        Trial::Stop { runs } => stop::run(runs),
        Trial::Fairness { floods, seconds } => fairness::run(floods, seconds),
        Trial::Soak { minutes, seed } => soak::run(minutes, seed),
    }
}
