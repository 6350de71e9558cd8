//! A server as a whole: how it starts, and how its event loops end.

use std::thread;

use http_resume::{Config, Error, Metric, Router, Server};

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

#[test]
fn too_small_limits_are_refused() {
    let small = |field, config: Config| {
        let error = Server::bind(config, Router::new()).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::TooSmall { .. }), "{text}");
        assert!(text.contains(&format!("`Config::{field}` is ")), "{text}");
    };
    let [threads, max_connections, max_fields, max_pipelined] = [0; 4];
    let max_line = Config::MIN_LINE - 1;
    let max_head = Config::MIN_HEAD - 1;
    small(
        "threads",
        Config {
            threads,
            ..config()
        },
    );
    small(
        "max_connections",
        Config {
            max_connections,
            ..config()
        },
    );
    small(
        "max_line",
        Config {
            max_line,
            ..config()
        },
    );
    small(
        "max_head",
        Config {
            max_head,
            ..config()
        },
    );
    small(
        "max_fields",
        Config {
            max_fields,
            ..config()
        },
    );
    small(
        "max_pipelined",
        Config {
            max_pipelined,
            ..config()
        },
    );
}
