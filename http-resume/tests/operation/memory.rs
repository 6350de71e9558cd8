//! What connections hold, and what they leave behind.

use std::sync::mpsc::Receiver;

use http_resume::{Config, Metric, Pending};

use crate::limits::metric;
use crate::support::{Client, Program, Running, patient, server_with_later, until};

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

#[test]
fn timers_of_open_connection() {
    let options = ["--threads", "1", "--suspend-timeout", "0"];
    let program = Program::start(&options);
    let mut client = program.connect();
    for _ in 0..300 {
        assert_eq!(client.fetch("/sleep/60000").status, 503);
    }
    assert!(metric(&mut client, "timers").parse::<u64>().unwrap() < 100);
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
    // All have been started before too many bytes wait.
    let pending: Vec<_> = (0..COUNT).map(|_| suspended.recv().unwrap()).collect();
    for pending in pending {
        pending.resume_with("b".repeat(LENGTH));
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

/// A request that has returned while the output was full is not forgotten, though the connection
/// reads no more requests.
#[test]
fn returned_request_is_answered_once_there_is_room() {
    let (server, suspended) = server_with_later(Config {
        max_pending: 50, // more than the first head, less than both
        ..patient()
    });
    let mut client = server.connect();
    client.send("GET /later/0 HTTP/1.1\r\nHost: a\r\n\r\n");
    client.send("GET /later/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let [first, second] = [0, 1].map(|_| suspended.recv().unwrap());
    second.resume_with("second".into());
    first.resume_with("first".repeat(100));
    assert_eq!(client.answer().body, "first".repeat(100));
    assert_eq!(client.answer().body, "second");
    client.assert_closed();
}

const TOTAL: usize = 4 * 1024 * 1024;

fn server_with_total() -> (Running, Receiver<Pending<String>>) {
    server_with_later(Config {
        max_pending_total: TOTAL,
        max_body: 2 * TOTAL,
        ..patient()
    })
}

/// Lets a client leave a response unread, of more bytes than the total.
fn fill(server: &Running, suspended: &Receiver<Pending<String>>) -> Client {
    const LENGTH: usize = 16 * 1024 * 1024; // more than sockets buffer
    let mut client = server.connect();
    client.get("/later/0");
    let pending = suspended.recv().unwrap();
    pending.resume_with("b".repeat(LENGTH));
    until(|| server.metrics.total(Metric::PendingBytes) > TOTAL as u64);
    client
}

#[test]
fn full_event_loop_suspends_no_requests() {
    let (server, suspended) = server_with_total();
    let mut slow = fill(&server, &suspended);
    let mut other = server.connect();
    let refused = other.fetch("/later/1");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.field("retry-after"), Some("1"));
    assert_eq!(other.fetch("/").status, 200, "it cannot suspend");
    assert_eq!(slow.answer().status, 200);
    other.get("/later/2");
    suspended.recv().unwrap().resume();
    assert_eq!(other.answer().status, 200);
    until(|| server.metrics.total(Metric::PendingBytes) == 0);
}

#[test]
fn full_event_loop_receives_no_bodies() {
    let (server, suspended) = server_with_total();
    let mut uploading = server.connect();
    uploading.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
    until(|| server.metrics.total(Metric::PendingBytes) > 0);
    let _slow = fill(&server, &suspended);
    uploading.send("wo");
    assert_eq!(uploading.answer().status, 503);
    uploading.assert_closed();
}

#[test]
fn full_event_loop_reads_no_connection_with_pending_bytes() {
    let (server, suspended) = server_with_total();
    let mut waiting = server.connect();
    waiting.get("/later/1");
    let pending = suspended.recv().unwrap();
    let mut slow = fill(&server, &suspended);
    let started = server.metrics.total(Metric::Requests);
    waiting.get("/");
    (0..3).for_each(|_| drop(server.connect().fetch("/")));
    assert_eq!(server.metrics.total(Metric::Requests), started + 3);
    pending.resume();
    assert_eq!(waiting.answer().status, 200);
    assert_eq!(waiting.answer().body, "hello");
    assert_eq!(slow.answer().status, 200);
}

/// The bytes of a connection are no reason to refuse its own request.
#[test]
fn body_of_more_than_the_total() {
    let (server, suspended) = server_with_total();
    let pending_bytes = || server.metrics.total(Metric::PendingBytes);
    let mut client = server.connect();
    let length = TOTAL + 2;
    client.send(&format!(
        "POST /later/0 HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
    ));
    client.send(&"b".repeat(length - 2));
    until(|| pending_bytes() > TOTAL as u64);
    let before = pending_bytes();
    client.send("b");
    until(|| pending_bytes() > before);
    client.send("b");
    suspended.recv().unwrap().resume();
    assert_eq!(client.answer().status, 200);
}
