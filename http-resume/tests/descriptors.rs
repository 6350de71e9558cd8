//! A process without free file descriptors: the event loop tries again to accept, ten
//! times a second, and serves its connections meanwhile. A program of its own, because
//! the limit belongs to the process.

mod support;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use http_resume::{Config, Metric, Pending};
use rlimit::Resource;
use socket2::{Domain, Socket, Type};
use support::{Client, HANGS, Running, patient, server_with_later, until};

/// How long a server waits after a failed accept.
const PAUSE: Duration = Duration::from_millis(100);

/// Held by the test that has limited the process.
static TURN: Mutex<()> = Mutex::new(());

/// Until it is dropped, the process gets no new descriptor.
struct Shortage {
    before: (u64, u64),
}

impl Shortage {
    fn new() -> Self {
        let before = Resource::NOFILE.get().unwrap();
        // All those below the lowest free one are taken.
        let lowest = File::open("/dev/null").unwrap().as_raw_fd();
        let limit = u64::try_from(lowest).unwrap();
        Resource::NOFILE.set(limit, before.1).unwrap();
        Self { before }
    }
}

impl Drop for Shortage {
    fn drop(&mut self) {
        let (soft, hard) = self.before;
        Resource::NOFILE
            .set(soft, hard)
            .expect("the old limit is permitted");
    }
}

/// A server, and a client that it cannot accept.
struct Scene {
    server: Running,
    waiting: Client,
    shortage: Shortage,
    began: Instant,
    _suspended: Receiver<Pending<String>>,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    /// Calls `others` to connect, and then connects the client that finds no descriptor.
    fn new<T>(config: Config, others: impl FnOnce(&Running) -> T) -> (Self, T) {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (server, suspended) = server_with_later(config);
        let others = others(&server);
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let shortage = Shortage::new();
        let began = Instant::now();
        socket.connect(&server.addr.into()).unwrap();
        let waiting = Client::new(socket.into());
        let scene = Self {
            server,
            waiting,
            shortage,
            began,
            _suspended: suspended,
            _turn: turn,
        };
        until(|| scene.failures() >= 1);
        (scene, others)
    }

    fn failures(&self) -> u64 {
        self.server.metrics.total(Metric::AcceptFailures)
    }
}

/// Connects, and waits until the server has accepted.
fn connect(server: &Running) -> Client {
    let mut client = server.connect();
    assert_eq!(client.fetch("/").status, 200);
    client
}

/// No other event wakes the event loop, with and without another timer.
#[test]
fn failed_accept_is_retried_by_itself() {
    for others in [0, 1] {
        let connect_others =
            |server: &Running| -> Vec<_> { (0..others).map(|_| connect(server)).collect() };
        let (mut scene, _others) = Scene::new(patient(), connect_others);
        let iterations = || scene.server.metrics.total(Metric::LoopIterations);
        let first = scene.failures();
        let first_iterations = iterations();
        until(|| scene.failures() >= 4);
        // The event loop sleeps in between.
        let failures = scene.failures();
        let pauses = u32::try_from(failures - 1).unwrap();
        assert!(scene.began.elapsed() >= pauses * PAUSE);
        let iterations = iterations() - first_iterations;
        let retries = scene.failures() - first;
        assert!(
            iterations <= 2 * (retries + 1),
            "{iterations} iterations, {retries} retries"
        );

        drop(scene.shortage);
        assert_eq!(scene.waiting.fetch("/").status, 200);
        assert_eq!(
            scene.server.metrics.total(Metric::AcceptedConnections),
            others + 1
        );
    }
}

/// The deadline of the other connection comes after the next attempt.
#[test]
fn failed_accept_is_retried_when_due() {
    let config = Config {
        suspend_timeout: PAUSE * 3 / 2,
        ..patient()
    };
    let (scene, mut other) = Scene::new(config, connect);
    let before = scene.failures();
    assert_eq!(other.fetch("/later/1").status, 503);
    assert!(scene.failures() > before);
}

/// The deadline of the other connection comes before the next attempt.
#[test]
fn deadline_fires_between_attempts_to_accept() {
    let config = Config {
        suspend_timeout: PAUSE / 3,
        ..patient()
    };
    let (scene, mut other) = Scene::new(config, connect);
    let mut attempt = || {
        let before = scene.failures();
        until(|| scene.failures() > before);
        let before = scene.failures();
        assert_eq!(other.fetch("/later/1").status, 503);
        scene.failures() == before
    };
    // A busy machine may delay one beyond the next attempt, but not all.
    assert!(
        (0..20).any(|_| attempt()),
        "deadlines wait for the next attempt"
    );
}

/// Attempts to accept are not activity of a connection.
#[test]
fn attempts_to_accept_do_not_postpone_deadlines() {
    let timeout = PAUSE * 5 / 2;
    let config = Config {
        header_timeout: timeout,
        ..patient()
    };
    let send_half = |server: &Running| {
        let mut half = connect(server);
        let began = Instant::now();
        half.send("GET / HT");
        (half, began)
    };
    let (scene, (mut half, began)) = Scene::new(config, send_half);
    until(|| scene.failures() >= 5);
    assert_eq!(scene.server.metrics.total(Metric::RefusedRequests), 1);
    assert_eq!(half.answer().status, 408);
    assert!(began.elapsed() >= timeout);
}

#[test]
fn idle_connection_is_closed_in_spite_of_attempts_to_accept() {
    let keep_alive_timeout = PAUSE * 5 / 2;
    let config = Config {
        keep_alive_timeout,
        ..patient()
    };
    let connect_only = |server: &Running| {
        let client = server.connect();
        until(|| server.metrics.total(Metric::AcceptedConnections) == 1);
        client
    };
    let (mut scene, mut idle) = Scene::new(config, connect_only);
    idle.assert_closed();
    // Its descriptor is free now, though the limit is as before.
    drop(idle);
    assert_eq!(scene.waiting.fetch("/").status, 200);
}

#[test]
fn stop_does_not_wait_for_a_descriptor() {
    let (scene, _) = Scene::new(patient(), |_| {});
    scene.server.stop();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        scene.server.wait();
        sender.send(())
    });
    let stopped = receiver.recv_timeout(HANGS);
    stopped.expect("the server stops");
}
