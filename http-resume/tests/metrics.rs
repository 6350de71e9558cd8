//! Each suspension ends in exactly one way, which the metrics count.

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
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

/// Starts a server that sends its suspended requests to the test. A query makes the handler
/// cancel, or panic after suspending.
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
            Some("panic") => panic!("with a receipt"),
            Some("panic-late") => receipt.suspended(),
            _ => return receipt.suspended(),
        };
        panic!("with an outcome")
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

/// Asserts how many suspensions have ended in each way, and how many have not ended.
#[track_caller]
fn assert_ended(metrics: &Metrics, expected: [u64; 6], suspended: u64) {
    assert_eq!(ENDS.map(|metric| metrics.total(metric)), expected);
    assert_eq!(metrics.total(Metric::Suspended), suspended);
    let all = metrics.total(Metric::Suspensions);
    assert_eq!(all, expected.iter().sum::<u64>() + suspended);
}

/// Asserts that each pending request has come back once, in time or late.
#[track_caller]
fn assert_all_returned(metrics: &Metrics) {
    let returned = [
        Metric::EndedResumed,
        Metric::EndedCancelled,
        Metric::EndedDropped,
        Metric::LateResumes,
    ];
    assert_eq!(
        returned
            .map(|metric| metrics.total(metric))
            .iter()
            .sum::<u64>(),
        metrics.total(Metric::Suspensions)
    );
}

/// Pending requests are resumed, and dropped, on four threads while the server ends.
#[test]
fn each_resume_during_shutdown_is_counted_once() {
    const THREADS: usize = 4;
    const EACH: usize = 16;
    for _ in 0..20 {
        let (server, suspended) = server(HANGS);
        let metrics = Arc::clone(&server.metrics);
        let mut clients = [(); THREADS].map(|()| server.connect());
        let next = |client: &mut support::Client| {
            client.get("/");
            suspended.recv_timeout(HANGS).unwrap()
        };
        let batches = clients.each_mut().map(|client| {
            let batch: Vec<_> = (0..EACH).map(|_| next(client)).collect();
            batch
        });
        let workers = batches.map(|batch| {
            thread::spawn(move || {
                for (index, pending) in batch.into_iter().enumerate() {
                    match index % 2 {
                        0 => pending.resume(),
                        _ => drop(pending),
                    }
                }
            })
        });
        server.stop();
        server.wait();
        for worker in workers {
            worker.join().unwrap();
        }
        assert_all_returned(&metrics);
        assert_eq!(metrics.total(Metric::Suspended), 0);
    }
}

#[test]
fn each_completion_is_counted_once() {
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
    shut_down.resume();
    assert_eq!(metrics.total(Metric::LateResumes), 4);
    assert_all_returned(&metrics);
}

#[test]
fn late_resume_is_counted_separately() {
    let (server, suspended) = server(Duration::from_millis(1));
    let mut client = server.connect();
    assert_eq!(client.fetch("/").status, 503);
    suspended.recv_timeout(HANGS).unwrap().resume();
    until(|| server.metrics.total(Metric::LateResumes) == 1);
    assert_ended(&server.metrics, [0, 0, 0, 1, 0, 0], 0);
}

#[test]
fn suspended_gauge_counts_waiting_requests() {
    let (server, suspended) = server(HANGS);
    let mut client = server.connect();
    for _ in 0..5 {
        client.get("/");
    }
    let waiting: Vec<_> = (0..5)
        .map(|_| suspended.recv_timeout(HANGS).unwrap())
        .collect();
    // A suspension is counted after its handler has returned.
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
