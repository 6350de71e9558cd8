//! Trials of the demonstration program over real sockets, larger and longer than tests
//! can be: nothing is lost, limits hold, memory and descriptors come back.
//!
//! ```sh
//! cargo test --release -p http-resume --features trials --test robust -- suspended
//! cargo test --release -p http-resume --features trials --test robust -- bad-clients
//! cargo test --release -p http-resume --features trials --test robust -- stop --runs 50
//! cargo test --release -p http-resume --features trials --test robust -- soak --minutes 10
//! ```
//!
//! Each prints what it measured, and fails if something is not as it should be.

mod bad_clients;
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
    /// Many connections, each with a suspended request, on one loop
    Suspended {
        /// How many
        #[arg(long, default_value = "10000")]
        connections: usize,
    },
    /// How others are served beside clients that behave badly
    BadClients {
        /// How many of each kind
        #[arg(long, default_value = "100")]
        each: usize,
        /// How long, with and without them
        #[arg(long, default_value = "10")]
        seconds: u64,
    },
    /// Stops by a signal, with thousands of requests in flight
    Stop {
        /// How often
        #[arg(long, default_value = "50")]
        runs: usize,
    },
    /// Mixed traffic
    Soak {
        /// How long
        #[arg(long, default_value = "10")]
        minutes: f64,
    },
}

fn main() {
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit of open files can be raised");
    match Options::parse().trial {
        Trial::Suspended { connections } => suspended::run(connections),
        Trial::BadClients { each, seconds } => bad_clients::run(each, seconds),
        Trial::Stop { runs } => stop::run(runs),
        Trial::Soak { minutes } => soak::run(minutes),
    }
}
