//! The examples as programs: their responses, and their shutdown by a signal.

mod support;

use std::env;
use std::process::Command;

use support::{Client, Program};

/// Starts an example. `cargo test` builds the examples; `cargo test --test examples` does not.
fn example(name: &str) -> Program {
    let this = env::current_exe().expect("a test knows where it is");
    let profile = this.ancestors().nth(2).expect("it is in PROFILE/deps");
    let path = profile.join("examples").join(name);
    assert!(path.exists(), "run `cargo build --examples` before");
    Program::spawn(Command::new(path).arg("127.0.0.1:0"))
}

fn post(client: &mut Client, path: &str, body: &str) {
    let length = body.len();
    client.send(&format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
}

fn stop(program: Program, signal: &str) {
    program.signal(signal);
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn ping_pong() {
    let program = example("ping_pong");
    let mut client = program.connect();
    for (body, status, answer) in [
        ("ping", 200, "pong"),
        ("pong", 422, "not a ping"),
        ("ping ", 422, "not a ping"),
        ("", 422, "not a ping"),
        ("ping", 200, "pong"),
    ] {
        post(&mut client, "/ping", body);
        let got = client.answer();
        assert_eq!((got.status, &*got.body), (status, answer), "{body:?}");
    }
    assert_eq!(client.fetch("/ping").status, 405);
    stop(program, "TERM");
}

#[test]
fn without_body_async() {
    let program = example("without_body_async");
    let mut clients: Vec<_> = (0..20).map(|_| program.connect()).collect();
    for path in ["/thread", "/pool"] {
        for client in &mut clients {
            client.get(path);
            client.get(path);
        }
        for client in &mut clients {
            for answer in [client.answer(), client.answer()] {
                assert_eq!(answer.status, 200);
                assert_eq!(answer.body, "hello from background");
            }
        }
    }
    stop(program, "INT");
}

#[test]
fn with_body_async() {
    let program = example("with_body_async");
    let mut clients: Vec<_> = (0..20).map(|_| program.connect()).collect();
    let body = |index: usize| format!("{index}").repeat(index * 1000);
    for path in ["/thread", "/pool"] {
        for (index, client) in clients.iter_mut().enumerate() {
            post(client, path, &body(index));
        }
        for (index, client) in clients.iter_mut().enumerate() {
            let answer = client.answer();
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body, body(index));
        }
    }
    stop(program, "TERM");
}

#[test]
fn adapters() {
    let program = example("adapters");
    let mut client = program.connect();
    let bad = "the last path segment must be a number up to a million";
    for (path, status, body) in [
        ("/rayon/primes/10", 200, "4 primes"),
        ("/rayon/primes/100000", 200, "9592 primes"),
        ("/rayon/primes/0", 200, "0 primes"),
        ("/rayon/primes/1000001", 400, bad),
        ("/tokio/wait/0", 200, "waited 0 ms"),
        ("/tokio/wait/20", 200, "waited 20 ms"),
        ("/tokio/wait/x", 400, bad),
    ] {
        let answer = client.fetch(path);
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
    stop(program, "INT");
}

#[test]
fn async_fn() {
    let program = example("async_fn");
    let mut client = program.connect();
    let bad = "expected a number up to a million";
    for (path, status, body) in [
        ("/sum/100000", 200, "5000050000"),
        ("/sum/0", 200, "0"),
        ("/sum/x", 400, bad),
        ("/wait/0", 200, "waited 0 ms"),
        ("/wait/20", 200, "waited 20 ms"),
        ("/wait/1000001", 400, bad),
        ("/count", 200, "number 1"),
        ("/count", 200, "number 2"),
    ] {
        let answer = client.fetch(path);
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
    stop(program, "TERM");
}
