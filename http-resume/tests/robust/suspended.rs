//! Many requests suspended at once: all are resumed, and their memory and descriptors are
//! reused or released.

use crate::process::{Metrics, descriptors, memory};
use crate::support::{Client, Program, until};

/// Long enough for all requests to be suspended at the same time.
const SLEEP: &str = "/sleep/5000";

pub(crate) fn run(connections: usize) {
    let limit = (connections + 10).to_string();
    let program = Program::start(&["--threads", "1", "--max-connections", &limit]);
    let metrics = Metrics(&program);
    let first_descriptors = descriptors(&program); // before the first connection
    metrics.wait_for("open_connections", 1);
    let first_memory = memory(&program);
    println!("{connections} connections; memory of {first_memory} KiB before");

    let mut after = Vec::new();
    for round in 1..=3 {
        let resumed = || metrics.get("suspensions_ended_total{by=\"resumed\"}");
        let before = resumed();
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
        assert_eq!(resumed(), before + connections as u64);
        clients.iter_mut().for_each(burst);
        let used = memory(&program);
        drop(clients);
        metrics.wait_for("open_connections", 1);
        until(|| descriptors(&program) == first_descriptors);
        after.push(memory(&program));
        let each = |kib: u64, before: u64| (kib - before) * 1024 / connections as u64;
        println!(
            "round {round}: {idle} KiB idle, {suspended} KiB suspended, {used} KiB idle after a \
             burst, {} KiB closed; per connection {} bytes idle, {} more with a suspended \
             request, {} idle after a burst",
            after[round - 1],
            each(idle, first_memory),
            each(suspended, idle),
            each(used, first_memory),
        );
    }
    let ends = metrics.assert_add_up();
    println!("{ends:?}");
    // The third round reuses the memory of the others, among which the first fills the spares.
    assert!(
        after[2] <= after[1] + after[1] / 20,
        "memory grows: {after:?}"
    );
}

/// Fills what a connection keeps while idle: the list of requests in flight, by as many
/// requests as are served concurrently, and the output buffer, by a long response.
fn burst(client: &mut Client) {
    const DEPTH: usize = 64;
    client.send(&"GET /async HTTP/1.1\r\nHost: a\r\n\r\n".repeat(DEPTH));
    for _ in 0..DEPTH {
        assert_eq!(client.answer().body, "hello");
    }
    let body = "b".repeat(40_000);
    let length = body.len();
    client.send(&format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    assert_eq!(client.answer().body.len(), length);
}
