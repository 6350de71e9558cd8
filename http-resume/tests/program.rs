//! The demonstration program, with its signals.

mod support;

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use support::{Client, Program};

#[test]
fn the_routes() {
    let program = Program::start(&["--threads", "2", "--workers", "2"]);
    let mut client = program.connect();
    for (path, status, body) in [
        ("/", 200, "hello"),
        ("/async", 200, "hello"),
        ("/sleep/1", 200, "slept 1"),
        ("/sleep/0", 200, "slept 0"),
        ("/stages/0", 200, "0"),
        ("/stages/1", 200, "1"),
        ("/stages/1000", 200, "1000"),
        ("/sleep/x", 400, "the path must end with a number"),
        (
            "/sleep/18446744073709551616",
            400,
            "the path must end with a number",
        ),
        ("/stages/-1", 400, "the path must end with a number"),
    ] {
        let answer = client.fetch(path);
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
}

#[test]
fn many_sleepers_need_one_thread() {
    let program = Program::start(&["--threads", "1"]);
    let mut clients: Vec<_> = (0..200).map(|_| program.connect()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        for step in 0..10 {
            client.get(&format!("/sleep/{}", (index * 7 + step * 13) % 100));
        }
    }
    for (index, client) in clients.iter_mut().enumerate() {
        for step in 0..10 {
            let millis = (index * 7 + step * 13) % 100;
            assert_eq!(client.answer().body, format!("slept {millis}"));
        }
    }
}

#[test]
fn a_signal_stops_it_under_load() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::start(&["--threads", "2", "--workers", "2"]);
        let addr = program.addr;
        let answered = AtomicUsize::new(0);
        thread::scope(|scope| {
            for index in 0..16 {
                let answered = &answered;
                scope.spawn(move || {
                    let mut client = Client::connect(addr);
                    let path = ["/", "/async", "/sleep/3", "/stages/3"][index % 4];
                    loop {
                        client
                            .try_send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(3));
                        for _ in 0..3 {
                            // Answered, or closed in an orderly way: `next` fails
                            // for anything else.
                            match client.next() {
                                Some(answer) => assert_eq!(answer.status, 200),
                                None => return,
                            }
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            while answered.load(Ordering::Relaxed) < 2000 {
                thread::yield_now();
            }
            program.signal(signal);
        });
        program.wait_for_log("stopped");
        assert_eq!(program.wait().code(), Some(0));
    }
}

#[test]
fn what_is_suspended_for_too_long_is_answered_with_503() {
    let program = Program::start(&["--threads", "2", "--shutdown-timeout", "0.2"]);
    let mut clients: Vec<_> = (0..50).map(|_| program.connect()).collect();
    for client in &mut clients {
        client.get("/sleep/1");
        assert_eq!(client.answer().status, 200);
        client.get("/sleep/3600000");
    }
    program.signal("TERM");
    for client in &mut clients {
        // One whose request was still on its way is closed in an orderly way.
        if let Some(answer) = client.next() {
            assert_eq!(answer.status, 503);
        }
        client.assert_closed();
    }
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn a_second_signal_stops_it_at_once() {
    let mut program = Program::start(&["--shutdown-timeout", "3600"]);
    let mut client = program.connect();
    client.get("/sleep/3600000");
    client.send("GET / HTTP/1.1\r\n");
    program.signal("TERM");
    program.wait_for_log("stopping");
    program.signal("INT");
    assert_eq!(program.wait().code(), Some(128 + 2));
}

#[test]
fn a_port_in_use_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for threads in ["1", "2"] {
        let output = Command::new(env!("CARGO_BIN_EXE_http-resume"))
            .args(["--addr", &addr, "--threads", threads])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stdout, b"");
        assert!(String::from_utf8_lossy(&output.stderr).contains("in use"));
    }
}

#[test]
fn options_are_checked() {
    for option in [
        "--threads=0",
        "--workers=0",
        "--shutdown-timeout=-1",
        "--suspend-timeout=x",
    ] {
        let program = Command::new(env!("CARGO_BIN_EXE_http-resume"))
            .arg(option)
            .output();
        assert_eq!(program.unwrap().status.code(), Some(2), "{option}");
    }
}
