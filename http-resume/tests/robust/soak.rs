//! Mixed traffic: the metrics add up, and memory stays flat.

use std::thread;
use std::time::{Duration, Instant};

use crate::process::{Metrics, descriptors, memory};
use crate::support::{Program, until};

const CLIENTS: u64 = 32;

/// Number of samples of the memory.
const SAMPLES: u32 = 10;

pub(crate) fn run(minutes: f64) {
    let program = Program::start(&["--threads", "2", "--workers", "2", "--suspend-timeout", "3"]);
    let metrics = Metrics(&program);
    let first_descriptors = descriptors(&program);
    let time = Duration::from_secs_f64(minutes * 60.0);
    let end = Instant::now() + time;
    let mut samples = Vec::new();
    thread::scope(|scope| {
        for seed in 0..CLIENTS {
            let program = &program;
            scope.spawn(move || mixed_traffic(program, seed, end));
        }
        for _ in 0..SAMPLES {
            thread::sleep(time / SAMPLES);
            samples.push(memory(&program));
            println!("memory of {} KiB", samples[samples.len() - 1]);
        }
    });
    metrics.wait_for("open_connections", 1);
    let ends = metrics.assert_add_up();
    // The timer still holds requests of disconnected clients, which return late.
    let [requests, late, wake_ups] =
        ["requests_total", "late_resumes_total", "wake_ups_total"].map(|name| metrics.get(name));
    println!("{requests} requests, {late} late returns, {wake_ups} wake-ups, {ends:?}");
    until(|| descriptors(&program) == first_descriptors);
    let (early, last) = (samples[samples.len() / 2], samples[samples.len() - 1]);
    assert!(last <= early + early / 10, "memory grows: {samples:?}");
}

/// Sends a few requests over each connection, and may disconnect before the last response.
fn mixed_traffic(program: &Program, seed: u64, end: Instant) {
    const KINDS: [(&str, u16); 12] = [
        ("/", 200),
        ("/async", 200),
        ("/stages/5", 200),
        ("/hello", 200),
        ("/sleep/5", 200),
        ("/sleep/5000", 503), // longer than the suspend timeout
        ("/drop", 500),
        ("/nowhere", 404),
        ("/async", 200),
        ("/sleep/0", 200),
        ("/stages/1", 200),
        ("/metrics", 200),
    ];
    let mut random = seed;
    let mut next = |below: usize| {
        // The generator of Knuth's MMIX.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    while Instant::now() < end {
        let mut client = program.connect();
        for _ in 0..20 {
            // Slow requests are rare.
            let (path, status) = match KINDS[next(KINDS.len())] {
                (_, 503) if next(50) > 0 => KINDS[0],
                kind => kind,
            };
            let depth = 1 + next(4);
            (0..depth).for_each(|_| client.get(path));
            for _ in 0..depth {
                assert_eq!(client.answer().status, status, "{path}");
            }
        }
        match next(4) {
            0 => {
                client.get("/sleep/100");
                client.reset();
            }
            1 => {
                client.get("/async");
                client.close_our_half();
                assert_eq!(client.answer().body, "hello");
                client.assert_closed();
            }
            2 => {
                client.send("GET /async HTTP/1.1\r\nHost a\r\n\r\n");
                assert_eq!(client.answer().status, 400);
                client.assert_closed();
            }
            _ => {}
        }
    }
}
