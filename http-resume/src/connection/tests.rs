//! Deadlines and quanta, with real sockets and a clock that the tests control.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::deadlines::LINGER;
use super::quantum::{MAX_BEGUN, MAX_BYTES};
use super::*;
use crate::handler::{Outcome, Request, Response, Router, sync_handler};
use crate::metrics::Metrics;
use crate::resume::{Pending, ResumeQueue};
use crate::sync::Arc;

const WINDOW: Duration = Duration::from_secs(30);
const PROGRESS: usize = 1000;

/// A connection and its client.
struct Pair {
    service: Service,
    connection: Connection,
    client: StdStream,
    queue: Arc<ResumeQueue>,
    /// What the requests for `/later` have suspended.
    suspended: Receiver<Pending<()>>,
}

impl Pair {
    fn new() -> Self {
        let config = Config {
            body_timeout: WINDOW,
            body_progress: PROGRESS,
            ..Config::default()
        };
        let (sender, suspended) = channel();
        let router = Router::new()
            .post("/", sync_handler(|_, response| response.text("thank you")))
            .get("/later", move |_, response, _| suspend(&sender, response))
            .get("/large/{length}", sync_handler(large))
            .get("/panic", sync_handler(|_, _| panic!("for a test")));
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let (config, router) = (Arc::new(config), Arc::new(router));
        let metrics = Arc::new(Metrics::new(1));
        let service = Service::new(config, router, Arc::clone(&queue), metrics, 0);

        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let client = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(WINDOW)).unwrap(); // longer than any test takes
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        Self {
            connection: Connection::new(TcpStream::from_std(stream), 0, service.now),
            service,
            client,
            queue,
            suspended,
        }
    }

    /// Sends bytes from the client, and drives the connection once they have arrived.
    fn send(&mut self, bytes: &[u8]) {
        self.arrive(bytes);
        assert_eq!(self.drive(), NextStep::Wait);
    }

    /// Sends bytes from the client, and waits until they have arrived.
    fn arrive(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).unwrap();
        let mut seen = vec![0; bytes.len()];
        while self.connection.stream().peek(&mut seen).unwrap_or(0) < bytes.len() {
            std::thread::yield_now();
        }
        self.connection.set_readable(false);
    }

    fn drive(&mut self) -> NextStep {
        self.connection.drive(&mut self.service)
    }

    /// Returns how many requests were started.
    fn started(&self) -> usize {
        self.service.counters().get(Metric::Requests) as usize
    }

    /// Advances the clock by exactly the time for the body.
    fn pass_window(&mut self) {
        self.service.now += WINDOW;
        let deadline = self.connection.deadline(&self.service);
        assert_eq!(deadline, Some(self.service.now));
        assert_eq!(
            self.connection.on_deadline(&mut self.service),
            NextStep::Wait
        );
    }

    /// Returns whether the connection still waits for the body.
    fn waits_for_more(&self) -> bool {
        self.connection.phase == Phase::Open && self.connection.incoming.is_some()
    }

    /// Receives a status.
    fn status(&mut self) -> String {
        let mut line = [0; 12];
        self.client.read_exact(&mut line).unwrap();
        String::from_utf8_lossy(&line[9..]).into_owned()
    }
}

fn suspend<'r>(sender: &Sender<Pending<()>>, response: Response<'r, ()>) -> Outcome<'r> {
    let (pending, receipt) = response.mark_async(());
    sender.send(pending).expect("the test receives");
    receipt.suspended()
}

fn large<'r>(request: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
    let length = request.param("length").and_then(|text| text.parse().ok());
    response.text("b".repeat(length.expect("a number")))
}

fn head(length: usize) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

#[test]
fn body_with_enough_progress_does_not_time_out() {
    let mut pair = Pair::new();
    pair.send(&head(6 * PROGRESS));
    for _ in 0..5 {
        pair.send(&[b'b'; PROGRESS]);
        pair.pass_window();
        assert!(pair.waits_for_more());
    }
    pair.send(&[b'b'; PROGRESS]);
    assert_eq!(pair.status(), "200");
}

#[test]
fn body_with_too_little_progress_times_out() {
    for windows in 0..3 {
        let mut pair = Pair::new();
        pair.send(&head(6 * PROGRESS));
        for _ in 0..windows {
            pair.send(&[b'b'; PROGRESS]);
            pair.pass_window();
        }
        pair.send(&[b'b'; PROGRESS - 1]);
        assert!(pair.waits_for_more());
        pair.pass_window();
        assert_eq!(pair.status(), "408");
    }
}

#[test]
fn chunk_sizes_do_not_count_as_progress() {
    let mut pair = Pair::new();
    pair.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..PROGRESS - 1 {
        pair.send(b"1\r\nb\r\n");
    }
    pair.pass_window();
    assert_eq!(pair.status(), "408");
}

/// The oldest request is suspended again, so the one behind it is due first.
#[test]
fn deadline_is_earliest_of_pipelined_suspensions() {
    let mut pair = Pair::new();
    let queue = Arc::clone(&pair.queue);
    let mut consumer = queue.consumer();
    let start = pair.service.now;
    let timeout = pair.service.config.suspend_timeout;
    let second = Duration::from_secs(1);
    for number in 0..3 {
        pair.service.now = start + number * second;
        pair.send(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    let mut pending: Vec<_> = pair.suspended.try_iter().collect();
    let deadline = |pair: &Pair| pair.connection.deadline(&pair.service);
    assert_eq!(deadline(&pair), Some(start + timeout));

    pair.service.now = start + 3 * second;
    pending.remove(0).resume();
    for returned in consumer.drain(1) {
        pair.connection.resume(returned, &mut pair.service);
    }
    pending.extend(pair.suspended.try_iter());
    for number in 1..=3 {
        let due = start + number * second + timeout;
        assert_eq!(deadline(&pair), Some(due));
        assert!(!pending[0].is_abandoned());
        pair.service.now = due;
        assert_eq!(
            pair.connection.on_deadline(&mut pair.service),
            NextStep::Wait
        );
        assert!(pending.remove(0).is_abandoned());
        assert!(!pending.iter().any(Pending::is_abandoned));
    }
}

/// An event loop that panics drops its connections, and does nothing else for them.
#[test]
fn dropped_connection_abandons_its_suspensions() {
    let mut pair = Pair::new();
    for _ in 0..3 {
        pair.send(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    drop(pair.connection);
    let pending: Vec<_> = pair.suspended.try_iter().collect();
    assert_eq!(pending.len(), 3);
    assert!(pending.iter().all(Pending::is_abandoned));
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn connection_that_floods_has_a_quantum() {
    let mut pair = Pair::new();
    pair.arrive(&GET.repeat(2 * MAX_BEGUN + 1));
    assert_eq!(pair.drive(), NextStep::Drive);
    assert_eq!(pair.started(), MAX_BEGUN);
    assert_eq!(pair.drive(), NextStep::Drive);
    assert_eq!(pair.started(), 2 * MAX_BEGUN);
    assert_eq!(pair.drive(), NextStep::Wait);
    assert_eq!(pair.started(), 2 * MAX_BEGUN + 1);
}

#[test]
fn large_responses_have_a_quantum() {
    let mut pair = Pair::new();
    let request = "GET /large/40000 HTTP/1.1\r\nHost: a\r\n\r\n";
    pair.arrive(request.repeat(5).as_bytes());
    for started in [2, 4] {
        assert_eq!(pair.drive(), NextStep::Drive);
        assert_eq!(pair.started(), started);
    }
    assert_eq!(pair.drive(), NextStep::Wait);
    assert_eq!(pair.started(), 5);
}

#[test]
fn panic_ends_the_turn() {
    let mut pair = Pair::new();
    let requests = "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3);
    pair.arrive(requests.as_bytes());
    for started in [1, 2] {
        assert_eq!(pair.drive(), NextStep::Drive);
        assert_eq!(pair.started(), started);
    }
}

/// A client that still sends may still read. Closing its connection would cut the response off.
#[test]
fn client_that_goes_on_sending_has_the_send_timeout() {
    let mut pair = Pair::new();
    pair.send(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let ended = pair.service.now;
    let mut step = NextStep::Wait;
    while pair.service.now < ended + pair.service.config.send_timeout {
        assert_eq!(step, NextStep::Wait);
        pair.send(b"more");
        let due = pair.connection.deadline(&pair.service).unwrap();
        assert!(due <= pair.service.now + LINGER);
        pair.service.now = due.min(pair.service.now + LINGER / 2);
        if due == pair.service.now {
            step = pair.connection.on_deadline(&mut pair.service);
        }
    }
    assert_eq!(step, NextStep::Close);
}

#[test]
fn bytes_that_start_no_request_have_a_quantum() {
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (start, bytes) in [("", "\r\n"), (chunked, "1\r\nb\r\n")] {
        let Pair { mut service, .. } = Pair::new();
        let flood = bytes.repeat(3 * MAX_BYTES / bytes.len());
        let client = SlowReader {
            requests: (start.to_owned() + &flood).into_bytes().into(),
            room: 0,
        };
        let mut connection = Connection::new(client, 0, service.now);
        connection.set_readable(false);
        for _ in 0..2 {
            assert_eq!(connection.drive(&mut service), NextStep::Drive);
        }
    }
}

/// A client that reads as many bytes as there is room for, and whose requests have arrived.
#[derive(Default)]
struct SlowReader {
    requests: VecDeque<u8>,
    room: usize,
}

impl Stream for SlowReader {
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.requests.read(buffer)? {
            0 => Err(ErrorKind::WouldBlock.into()),
            length => Ok(length),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes.len().min(mem::take(&mut self.room)) {
            0 => Err(ErrorKind::WouldBlock.into()),
            length => Ok(length),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// New responses for a client that accepts none do not give it more time.
#[test]
fn send_timeout_counts_from_last_byte_that_was_accepted() {
    let Pair { mut service, .. } = Pair::new();
    let mut connection = Connection::new(SlowReader::default(), 0, service.now);
    let due = service.now + service.config.send_timeout;
    let mut step = NextStep::Wait;
    while service.now < due {
        assert_eq!(step, NextStep::Wait);
        connection.stream.requests.extend(GET);
        connection.set_readable(false);
        assert_eq!(connection.drive(&mut service), NextStep::Wait);
        service.now = connection
            .deadline(&service)
            .expect("a send is tried again");
        step = connection.on_deadline(&mut service);
    }
    assert_eq!((service.now, step), (due, NextStep::Close));
}

#[test]
fn idle_connection_keeps_no_buffers() {
    let mut pair = Pair::new();
    let queue = Arc::clone(&pair.queue);
    let mut consumer = queue.consumer();
    let requests = b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n".repeat(40);
    pair.send(&requests);
    pair.suspended.try_iter().for_each(Pending::resume);
    for returned in consumer.drain(40) {
        pair.connection.resume(returned, &mut pair.service);
    }
    pair.suspended.try_iter().for_each(drop);
    for returned in consumer.drain(40) {
        pair.connection.resume(returned, &mut pair.service);
    }
    assert_eq!(pair.drive(), NextStep::Wait);
    assert!(pair.connection.is_idle());
    assert!(pair.connection.heap_bytes() < 512);
}

#[test]
fn first_request_after_a_stop_is_the_last() {
    let mut pair = Pair::new();
    pair.service.is_closing = true;
    pair.arrive(&GET.repeat(3));
    pair.drive();
    assert_eq!(pair.started(), 1);
    let mut received = String::new();
    pair.client.read_to_string(&mut received).unwrap();
    assert_eq!(received.matches("HTTP/1.1 405").count(), 1);
    assert!(received.to_lowercase().contains("connection: close"));
}

/// The poll does not report a socket as writable for a few bytes of room.
#[test]
fn client_that_reads_a_byte_in_time_is_not_disconnected() {
    let mut service = Pair::new().service;
    let client = SlowReader {
        requests: GET.iter().copied().collect(),
        room: 1,
    };
    let mut connection = Connection::new(client, 0, service.now);
    connection.set_readable(false);
    assert_eq!(connection.drive(&mut service), NextStep::Wait);
    let mut last_read = service.now;
    for read in [1, 0, 0, 0, 1, 0, 0, 0] {
        service.now = connection
            .deadline(&service)
            .expect("a send is tried again");
        connection.stream.room = read;
        assert_eq!(connection.on_deadline(&mut service), NextStep::Wait);
        if read > 0 {
            last_read = service.now;
        }
    }
    service.now = connection.deadline(&service).expect("the client reads");
    assert_eq!(service.now, last_read + service.config.send_timeout);
    assert_eq!(connection.on_deadline(&mut service), NextStep::Close);
    assert_eq!(service.counters().get(Metric::SendTimeouts), 1);
}
