//! A client beside connections that flood: the latency of its requests, and the rate of the floods.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::support::Program;

/// Requests in one write of a flood. The flood writes as long as the socket accepts it, so the
/// server always has a backlog.
const BURST: usize = 500;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

pub(crate) fn run(floods: usize, seconds: u64) {
    let program = Program::start(&["--threads", "1", "--workers", "2"]);
    let time = Duration::from_secs(seconds);
    report("alone", &measure(&program, time));

    // The length of each response is that of the first.
    let mut client = program.connect();
    let answer = client.fetch("/");
    let length = (answer.head.len() + answer.body.len()) as u64;
    let is_over = AtomicBool::new(false);
    let served = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..floods {
            let (program, is_over, served) = (&program, &is_over, &served);
            scope.spawn(move || flood(program, length, is_over, served));
        }
        // Relaxed, here and below: a count.
        let before = served.load(Ordering::Relaxed);
        let started = Instant::now();
        report("beside floods", &measure(&program, time));
        let rate =
            (served.load(Ordering::Relaxed) - before) as f64 / started.elapsed().as_secs_f64();
        println!("{floods} connections that flood: {rate:.0} requests/s together");
        is_over.store(true, Ordering::Relaxed);
    });
}

/// Pipelines requests until the end, and asserts that each has its response, of this length.
fn flood(program: &Program, length: u64, is_over: &AtomicBool, served: &AtomicU64) {
    let mut stream = TcpStream::connect(program.addr).expect("the server listens");
    let mut responses = stream.try_clone().expect("a descriptor is free");
    let (sent, received) = thread::scope(|scope| {
        let sender = scope.spawn(move || {
            let burst = REQUEST.repeat(BURST);
            let mut sent = 0;
            while !is_over.load(Ordering::Relaxed) {
                stream
                    .write_all(burst.as_bytes())
                    .expect("the server reads");
                sent += BURST as u64;
            }
            stream.shutdown(Shutdown::Write).expect("it is open");
            sent
        });
        let mut buffer = vec![0; 64 * 1024];
        let (mut bytes, mut counted) = (0, 0);
        loop {
            match responses.read(&mut buffer).expect("responses, not a reset") {
                0 => break,
                n => bytes += n as u64,
            }
            served.fetch_add(bytes / length - counted, Ordering::Relaxed);
            counted = bytes / length;
        }
        assert_eq!(bytes % length, 0, "a response was cut off");
        (sender.join().expect("the sender succeeds"), counted)
    });
    assert_eq!(received, sent, "requests without a response");
}

/// Sends one request after the other, and measures the latency of the responses.
fn measure(program: &Program, time: Duration) -> Histogram<u64> {
    let mut client = program.connect();
    let mut latencies = Histogram::new(3).expect("3 digits");
    let started = Instant::now();
    while started.elapsed() < time {
        let asked = Instant::now();
        assert_eq!(client.fetch("/async").body, "hello");
        let micros = asked.elapsed().as_micros() as u64;
        latencies.record(micros).expect("the histogram grows");
    }
    latencies
}

fn report(when: &str, latencies: &Histogram<u64>) {
    let [p50, p99] = [0.5, 0.99].map(|q| latencies.value_at_quantile(q));
    let count = latencies.len();
    println!("/async {when}: p50 {p50} µs, p99 {p99} µs of {count} requests");
}
