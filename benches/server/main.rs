//! Compares servers. See the README.
//!
//! Each sample starts a new process of the server. The client runs in this process.

mod address;
mod contestants;
mod load;
mod outcome;
mod process;
mod report;
mod syscalls;
mod targets;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, io};

use benches::report::{check_writable, markdown, save, terminal};
use benches::rounds;
use clap::Parser;

use contestants::{CONTESTANTS, Contestant, ROUTES};
use load::{Client, Load};
use outcome::{Outcome, Row, Sample};
use process::{Ours, Server};

/// Compare HTTP servers
#[derive(Parser)]
struct Options {
    /// Take one short sample of everything: tests this program
    #[arg(long)]
    smoke: bool,

    /// Rounds per load, a third of them with one connection; each takes one sample of every server
    #[arg(long, default_value = "25", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Seconds per sample
    #[arg(long, default_value = "0.3")]
    seconds: f64,

    /// Run only servers whose name contains one of these
    #[arg(long, value_delimiter = ',')]
    server: Vec<String>,

    /// Run only these paths
    #[arg(long, value_delimiter = ',')]
    route: Vec<String>,

    /// Run only these numbers of connections
    #[arg(long, value_delimiter = ',')]
    connections: Vec<usize>,

    /// Also write the tables to this file, relative to the workspace
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Run this server
    #[arg(long, hide = true)]
    serve: Option<String>,

    /// The number of threads of http-resume, for the server
    #[arg(long, hide = true, default_value = "1")]
    threads: usize,

    /// Passed by cargo; ignored
    #[arg(long, hide = true)]
    bench: bool,
}

/// Connections, and requests in flight on each.
const LOADS: [(usize, usize); 4] = [(1, 1), (64, 1), (256, 1), (64, 8)];

/// Set by `cargo bench-servers`, which builds all servers with the profile of our program.
const WITH_RELEASE_PROFILE: &str = "BENCH_SERVERS";

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    if let Some(name) = &options.serve {
        return Ok(process::serve(name, options.threads)?);
    }
    if env::var_os(WITH_RELEASE_PROFILE).is_none() {
        return Err("run `cargo bench-servers`: it optimises all servers in the same way".into());
    }
    // Before the measurement, which takes longer than to correct a wrong path.
    options.markdown.as_deref().map_or(Ok(()), check_writable)?;
    let ours = Ours::build()?;
    if !syscalls::is_available() {
        eprintln!("strace not found: system calls are not counted");
    }
    let mut outcomes = Vec::new();
    for (route, path) in ROUTES.into_iter().enumerate() {
        for (connections, depth) in LOADS {
            let load = Load {
                path,
                connections,
                depth,
            };
            if options.wants(load) {
                let rows = measure(options, load, route, &ours)?;
                let outcome = Outcome { load, rows };
                println!("{}", terminal(&report::figures(&outcome)));
                outcomes.push(outcome);
            }
        }
    }
    println!("{}", terminal(&report::summary(&outcomes)));
    if let Some(file) = &options.markdown {
        let document = report::document(&options.setting(&ours), &outcomes);
        save(file, &markdown(&document))?;
    }
    Ok(())
}

impl Options {
    fn wants(&self, load: Load) -> bool {
        (self.route.is_empty() || self.route.iter().any(|it| it == load.path))
            && (self.connections.is_empty() || self.connections.contains(&load.connections))
    }

    fn wants_server(&self, name: &str) -> bool {
        self.server.is_empty() || self.server.iter().any(|it| name.contains(it.as_str()))
    }

    fn plan(&self) -> Plan {
        match self.smoke {
            true => Plan {
                rounds: 1,
                warm_up: Duration::from_millis(50),
                time: Duration::from_millis(200),
                counted: Duration::from_millis(200),
            },
            false => Plan {
                rounds: self.rounds,
                warm_up: Duration::from_millis(150),
                time: Duration::from_secs_f64(self.seconds),
                counted: Duration::from_millis(500),
            },
        }
    }

    /// Returns names and values that a reader needs to judge the figures.
    fn setting(&self, ours: &Ours) -> [(&'static str, String); 3] {
        let Plan { rounds, time, .. } = self.plan();
        let threads = ours.threads;
        [
            ("profile", "release, with link-time optimisation".into()),
            ("samples", format!("{rounds} rounds of {time:?}")),
            (
                "threads",
                format!("{threads} in http-resume and in the floor, of which one serves"),
            ),
        ]
    }
}

/// How the servers are sampled.
struct Plan {
    rounds: u16,
    /// The time of the load before each sample.
    warm_up: Duration,
    /// The time of a sample.
    time: Duration,
    /// The time for which system calls are counted.
    counted: Duration,
}

impl Plan {
    /// Returns the number of rounds of a load. With one connection there is no ratio.
    fn rounds(&self, load: Load) -> u16 {
        match load.connections {
            1 => self.rounds.div_ceil(3),
            _ => self.rounds,
        }
    }
}

/// Measures all rounds of a load on this route.
fn measure(options: &Options, load: Load, route: usize, ours: &Ours) -> io::Result<Vec<Row>> {
    let plan = options.plan();
    let contestants = CONTESTANTS
        .iter()
        .filter(|it| options.wants_server(it.name));
    let mut rows: Vec<Row> = contestants
        .filter_map(|it| Some(Row::new(it, it.paths[route]?)))
        .collect();
    let start = |row: &Row| {
        let load = Load {
            path: row.path,
            ..load
        };
        let started = warm(row.contestant, load, plan.warm_up, ours);
        started.inspect_err(|_| blame(row))
    };
    for round in 0..plan.rounds(load) {
        for index in rounds::rotated(round.into(), rows.len()) {
            let row = &mut rows[index];
            let (server, client) = start(row)?;
            let sample = Sample::take(&server, client, plan.time);
            row.samples.push(sample.inspect_err(|_| blame(row))?);
        }
    }
    if syscalls::is_available() {
        for row in &mut rows {
            let (server, mut client) = start(row)?;
            let calls = syscalls::count(&server, &mut client, plan.counted);
            row.calls = Some(calls.inspect_err(|_| blame(row))?);
        }
    }
    Ok(rows)
}

/// Starts a server, and loads it for a while.
fn warm(
    contestant: &Contestant,
    load: Load,
    time: Duration,
    ours: &Ours,
) -> io::Result<(Server, Client)> {
    let server = Server::start(contestant, ours)?;
    let mut client = Client::connect(server.addr, load)?;
    client.run(time)?;
    Ok((server, client))
}

fn blame(row: &Row) {
    eprintln!("{} failed:", row.contestant.name);
}
