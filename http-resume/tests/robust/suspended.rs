//! Very many requests suspended at once: all are resumed, and nothing remains.

use crate::process::{Metrics, descriptors, memory};
use crate::support::{Client, Program, until};

/// Long enough for all to be suspended at the same time.
const SLEEP: &str = "/sleep/5000";

pub(crate) fn run(connections: usize) {
    let limit = (connections + 10).to_string();
    let program = Program::start(&["--threads", "1", "--max-connections", &limit]);
    let metrics = Metrics(&program);
    let first_descriptors = descriptors(&program); // before there is a connection
    metrics.wait_for("open_connections", 1);
    let first_memory = memory(&program);
    println!("{connections} connections; memory of {first_memory} KiB before");

    let mut after = Vec::new();
    for round in 1..=3 {
        let mut clients: Vec<Client> = (0..connections).map(|_| program.connect()).collect();
        metrics.wait_for("open_connections", connections as u64 + 1);
        let idle = memory(&program);
        clients.iter_mut().for_each(|client| client.get(SLEEP));
        metrics.wait_for("suspended_requests", connections as u64);
        let suspended = memory(&program);
        for client in &mut clients {
            let answer = client.answer();
            assert_eq!((answer.status, &*answer.body), (200, "slept 5000"));
        }
        drop(clients);
        metrics.wait_for("open_connections", 1);
        let resumed = metrics.get("suspensions_ended_total{by=\"resumed\"}");
        assert_eq!(resumed, (round * connections) as u64);
        until(|| descriptors(&program) == first_descriptors);
        after.push(memory(&program));
        let each = |kib: u64, before: u64| (kib - before) * 1024 / connections as u64;
        println!(
            "round {round}: all resumed; {idle} KiB idle, {suspended} KiB suspended, {} KiB after; \
             {} bytes for a connection, {} more for its suspended request",
            after[round - 1],
            each(idle, first_memory),
            each(suspended, idle),
        );
    }
    let ends = metrics.assert_add_up();
    println!("{ends:?}");
    // What the first round leaves is kept for the next: there is no more after that.
    assert!(
        after[2] <= after[0] + after[0] / 10,
        "memory grows: {after:?}"
    );
}
