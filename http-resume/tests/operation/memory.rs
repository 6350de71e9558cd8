//! What connections hold, and what they leave behind.

use http_resume::{Config, Metric};

use crate::limits::metric;
use crate::support::{Program, patient, server_with_later, until};

#[test]
fn timers_of_closed_connections() {
    let program = Program::start(&["--threads", "1"]);
    let mut observer = program.connect();
    for _ in 0..2000 {
        program.connect().reset();
    }
    until(|| metric(&mut observer, "open_connections") == "1");
    until(|| metric(&mut observer, "timers").parse::<u64>().unwrap() < 100);
}

/// Responses that would wait for another one are not made while too many bytes wait.
#[test]
fn responses_that_wait() {
    const LENGTH: usize = 5000;
    let (server, suspended) = server_with_later(Config {
        max_pending: 1000,
        ..patient()
    });
    let mut client = server.connect();
    (0..5).for_each(|id| client.get(&format!("/later/{id}")));
    let mut pending: Vec<_> = (0..5).map(|_| suspended.recv().unwrap()).collect();
    let first = pending.remove(0);
    for (id, pending) in pending.into_iter().enumerate() {
        pending.resume_with(id.to_string().repeat(LENGTH));
    }
    let total = |metric| server.metrics.total(metric);
    until(|| total(Metric::EndedResumed) == 1);
    let mut other = server.connect();
    (0..3).for_each(|_| drop(other.fetch("/")));
    assert_eq!(total(Metric::EndedResumed), 1);
    assert!(total(Metric::PendingBytes) < 2 * LENGTH as u64);
    first.resume_with("first".into());
    assert_eq!(client.answer().body, "first");
    for id in 0..4 {
        assert_eq!(client.answer().body, id.to_string().repeat(LENGTH));
    }
    until(|| total(Metric::PendingBytes) == 0);
}

/// Responses for a client that does not read are not made while too many bytes wait.
#[test]
fn responses_that_are_not_read() {
    const LENGTH: usize = 1024 * 1024;
    const COUNT: u64 = 60; // more than sockets buffer
    let (server, suspended) = server_with_later(patient());
    let mut client = server.connect();
    (0..COUNT).for_each(|id| client.get(&format!("/later/{id}")));
    for _ in 0..COUNT {
        suspended.recv().unwrap().resume_with("b".repeat(LENGTH));
    }
    let total = |metric| server.metrics.total(metric);
    until(|| total(Metric::PendingBytes) > LENGTH as u64);
    let mut other = server.connect();
    (0..3).for_each(|_| drop(other.fetch("/")));
    assert!(total(Metric::PendingBytes) <= 3 * LENGTH as u64);
    assert!(total(Metric::EndedResumed) < COUNT);
    for _ in 0..COUNT {
        assert_eq!(client.answer().body.len(), LENGTH);
    }
}
