//! Every time limit may be 0, centuries, or off.

use std::time::Duration;

use http_resume::Config;

use crate::support::{Program, server_with_later};

const CENTURY: &str = "3155760000";

const LIMITS: [&str; 7] = [
    "--header-timeout",
    "--body-timeout",
    "--keep-alive-timeout",
    "--send-timeout",
    "--suspend-timeout",
    "--request-timeout",
    "--shutdown-timeout",
];

#[test]
fn long_limits() {
    for length in [CENTURY, "1e9", "1e20", "1e300", "off"] {
        let options: Vec<_> = LIMITS.iter().flat_map(|limit| [*limit, length]).collect();
        let program = Program::start(&options);
        let mut client = program.connect();
        for path in ["/", "/async", "/stages/3", "/"] {
            assert_eq!(client.fetch(path).status, 200, "{path} with {length}");
        }
        program.signal("TERM");
        assert!(program.wait().success(), "{length}");
    }
}

#[test]
fn connection_that_is_not_kept_serves_one_request() {
    let program = Program::start(&["--keep-alive-timeout", "0"]);
    for path in ["/", "/async"] {
        let mut client = program.connect();
        let answer = client.fetch(path);
        assert_eq!(
            (answer.status, answer.field("connection")),
            (200, Some("close"))
        );
        client.assert_closed();
    }
}

#[test]
fn suspension_without_time_ends_at_once() {
    for limit in ["--suspend-timeout", "--request-timeout"] {
        let program = Program::start(&[limit, "0"]);
        assert_eq!(
            program.connect().fetch("/sleep/3600000").status,
            503,
            "{limit}"
        );
    }
}

#[test]
fn longest_duration_is_no_limit() {
    let forever = Duration::MAX;
    let (server, suspended) = server_with_later(Config {
        header_timeout: forever,
        body_timeout: forever,
        keep_alive_timeout: forever,
        send_timeout: forever,
        suspend_timeout: forever,
        request_timeout: forever,
        shutdown_timeout: forever,
        ..Config::default()
    });
    let mut client = server.connect();
    client.get("/later/1");
    suspended.recv().unwrap().resume();
    assert_eq!(client.answer().body, "/later/1");
    server.stop();
    client.assert_closed();
    server.wait();
}
