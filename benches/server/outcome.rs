//! The samples of the servers under one load.

use std::io;
use std::time::{Duration, Instant};

use benches::contestant::Role;
use hdrhistogram::Histogram;
use papers::statistics::Median;

use crate::contestants::{Contestant, FLOOR, OURS};
use crate::load::{Client, Load};
use crate::process::Server;
use crate::syscalls::Calls;

/// The samples under one load.
pub(crate) struct Outcome {
    /// The load; its path is the route.
    pub(crate) load: Load,
    pub(crate) rows: Vec<Row>,
}

/// The samples of a server.
pub(crate) struct Row {
    pub(crate) contestant: &'static Contestant,
    /// The path that is requested.
    pub(crate) path: &'static str,
    /// One for each round.
    pub(crate) samples: Vec<Sample>,
    pub(crate) calls: Option<Calls>,
}

/// One sample of a server.
pub(crate) struct Sample {
    requests: u64,
    elapsed: Duration,
    /// The CPU time of the server.
    cpu: Duration,
    /// The time from sending a request to its response, in nanoseconds.
    latency: Histogram<u64>,
}

impl Outcome {
    /// Returns the row of this name, if the server was measured.
    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.contestant.name == name)
    }

    pub(crate) fn floor(&self) -> Option<&Row> {
        self.row(FLOOR)
    }

    pub(crate) fn ours(&self) -> Option<&Row> {
        self.row(OURS)
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = &Row> {
        let is_peer = |row: &&Row| row.contestant.role == Role::Other;
        self.rows.iter().filter(is_peer)
    }

    /// Returns the peer with the least median.
    pub(crate) fn best_peer(&self) -> Option<&Row> {
        let median = |row: &Row| Median::of(&row.cpu()).value;
        self.peers().min_by(|a, b| median(a).total_cmp(&median(b)))
    }
}

impl Row {
    pub(crate) fn new(contestant: &'static Contestant, path: &'static str) -> Self {
        Self {
            contestant,
            path,
            samples: Vec::new(),
            calls: None,
        }
    }

    /// Returns the microseconds of CPU time per request in each round.
    pub(crate) fn cpu(&self) -> Vec<f64> {
        let cpu = |sample: &Sample| sample.cpu.as_secs_f64() * 1e6 / sample.requests as f64;
        self.samples.iter().map(cpu).collect()
    }

    /// Returns the thousands of requests per second in each round.
    pub(crate) fn rate(&self) -> Vec<f64> {
        let rate = |it: &Sample| it.requests as f64 / it.elapsed.as_secs_f64() / 1e3;
        self.samples.iter().map(rate).collect()
    }

    /// Returns the latencies of all rounds.
    pub(crate) fn latency(&self) -> Histogram<u64> {
        let mut samples = self.samples.iter();
        let first = samples.next().expect("each server has a sample");
        samples.fold(first.latency.clone(), |mut all, it| {
            all.add(&it.latency)
                .expect("all histograms have the same bounds");
            all
        })
    }

    /// Returns the ratios of the CPU time per request to that of another server.
    pub(crate) fn ratio(&self, other: &Self) -> Median {
        Median::of_ratios(&self.cpu(), &other.cpu())
    }
}

impl Sample {
    /// Loads the server by a client that is warm.
    pub(crate) fn take(server: &Server, mut client: Client, time: Duration) -> io::Result<Self> {
        client.reset();
        let (cpu, started) = (server.cpu()?, Instant::now());
        client.run(time)?;
        let (elapsed, cpu) = (started.elapsed(), server.cpu()? - cpu);
        Ok(Self {
            requests: client.requests,
            elapsed,
            cpu,
            latency: client.latency,
        })
    }
}
