//! `Pending::is_abandoned` for each way in which a connection or a request ends.

mod support;

use std::time::Duration;

use http_resume::{Config, Metric, Pending};
use support::{Client, HANGS, Running, server_with_later, until};

/// Suspends three requests of one connection.
fn suspend_three(config: Config) -> (Running, Client, Vec<Pending<String>>) {
    let (server, suspended) = server_with_later(config);
    let mut client = server.connect();
    for id in 0..3 {
        client.get(&format!("/later/{id}"));
    }
    let next = |_| {
        suspended
            .recv_timeout(HANGS)
            .expect("a request is suspended")
    };
    let pending: Vec<_> = (0..3).map(next).collect();
    (server, client, pending)
}

#[test]
fn reset_abandons_all_requests_of_connection() {
    let (server, client, pending) = suspend_three(Config::default());
    assert!(!pending.iter().any(Pending::is_abandoned));
    client.reset();
    until(|| pending.iter().all(Pending::is_abandoned));
    until(|| server.metrics.total(Metric::EndedAbandoned) == 3);
    // Resuming is harmless now.
    pending.into_iter().for_each(Pending::resume);
    until(|| server.metrics.total(Metric::LateResumes) == 3);
    assert_eq!(server.connect().fetch("/").status, 200);
}

#[test]
fn reset_abandons_no_request_of_other_connection() {
    let (server, suspended) = server_with_later(Config::default());
    let (mut leaver, mut stayer) = (server.connect(), server.connect());
    leaver.get("/later/1");
    let left = suspended
        .recv_timeout(HANGS)
        .expect("a request is suspended");
    stayer.get("/later/2");
    let kept = suspended
        .recv_timeout(HANGS)
        .expect("a request is suspended");
    leaver.reset();
    until(|| left.is_abandoned());
    assert!(!kept.is_abandoned());
    kept.resume();
    assert_eq!(stayer.answer().body, "/later/2");
}

#[test]
fn timed_out_requests_are_abandoned() {
    let (_server, mut client, pending) = suspend_three(Config {
        suspend_timeout: Duration::from_millis(20),
        ..Config::default()
    });
    for _ in 0..3 {
        assert_eq!(client.answer().status, 503);
    }
    assert!(pending.iter().all(Pending::is_abandoned));
}

#[test]
fn stop_abandons_requests_that_it_does_not_wait_for() {
    let (server, mut client, pending) = suspend_three(Config {
        shutdown_timeout: Duration::from_millis(1),
        ..Config::default()
    });
    server.stop();
    for _ in 0..3 {
        assert_eq!(client.answer().status, 503);
    }
    assert!(pending.iter().all(Pending::is_abandoned));
}
