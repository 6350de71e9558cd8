//! Time-outs: each fires when due, which is not before its time, and before a longer one
//! that begins later.

mod support;

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use http_resume::{Config, Metric, Pending};
use support::{AGAIN, Client, HANGS, NEVER, Running, patient, server_with_later, until};

const SHORT: Duration = Duration::from_millis(100);

/// Long enough for a client on a busy machine to send or read between two timers.
const LONG: Duration = Duration::from_secs(1);

/// More bytes than sockets buffer.
const LARGE: usize = 32 * 1024 * 1024;

/// A server, and its requests that are suspended.
struct Server {
    running: Running,
    suspended: Receiver<Pending<String>>,
}

impl Server {
    fn new(config: Config) -> Self {
        let (running, suspended) = server_with_later(config);
        Self { running, suspended }
    }

    fn connect(&self) -> Client {
        self.running.connect()
    }

    fn total(&self, metric: Metric) -> u64 {
        self.running.metrics.total(metric)
    }

    fn next_suspended(&self) -> Pending<String> {
        let next = self.suspended.recv_timeout(HANGS);
        next.expect("a request is suspended")
    }

    /// Connects and sends, and waits until the event loop has read what was sent.
    fn send(&self, text: &str) -> Client {
        let mut client = self.connect();
        client.send(text);
        assert_eq!(self.connect().fetch("/").status, 200);
        client
    }
}

// --- One time-out -----------------------------------------------------------------

/// A time-out, and how to see it fire.
struct Case {
    timeout: Duration,
    /// Has that time-out, and no other.
    config: Config,
    /// Begins what times out.
    begin: fn(&Server) -> Client,
    /// Gets the number of the other connections, too.
    has_fired: fn(&Server, &mut Client, u64) -> bool,
}

#[track_caller]
fn check(case: &Case) {
    assert_not_early(case);
    // A client can see the wrong order only if a busy machine delays it by half the
    // length of the time-out. So one attempt with the right order is enough.
    assert!(
        (0..20).any(|_| fires_before_longer(case)),
        "a longer time-out, begun later, always fires first"
    );
}

#[track_caller]
fn assert_not_early(case: &Case) {
    let server = Server::new(case.config.clone());
    let started = Instant::now();
    let mut client = (case.begin)(&server);
    until(|| (case.has_fired)(&server, &mut client, 0));
    assert!(started.elapsed() >= case.timeout, "it fires too early");
}

/// Lets a time-out that is longer by half begin later, and returns whether the one of
/// `case` has fired when the longer one fires.
fn fires_before_longer(case: &Case) -> bool {
    let longer = case.timeout * 3 / 2;
    let is_suspension = case.config.suspend_timeout != NEVER;
    let mut config = case.config.clone();
    let request = if is_suspension {
        config.header_timeout = longer;
        "GET / HT"
    } else {
        config.suspend_timeout = longer;
        "GET /later/2 HTTP/1.1\r\nHost: a\r\n\r\n"
    };
    let server = Server::new(config);
    let mut client = (case.begin)(&server);
    let mut other = server.connect();
    other.send(request);
    let answer = other.answer();
    assert_eq!(answer.status, if is_suspension { 408 } else { 503 });
    (case.has_fired)(&server, &mut client, 1)
}

#[test]
fn suspend_timeout_fires_when_due() {
    check(&Case {
        timeout: SHORT,
        config: Config {
            suspend_timeout: SHORT,
            ..patient()
        },
        begin: |server| server.send("GET /later/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
        has_fired: |server, _, _| server.total(Metric::EndedTimedOut) == 1,
    });
}

#[test]
fn header_timeout_fires_when_due() {
    check(&Case {
        timeout: SHORT,
        config: Config {
            header_timeout: SHORT,
            ..patient()
        },
        begin: |server| server.send("GET / HT"),
        has_fired: |server, _, _| server.total(Metric::RefusedRequests) == 1,
    });
}

#[test]
fn body_timeout_fires_when_due() {
    check(&Case {
        timeout: SHORT,
        config: Config {
            body_timeout: SHORT,
            ..patient()
        },
        begin: |server| server.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nb"),
        has_fired: |server, _, _| server.total(Metric::RefusedRequests) == 1,
    });
}

#[test]
fn keep_alive_timeout_fires_when_due_on_idle_connection() {
    check(&Case {
        timeout: LONG,
        config: Config {
            keep_alive_timeout: LONG,
            ..patient()
        },
        begin: |server| server.send(""),
        has_fired: |_, client, _| client.is_closed(),
    });
}

#[test]
fn keep_alive_timeout_fires_when_due_on_idle_connection_after_response() {
    check(&Case {
        timeout: LONG,
        config: Config {
            keep_alive_timeout: LONG,
            ..patient()
        },
        begin: |server| {
            let mut client = server.connect();
            assert_eq!(client.fetch("/").status, 200);
            client
        },
        has_fired: |_, client, _| client.is_closed(),
    });
}

#[test]
fn send_timeout_fires_when_due() {
    check(&Case {
        timeout: LONG,
        config: Config {
            send_timeout: LONG,
            ..patient()
        },
        begin: |server| {
            let mut client = server.connect();
            client.get("/later/1");
            server.next_suspended().resume_with("b".repeat(LARGE));
            client
        },
        has_fired: |server, _, others| {
            server.total(Metric::SendTimeouts) == 1
                && server.total(Metric::OpenConnections) == others
        },
    });
}

/// After the last response, the client has a second to close its half.
#[test]
fn linger_timeout_fires_when_due() {
    check(&Case {
        timeout: Duration::from_secs(1),
        config: patient(),
        begin: |server| {
            let mut client = server.connect();
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            assert_eq!(client.answer().status, 200);
            client.assert_closed();
            client
        },
        has_fired: |server, _, others| server.total(Metric::OpenConnections) == others,
    });
}

#[test]
fn shutdown_timeout_fires_when_due() {
    // The suspension begins after the stop, and its time-out is longer.
    let attempt = || {
        let server = Server::new(Config {
            shutdown_timeout: SHORT,
            suspend_timeout: SHORT * 3 / 2,
            ..patient()
        });
        let mut idle = server.connect();
        assert_eq!(idle.fetch("/").status, 200);
        let mut client = server.connect();
        client.get("/later/1");
        let pending = server.next_suspended();
        let started = Instant::now();
        server.running.stop();
        idle.assert_closed();
        pending.resume_with(AGAIN.into());
        assert_eq!(client.answer().status, 503);
        if server.total(Metric::EndedShutDown) == 0 {
            return false;
        }
        assert!(started.elapsed() >= SHORT, "it fires too early");
        true
    };
    assert!((0..20).any(|_| attempt()), "the longer one fires first");
}

/// A request that is suspended again has the whole time again.
#[test]
fn second_suspension_has_deadline_of_its_own() {
    let attempt = || {
        let server = Server::new(Config {
            suspend_timeout: SHORT,
            ..patient()
        });
        let mut client = server.connect();
        client.get("/later/1");
        let pending = server.next_suspended();
        let first = Instant::now();
        until(|| first.elapsed() >= SHORT / 2);
        let again = Instant::now();
        pending.resume_with(AGAIN.into());
        assert_eq!(client.answer().status, 503);
        // The machine may have been too busy for the second one to begin.
        let has_begun = server.total(Metric::EndedResumed) == 1;
        assert!(!has_begun || again.elapsed() >= SHORT, "it fires too early");
        has_begun
    };
    assert!((0..20).any(|_| attempt()), "no request is suspended again");
}

/// A request that is suspended again has no more time in all.
#[test]
fn request_timeout_ends_request_that_is_suspended_again_and_again() {
    let server = Server::new(Config {
        request_timeout: SHORT,
        ..patient()
    });
    let started = Instant::now();
    let mut client = server.connect();
    client.get("/later/1");
    until(|| {
        let returned = server.suspended.try_iter();
        returned.for_each(|pending| pending.resume_with(AGAIN.into()));
        server.total(Metric::EndedTimedOut) == 1
    });
    assert_eq!(client.answer().status, 503);
    assert!(started.elapsed() >= SHORT, "it fires too early");
}

#[test]
fn request_timeout_ends_suspension() {
    let server = Server::new(Config {
        request_timeout: SHORT,
        ..patient()
    });
    let mut client = server.connect();
    client.get("/later/1");
    let pending = server.next_suspended();
    assert_eq!(client.answer().status, 503);
    assert!(pending.is_abandoned());
}

// --- Several on one connection ----------------------------------------------------

/// One of three pipelined requests waits. The others are suspended again and again, so
/// their deadlines are always later. (Exactly: `src/connection/tests.rs`.)
#[test]
fn earliest_deadline_of_pipelined_requests_fires() {
    for waiting in ["/later/0", "/later/1", "/later/2"] {
        let server = Server::new(Config {
            suspend_timeout: SHORT * 3,
            ..patient()
        });
        let mut client = server.connect();
        for path in ["/later/0", "/later/1", "/later/2"] {
            client.get(path);
        }
        let mut kept = None;
        until(|| {
            for pending in server.suspended.try_iter() {
                if pending.work() == waiting {
                    kept = Some(pending);
                } else {
                    pending.resume_with(AGAIN.into());
                }
            }
            kept.as_ref().is_some_and(Pending::is_abandoned)
        });
        if waiting == "/later/0" {
            assert_eq!(client.answer().status, 503);
        }
    }
}

/// A request is suspended behind a response that the client does not read.
fn suspend_behind_unread_response(config: Config) -> (Server, Client, Pending<String>) {
    let server = Server::new(config);
    let mut client = server.connect();
    client.get("/later/1");
    client.get("/later/2");
    let (first, second) = (server.next_suspended(), server.next_suspended());
    first.resume_with("b".repeat(LARGE));
    (server, client, second)
}

#[test]
fn suspend_timeout_fires_behind_unread_response() {
    let (server, _client, pending) = suspend_behind_unread_response(Config {
        suspend_timeout: SHORT,
        ..patient()
    });
    until(|| pending.is_abandoned());
    until(|| server.total(Metric::EndedTimedOut) >= 1);
    assert_eq!(server.total(Metric::OpenConnections), 1);
}

#[test]
fn unread_response_abandons_request_behind_it() {
    let (server, _client, pending) = suspend_behind_unread_response(Config {
        send_timeout: LONG,
        ..patient()
    });
    until(|| pending.is_abandoned());
    until(|| server.total(Metric::OpenConnections) == 0);
    assert_eq!(server.total(Metric::EndedAbandoned), 1);
}
