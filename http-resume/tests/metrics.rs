//! Each suspension ends in exactly one way, and is counted so.

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_resume::{Config, Metric, Metrics, Outcome, Pending, Request, Response, Router};
use support::{HANGS, Running, until};

const ENDS: [Metric; 6] = [
    Metric::EndedResumed,
    Metric::EndedCancelled,
    Metric::EndedDropped,
    Metric::EndedTimedOut,
    Metric::EndedAbandoned,
    Metric::EndedShutDown,
];

/// A server whose suspended requests the test gets hold of; one with a query
/// cancels, or panics with a receipt in its hands.
fn server(suspend_timeout: Duration) -> (Running, Receiver<Pending<()>>) {
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    fn handle<'r>(
        sender: &Mutex<Sender<Pending<()>>>,
        request: &Request<'_>,
        response: Response<'r, ()>,
        work: Option<()>,
    ) -> Outcome<'r> {
        if work.is_some() {
            return response.text("resumed");
        }
        let (pending, receipt) = response.mark_async(());
        match request.query() {
            Some("cancel") => return receipt.cancel_async(pending).0.text("cancelled"),
            _ => sender.lock().unwrap().send(pending).unwrap(),
        }
        let _outcome = match request.query() {
            Some("panic") => panic!("with a receipt in its hands"),
            Some("panic-late") => receipt.suspended(),
            _ => return receipt.suspended(),
        };
        panic!("with an outcome in its hands")
    }
    let config = Config {
        suspend_timeout,
        shutdown_timeout: Duration::ZERO,
        ..Config::default()
    };
    let router = Router::new().get("/", move |request, response, work| {
        handle(&sender, request, response, work)
    });
    (Running::with(config, router), receiver)
}

/// That `expected` of each kind have ended, `suspended` have not, and all add up.
#[track_caller]
fn assert_ended(metrics: &Metrics, expected: [u64; 6], suspended: u64) {
    assert_eq!(ENDS.map(|metric| metrics.total(metric)), expected);
    assert_eq!(metrics.total(Metric::Suspended), suspended);
    let all = metrics.total(Metric::Suspensions);
    assert_eq!(all, expected.iter().sum::<u64>() + suspended);
}

#[test]
fn each_end_is_counted_once() {
    let (server, suspended) = server(HANGS);
    let metrics = Arc::clone(&server.metrics);
    let mut client = server.connect();
    let next = || suspended.recv_timeout(HANGS).unwrap();

    client.get("/");
    next().resume();
    client.answer();
    assert_ended(&metrics, [1, 0, 0, 0, 0, 0], 0);

    client.fetch("/?cancel");
    assert_ended(&metrics, [1, 1, 0, 0, 0, 0], 0);

    client.get("/");
    drop(next());
    client.answer();
    assert_ended(&metrics, [1, 1, 1, 0, 0, 0], 0);

    for (count, path) in (1..).zip(["/?panic", "/?panic-late"]) {
        client.fetch(path);
        let pending = next();
        assert!(pending.is_abandoned(), "{path}");
        pending.resume();
        until(|| metrics.total(Metric::LateResumes) == count);
        assert_ended(&metrics, [1, 1, 1, 0, count, 0], 0);
    }

    let mut leaver = server.connect();
    leaver.get("/");
    let abandoned = next();
    leaver.reset();
    until(|| metrics.total(Metric::EndedAbandoned) == 3);
    abandoned.resume();
    until(|| metrics.total(Metric::LateResumes) == 3);

    client.get("/");
    let shut_down = next();
    server.stop();
    assert_eq!(client.answer().status, 503);
    client.assert_closed();
    drop(client);
    server.wait();
    assert_ended(&metrics, [1, 1, 1, 0, 3, 1], 0);
    assert_eq!(metrics.total(Metric::OpenConnections), 0);
    shut_down.resume(); // after the loop's end: nobody counts it
    assert_eq!(metrics.total(Metric::LateResumes), 3);
}

#[test]
fn what_is_too_late_is_counted_apart() {
    let (server, suspended) = server(Duration::from_millis(1));
    let mut client = server.connect();
    assert_eq!(client.fetch("/").status, 503);
    suspended.recv_timeout(HANGS).unwrap().resume();
    until(|| server.metrics.total(Metric::LateResumes) == 1);
    assert_ended(&server.metrics, [0, 0, 0, 1, 0, 0], 0);
}

#[test]
fn what_waits_is_counted_while_it_waits() {
    let (server, suspended) = server(HANGS);
    let mut client = server.connect();
    for _ in 0..5 {
        client.get("/");
    }
    let waiting: Vec<_> = (0..5)
        .map(|_| suspended.recv_timeout(HANGS).unwrap())
        .collect();
    // The last one is counted when its handler has returned.
    until(|| server.metrics.total(Metric::Suspended) == 5);
    assert_ended(&server.metrics, [0; 6], 5);
    for pending in waiting.into_iter().rev() {
        pending.resume();
    }
    for _ in 0..5 {
        assert_eq!(client.answer().status, 200);
    }
    assert_ended(&server.metrics, [5, 0, 0, 0, 0, 0], 0);
}
