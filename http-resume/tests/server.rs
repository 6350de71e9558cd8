//! A server as a whole: how it starts, and how its event loops end.

use std::thread;

use http_resume::{Config, Metric, Router, Server};

fn config() -> Config {
    Config {
        addr: ([127, 0, 0, 1], 0).into(),
        ..Config::default()
    }
}

#[test]
fn stop_wakes_each_loop_once() {
    const LOOPS: usize = 16;
    let threads = LOOPS;
    let server = Server::bind(
        Config {
            threads,
            ..config()
        },
        Router::new(),
    )
    .unwrap();
    let (stopper, metrics) = (server.stopper(), server.metrics());
    let running = thread::spawn(|| server.run());
    stopper.stop();
    running.join().unwrap().unwrap();
    assert_eq!(metrics.total(Metric::WakeUps), LOOPS as u64);
}
