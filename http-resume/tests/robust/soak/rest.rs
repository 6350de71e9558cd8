//! The server at rest: what must be back where it began.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{descriptors, memory};
use crate::support::{Client, HANGS, Program};

/// What was seen of the server at rest.
pub(super) struct Rest {
    metrics: HashMap<String, u64>,
    /// In KiB.
    pub(super) memory: u64,
    /// How often the metrics were asked for.
    pub(super) requests: u64,
}

impl Rest {
    /// Waits until the server is at rest, apart from the connection that observes it.
    pub(super) fn wait(program: &Program, idle_descriptors: usize) -> Self {
        let mut client = program.connect();
        let started = Instant::now();
        for requests in 1.. {
            let metrics = read(&mut client);
            let mut unrest = unrest(&metrics);
            let now = descriptors(program);
            if now != idle_descriptors + 1 {
                unrest.push(format!("{now} descriptors, {idle_descriptors} before"));
            }
            if unrest.is_empty() {
                return Self {
                    metrics,
                    memory: memory(program),
                    requests,
                };
            }
            assert!(
                started.elapsed() < HANGS,
                "the server is not at rest: {unrest:?}"
            );
            thread::sleep(Duration::from_millis(10)); // spares the CPU
        }
        unreachable!("the time is up before the numbers are")
    }

    pub(super) fn metric(&self, name: &str) -> u64 {
        get(&self.metrics, name)
    }
}

/// Returns what is not as it is without clients.
fn unrest(metrics: &HashMap<String, u64>) -> Vec<String> {
    let ended = |by: &str| get(metrics, &format!("suspensions_ended_total{{by=\"{by}\"}}"));
    let without_return = ["timed_out", "abandoned"].map(ended).iter().sum();
    let all: u64 = ["resumed", "cancelled", "dropped", "shut_down"]
        .map(ended)
        .iter()
        .sum();
    let expected = [
        ("open_connections", 1), // of the observer, and so its timer
        ("timers", 1),
        ("suspended_requests", 0),
        ("pending_bytes", 0),
        ("suspensions_total", all + without_return),
        // Each pending request that was left behind comes back. (One that came back while too many
        // bytes were pending is not late, but the load does not reach that limit.)
        ("late_resumes_total", without_return),
    ];
    let mut unrest = Vec::new();
    for (name, value) in expected {
        let now = get(metrics, name);
        if now != value {
            unrest.push(format!("{name} is {now}, not {value}"));
        }
    }
    unrest
}

fn read(client: &mut Client) -> HashMap<String, u64> {
    let text = client.fetch("/metrics").body;
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let parse = |sample: &str| {
        let (name, value) = sample.rsplit_once(' ')?;
        let name = name.strip_prefix("http_resume_")?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    samples.map(|sample| parse(sample).expect(&text)).collect()
}

fn get(metrics: &HashMap<String, u64>, name: &str) -> u64 {
    *metrics.get(name).expect(name)
}
