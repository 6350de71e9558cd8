//! Event loops that spin while requests are suspended, and what else they do meanwhile.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use http_resume::{Config, Metric, Outcome, Response, Router, Wait, sync_handler};
use support::{Client, HANGS, NEVER, Running, patient, server_with_later, until};

const ALL: [Wait; 3] = [Wait::Park, Wait::ADAPTIVE, Wait::Spin];

/// Spins for longer than any test takes, after a short wait.
const LONG: Wait = Wait::Adaptive { limit: NEVER };

const SHORT: Duration = Duration::from_millis(100);

/// Returns whether a waiter spins on this machine.
fn can_spin() -> bool {
    thread::available_parallelism().is_ok_and(|threads| threads.get() > 1)
}

/// Resumes requests one by one, and returns how often the event loop was woken.
fn count_wake_ups(wait: Wait) -> u64 {
    let (server, suspended) = server_with_later(Config { wait, ..patient() });
    let mut client = server.connect();
    for _ in 0..200 {
        client.get("/later/1");
        let pending = suspended.recv_timeout(HANGS).unwrap();
        // From now on, the event loop spins, or is about to park.
        until(|| server.metrics.total(Metric::Suspended) == 1);
        pending.resume();
        assert_eq!(client.answer().body, "/later/1");
    }
    server.metrics.total(Metric::WakeUps)
}

#[test]
fn spinning_loop_needs_no_wake_up() {
    if can_spin() {
        assert_eq!(count_wake_ups(Wait::Spin), 0);
    }
}

#[test]
fn adaptive_loop_spins_after_one_short_wait() {
    if can_spin() {
        assert!(count_wake_ups(LONG) <= 1);
    }
}

/// A late resume wakes the event loop, so the event loop slept.
#[test]
fn loop_without_suspended_request_sleeps() {
    let (server, suspended) = server_with_later(Config {
        wait: Wait::Spin,
        suspend_timeout: Duration::from_millis(1),
        ..patient()
    });
    let mut client = server.connect();
    // The resume may come before the event loop sleeps. Then another one is tried.
    until(|| {
        assert_eq!(client.fetch("/later/1").status, 503);
        suspended.recv_timeout(HANGS).unwrap().resume();
        server.metrics.total(Metric::WakeUps) > 0
    });
}

#[test]
fn each_strategy_returns_all_resumes() {
    const CLIENTS: u64 = 8;
    const EACH: u64 = 50;
    for wait in ALL {
        let (server, suspended) = server_with_later(Config { wait, ..patient() });
        let resumer = thread::spawn(move || {
            for pending in suspended {
                pending.resume();
            }
        });
        let mut clients = [(); CLIENTS as usize].map(|()| server.connect());
        for number in 0..EACH {
            let path = format!("/later/{number}");
            clients.iter_mut().for_each(|client| client.get(&path));
            for client in &mut clients {
                assert_eq!(client.answer().body, path);
            }
        }
        let metrics = Arc::clone(&server.metrics);
        server.stop();
        server.wait();
        resumer.join().unwrap();
        assert_eq!(metrics.total(Metric::EndedResumed), CLIENTS * EACH);
        assert_eq!(metrics.total(Metric::Suspended), 0);
        assert_eq!(metrics.total(Metric::OpenConnections), 0);
    }
}

#[test]
fn spinning_loop_serves_sockets() {
    for wait in [Wait::Spin, LONG] {
        let (server, suspended) = server_with_later(Config { wait, ..patient() });
        let mut waiting = server.connect();
        waiting.get("/later/1");
        let pending = suspended.recv_timeout(HANGS).unwrap();
        for _ in 0..10 {
            let mut new = server.connect();
            for _ in 0..10 {
                assert_eq!(new.fetch("/").body, "hello");
            }
        }
        pending.resume();
        assert_eq!(waiting.answer().status, 200);
    }
}

/// Suspends the request and resumes it at once, again and again until `is_over`.
fn suspend_again<'r>(is_over: &AtomicBool, response: Response<'r, ()>) -> Outcome<'r> {
    if is_over.load(Ordering::Relaxed) {
        return response.text("over");
    }
    let (pending, receipt) = response.mark_async(());
    pending.resume();
    receipt.suspended()
}

/// The resume queue is never empty when the event loop begins to wait.
#[test]
fn endless_resumes_do_not_starve_sockets() {
    for wait in ALL {
        let is_over = Arc::new(AtomicBool::new(false));
        let of_handler = Arc::clone(&is_over);
        let router = Router::new()
            .get("/", sync_handler(|_, response| response.text("hello")))
            .get("/again", move |_, response, _| {
                suspend_again(&of_handler, response)
            });
        let server = Running::with(Config { wait, ..patient() }, router);
        let mut waiting = server.connect();
        waiting.get("/again");
        until(|| server.metrics.total(Metric::EndedResumed) > 100);
        assert_eq!(server.connect().fetch("/").body, "hello");
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(waiting.answer().body, "over");
    }
}

#[test]
fn spinning_loop_fires_deadlines() {
    for wait in [Wait::Spin, LONG] {
        // Of the suspended request.
        let (server, suspended) = server_with_later(Config {
            wait,
            suspend_timeout: SHORT,
            ..patient()
        });
        let began = Instant::now();
        assert_eq!(server.connect().fetch("/later/1").status, 503);
        assert!(began.elapsed() >= SHORT, "it fires too early");
        drop(suspended);

        // Of another connection.
        let (server, suspended) = server_with_later(Config {
            wait,
            header_timeout: SHORT,
            ..patient()
        });
        let mut waiting = server.connect();
        waiting.get("/later/1");
        let pending = suspended.recv_timeout(HANGS).unwrap();
        let mut slow = server.connect();
        slow.send("GET / HT");
        assert_eq!(slow.answer().status, 408);
        pending.resume();
        assert_eq!(waiting.answer().status, 200);
    }
}

#[test]
fn spinning_loop_notices_stop() {
    // A stop that comes before the event loop spins shows nothing, so it is tried several times.
    for wait in [Wait::Spin, LONG].repeat(10) {
        let (server, suspended) = server_with_later(Config {
            wait,
            shutdown_timeout: NEVER,
            ..patient()
        });
        let mut waiting = server.connect();
        waiting.get("/later/1");
        let pending = suspended.recv_timeout(HANGS).unwrap();
        let mut idle = server.connect();
        until(|| server.metrics.total(Metric::OpenConnections) == 2);
        server.stop();
        idle.assert_closed(); // while the request is suspended
        drop(idle);
        pending.resume();
        assert_eq!(waiting.answer().status, 200);
        assert_ends(server, waiting);
    }
}

#[test]
fn spinning_loop_fires_shutdown_timeout() {
    for wait in [Wait::Spin, LONG] {
        let (server, suspended) = server_with_later(Config {
            wait,
            shutdown_timeout: SHORT,
            ..patient()
        });
        let mut waiting = server.connect();
        waiting.get("/later/1");
        let _pending = suspended.recv_timeout(HANGS).unwrap();
        server.stop();
        assert_eq!(waiting.answer().status, 503);
        assert_ends(server, waiting);
    }
}

/// Asserts that a server that was stopped ends after its last connection.
fn assert_ends(server: Running, mut last: Client) {
    last.assert_closed();
    drop(last);
    let metrics = Arc::clone(&server.metrics);
    server.wait();
    assert_eq!(metrics.total(Metric::Suspended), 0);
    assert_eq!(metrics.total(Metric::OpenConnections), 0);
}
