//! Every limit is an option.

use std::net::TcpListener;
use std::process::Command;

use crate::support::{Client, Program, until};

/// Returns a request with so many header fields, one of which has a value of this length.
fn request(fields: usize, length: usize) -> String {
    let value = "v".repeat(length);
    let more = "A: b\r\n".repeat(fields - 2);
    format!("GET / HTTP/1.1\r\nHost: a\r\nLong: {value}\r\n{more}\r\n")
}

#[track_caller]
fn check(option: &[&str], just_right: &str, too_much: &str, status: u16) {
    let program = Program::start(option);
    let answer = |request: &str| {
        let mut client: Client = program.connect();
        client.send(request);
        client.answer().status
    };
    assert_eq!(answer(just_right), 200, "{option:?}");
    assert_eq!(answer(too_much), status, "{option:?}");
}

#[test]
fn line() {
    let of = |query: usize| {
        let query = "q".repeat(query - "GET /? HTTP/1.1\r\n".len());
        format!("GET /?{query} HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    check(&["--max-line", "50"], &of(50), &of(51), 414);
    check(&["--max-line", "30000"], &of(30_000), &of(30_001), 414);
}

#[test]
fn head() {
    let of = |length: usize| request(2, length - "Host: a\r\nLong: \r\n\r\n".len());
    check(&["--max-head", "50"], &of(50), &of(51), 431);
    check(&["--max-head", "300000"], &of(300_000), &of(300_001), 431);
}

/// The least limits fit the shortest request.
#[test]
fn least() {
    let shortest = "GET / HTTP/1.1\r\nHost:a\r\n\r\n";
    let options = ["--max-line", "16", "--max-head", "10", "--max-fields", "1"];
    check(&options, shortest, &shortest.replace(":a", ": a"), 431);
    check(&options, shortest, &shortest.replace("/ ", "/? "), 414);
}

#[test]
fn fields() {
    for limit in [3, 100, 101, 2000] {
        let (just_right, too_many) = (request(limit, 1), request(limit + 1, 1));
        check(
            &["--max-fields", &limit.to_string()],
            &just_right,
            &too_many,
            431,
        );
    }
}

#[test]
fn body() {
    let of = |length: usize| {
        let body = "b".repeat(length);
        format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    check(&["--max-body", "5"], &of(5), &of(6), 413);
}

#[test]
fn pipelined() {
    let program = Program::start(&["--threads", "1", "--max-pipelined", "2"]);
    let mut client = program.connect();
    for _ in 0..4 {
        client.get("/sleep/3600000");
    }
    let mut observer = program.connect();
    until(|| suspended(&mut observer) == "2");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(observer.fetch("/").status, 200); // later than what the client sent
    assert_eq!(suspended(&mut observer), "2");
}

/// A request that is suspended for an hour, with a body of 600 bytes.
fn sleeper() -> String {
    let body = "b".repeat(600);
    format!("GET /sleep/3600000 HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n{body}")
}

#[test]
fn pending_bytes_of_a_connection() {
    let program = Program::start(&["--threads", "1", "--max-pending", "1000"]);
    let mut client = program.connect();
    client.send(&sleeper().repeat(5));
    let mut observer = program.connect();
    until(|| suspended(&mut observer) == "2");
    client.send(&sleeper());
    assert_eq!(observer.fetch("/").status, 200); // later than what the client sent
    assert_eq!(suspended(&mut observer), "2");
    assert_ne!(metric(&mut observer, "pending_bytes"), "0");
    client.reset();
    until(|| metric(&mut observer, "pending_bytes") == "0");
}

#[test]
fn pending_bytes_of_an_event_loop() {
    let program = Program::start(&["--threads", "1", "--max-pending-total", "1000"]);
    let mut observer = program.connect();
    let mut clients: Vec<Client> = (0..3).map(|_| program.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate().take(2) {
        client.send(&sleeper());
        until(|| suspended(&mut observer) == (number + 1).to_string());
    }
    clients[2].send(&sleeper());
    let answer = clients[2].answer();
    assert_eq!(
        (answer.status, answer.field("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(observer.fetch("/").status, 200, "it cannot suspend");
    clients.into_iter().for_each(Client::reset);
    until(|| metric(&mut observer, "pending_bytes") == "0");
    assert_eq!(observer.fetch("/async").status, 200);
}

fn suspended(observer: &mut Client) -> String {
    metric(observer, "suspended_requests")
}

pub(crate) fn metric(observer: &mut Client, name: &str) -> String {
    let metrics = observer.fetch("/metrics").body;
    let name = format!("http_resume_{name} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&name));
    value.expect(&metrics).to_owned()
}

#[test]
fn limits_beyond_all_memory_cost_none() {
    let most = usize::MAX.to_string();
    let program = Program::start(&[
        "--max-line",
        &most,
        "--max-head",
        &most,
        "--max-fields",
        &most,
        "--max-body",
        &most,
        "--max-pipelined",
        &most,
        "--max-suspended",
        &most,
        "--max-connections",
        &most,
    ]);
    let mut client = program.connect();
    client.send(&request(300, 100_000));
    assert_eq!(client.answer().status, 200);
    client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\n0\r\nTrailer: t\r\n\r\n",
    );
    assert_eq!(client.answer().body, "abc");
}

/// Starts the program where two threads of 1 GiB fit, and returns what it says.
fn with_little_room(options: &[&str]) -> String {
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 3500000 && exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_http-resume"))
        .args(["--addr", "127.0.0.1:0"])
        .args(options)
        .env("RUST_MIN_STACK", (1 << 30).to_string())
        .output()
        .expect("there is a shell");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn option_that_cannot_be_met_is_named() {
    let said = with_little_room(&["--threads", "1", "--workers", "9"]);
    assert!(
        said.contains("cannot start 9 workers (--workers)"),
        "{said}"
    );
}

#[test]
fn port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_http-resume"))
        .args(["--addr", &addr])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&addr), "{said}");
}
