//! What a request costs: http-resume, servers that one would otherwise take, and the
//! least that a server can do. See the README for what this shows and does not.
//!
//! Each server is a process of its own, started anew for each sample; the client is
//! this process. In each round, every server is measured once, one after the other.

mod contestant;
mod load;
mod peers;
mod report;
mod syscalls;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use clap::Parser;

use contestant::Contestant;
use load::Load;
use report::Row;

/// Compares servers.
#[derive(Parser)]
struct Options {
    /// One short round, to see that it works: its figures mean nothing
    #[arg(long)]
    quick: bool,

    /// How often each server is measured in each case
    #[arg(long, default_value = "7", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// How long each time
    #[arg(long, default_value = "3")]
    seconds: f64,

    /// Only servers with one of these in their names
    #[arg(long, value_delimiter = ',')]
    server: Vec<String>,

    /// Only these paths
    #[arg(long, value_delimiter = ',')]
    route: Vec<String>,

    /// Only these numbers of connections
    #[arg(long, value_delimiter = ',')]
    connections: Vec<usize>,

    /// Writes the tables there, too
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Is a server, rather than compares them
    #[arg(long, hide = true)]
    serve: Option<String>,

    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// 8 deep only at 64 connections: that tells enough.
const LOADS: [(usize, usize); 4] = [(1, 1), (64, 1), (256, 1), (64, 8)];

fn main() -> io::Result<()> {
    let options = Options::parse();
    if let Some(name) = &options.serve {
        let peer = peers::PEERS.iter().find(|(known, _)| known == name);
        return peer.expect("a peer's name").1();
    }
    let ours = contestant::build_ours()?;
    if !syscalls::is_there() {
        eprintln!("there is no strace: system calls are not counted");
    }
    let mut tables = String::new();
    for path in ["/", "/async"] {
        for (connections, depth) in LOADS {
            let load = Load {
                path,
                connections,
                depth,
            };
            if options.wants(load) {
                let table = report::table(load, &measure(&options, load, &ours)?);
                println!("{table}");
                tables.push_str(&table);
                tables.push('\n');
            }
        }
    }
    options
        .markdown
        .map_or(Ok(()), |file| fs::write(file, tables))
}

impl Options {
    fn wants(&self, load: Load) -> bool {
        (self.route.is_empty() || self.route.iter().any(|it| it == load.path))
            && (self.connections.is_empty() || self.connections.contains(&load.connections))
    }

    fn wants_server(&self, name: &str) -> bool {
        self.server.is_empty() || self.server.iter().any(|it| name.contains(it.as_str()))
    }

    /// Rounds, the time of warming up, and that of measuring.
    fn plan(&self) -> (u16, Duration, Duration) {
        match self.quick {
            true => (1, Duration::from_millis(50), Duration::from_millis(200)),
            false => (
                self.rounds,
                Duration::from_millis(300),
                Duration::from_secs_f64(self.seconds),
            ),
        }
    }
}

/// All rounds of one case.
fn measure(options: &Options, load: Load, ours: &Path) -> io::Result<Vec<Row>> {
    let (rounds, warm_up, time) = options.plan();
    let names = contestant::names().filter(|name| options.wants_server(name));
    let mut rows: Vec<Row> = names.map(Row::new).collect();
    for _ in 0..rounds {
        for row in &mut rows {
            let server = Contestant::start(row.name, ours)?;
            let sample = load::run(&server, load, warm_up, time);
            row.samples.push(sample.inspect_err(|_| blame(row.name))?);
        }
    }
    if syscalls::is_there() {
        for row in &mut rows {
            let server = Contestant::start(row.name, ours)?;
            let calls = syscalls::count(&server, load, time.min(Duration::from_secs(1)));
            row.calls = Some(calls.inspect_err(|_| blame(row.name))?);
        }
    }
    Ok(rows)
}

fn blame(server: &str) {
    eprintln!("{server} did not serve:");
}
