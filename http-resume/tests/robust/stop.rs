//! Shutdown by a signal with thousands of requests in flight: each gets a response, or its
//! connection is closed without a reset, and the program exits with status 0.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Program, until};

const CLIENTS: usize = 64;
/// Requests in flight per client: the maximum that the server serves concurrently.
const DEPTH: usize = 64;

pub(crate) fn run(runs: usize) {
    let mut slowest = Duration::ZERO;
    let mut all = [0; 3];
    for run in 0..runs {
        // Varies how much is served before the signal.
        let (took, counts) = stop_under_load(run * 200);
        slowest = slowest.max(took);
        all = [0, 1, 2].map(|index| all[index] + counts[index]);
    }
    let [answered, refused, closed] = all;
    println!(
        "{runs} stops with {} requests in flight: {answered} answers of 200 after the signal and \
         before, {refused} of 503, {closed} connections closed in order; the slowest took \
         {slowest:?}",
        CLIENTS * DEPTH
    );
    let took = stop_with_one_that_never_resumes();
    println!("with one that is never resumed, and a timeout of 1 s: {took:?}");
    assert!(
        took >= Duration::from_secs(1),
        "the shutdown waits for its time-out"
    );
}

/// Returns the duration, and the numbers of 200s, 503s and closed connections.
fn stop_under_load(answers_before: usize) -> (Duration, [usize; 3]) {
    let mut program = Program::start(&["--threads", "2", "--workers", "2"]);
    let clients: Vec<Client> = (0..CLIENTS).map(|_| program.connect()).collect();
    let counts = [const { AtomicUsize::new(0) }; 3];
    let took = thread::scope(|scope| {
        for (index, client) in clients.into_iter().enumerate() {
            let counts = &counts;
            scope.spawn(move || keep_busy(client, index, counts));
        }
        until(|| counts[0].load(Ordering::Relaxed) >= answers_before);
        let signalled = Instant::now();
        program.signal("TERM");
        program.wait_for_log("stopped");
        signalled.elapsed()
    });
    assert_eq!(program.wait().code(), Some(0));
    (took, counts.map(AtomicUsize::into_inner))
}

fn keep_busy(mut client: Client, index: usize, counts: &[AtomicUsize; 3]) {
    let path = ["/async", "/stages/3", "/sleep/20", "/", "/sleep/3000"][index % 5];
    let burst = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(DEPTH);
    loop {
        client.try_send(&burst);
        for _ in 0..DEPTH {
            // `next` panics after a reset, and for a truncated response.
            let which = match client.next() {
                Some(answer) => match answer.status {
                    200 => 0,
                    503 => 1,
                    status => panic!("{status}: {}", answer.body),
                },
                None => {
                    counts[2].fetch_add(1, Ordering::Relaxed);
                    return;
                }
            };
            counts[which].fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn stop_with_one_that_never_resumes() -> Duration {
    let program = Program::start(&["--shutdown-timeout", "1"]);
    let mut client = program.connect();
    assert_eq!(client.fetch("/async").status, 200);
    client.get("/sleep/3600000");
    crate::process::Metrics(&program).wait_for("suspended_requests", 1);
    let signalled = Instant::now();
    program.signal("TERM");
    assert_eq!(client.answer().status, 503);
    client.assert_closed();
    assert_eq!(program.wait().code(), Some(0));
    signalled.elapsed()
}
