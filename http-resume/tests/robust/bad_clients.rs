//! Clients that send one byte per second or nothing, never read, close their half, or reset the
//! connection. Limits hold, and other clients are served.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::process::{Metrics, descriptors, memory};
use crate::support::{Client, Program, until};

pub(crate) fn run(each: usize, seconds: u64) {
    let program = Program::start(&[
        "--threads",
        "1",
        "--workers",
        "2",
        "--header-timeout",
        "3",
        "--body-timeout",
        "3",
        "--keep-alive-timeout",
        "3",
        "--suspend-timeout",
        "3",
    ]);
    let metrics = Metrics(&program);
    let (first_memory, first_descriptors) = (memory(&program), descriptors(&program));
    let time = Duration::from_secs(seconds);
    report("alone", &serve_well(&program, time));

    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for kind in KINDS {
            let (program, over) = (&program, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    kind(program, each);
                }
            });
        }
        report("beside them", &serve_well(&program, time));
        over.store(true, Ordering::Relaxed);
    });

    metrics.wait_for("open_connections", 1);
    until(|| descriptors(&program) == first_descriptors);
    println!(
        "{} connections accepted, {} requests refused; {first_memory} KiB before, {} KiB after; \
         {:?}",
        metrics.get("accepted_connections_total"),
        metrics.get("refused_requests_total"),
        memory(&program),
        metrics.assert_add_up(),
    );
}

/// Each runs a number of clients of one kind for a few seconds.
const KINDS: [fn(&Program, usize); 5] = [
    send_a_byte_per_second,
    send_nothing,
    never_read,
    close_their_half,
    reset,
];

fn connect(program: &Program, count: usize) -> Vec<TcpStream> {
    let connect = |_| TcpStream::connect(program.addr).expect("the server listens");
    (0..count).map(connect).collect()
}

fn send_a_byte_per_second(program: &Program, count: usize) {
    let mut streams = connect(program, count);
    for byte in b"GET /" {
        for stream in &mut streams {
            let _ = stream.write_all(&[*byte]); // fails after the time-out
        }
        thread::sleep(Duration::from_secs(1));
    }
}

fn send_nothing(program: &Program, count: usize) {
    let streams = connect(program, count);
    thread::sleep(Duration::from_secs(4)); // longer than each time-out
    drop(streams);
}

/// Sends requests for as long as the server reads them.
fn never_read(program: &Program, count: usize) {
    let requests = "GET /stages/2 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200);
    let mut streams = connect(program, count);
    for stream in &streams {
        stream.set_nonblocking(true).unwrap();
    }
    for _ in 0..20 {
        for stream in &mut streams {
            let _ = stream.write(requests.as_bytes()); // full, or closed
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn close_their_half(program: &Program, count: usize) {
    let mut streams = connect(program, count);
    for stream in &mut streams {
        let request = b"GET /sleep/1000 HTTP/1.1\r\nHost: a\r\n\r\n";
        stream.write_all(request).expect("the server reads");
        stream.shutdown(Shutdown::Write).expect("it is open");
    }
    for stream in streams {
        let answer = std::io::read_to_string(stream).expect("an answer, not a reset");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.ends_with("slept 1000"), "{answer}");
    }
}

fn reset(program: &Program, count: usize) {
    let mut clients: Vec<Client> = (0..count).map(|_| program.connect()).collect();
    clients
        .iter_mut()
        .for_each(|client| client.get("/sleep/2500"));
    // Nothing depends on it: some requests are suspended by now, others not even read.
    thread::sleep(Duration::from_millis(500));
    clients.into_iter().for_each(Client::reset);
}

/// Sends requests in turn, and measures the latency of their responses.
fn serve_well(program: &Program, time: Duration) -> [(&'static str, Histogram<u64>); 2] {
    let mut client = program.connect();
    let started = Instant::now();
    let mut latencies = ["/", "/async"].map(|path| (path, Histogram::new(3).expect("3 digits")));
    while started.elapsed() < time {
        for (path, latency) in &mut latencies {
            let asked = Instant::now();
            assert_eq!(client.fetch(path).body, "hello");
            let micros = asked.elapsed().as_micros() as u64;
            // `saturating_record` would record 2 µs if the histogram has yet to grow.
            latency.record(micros).expect("the histogram grows");
        }
        thread::sleep(Duration::from_millis(1)); // keeps the load low
    }
    latencies
}

fn report(when: &str, latencies: &[(&str, Histogram<u64>)]) {
    for (path, latency) in latencies {
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|q| latency.value_at_quantile(q));
        let count = latency.len();
        println!("{when}: {path}: p50 {p50} µs, p99 {p99} µs, p99.9 {p999} µs of {count} requests");
    }
}
