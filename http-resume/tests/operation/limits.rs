//! Every limit is an option.

use crate::support::{Client, Program};

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
    crate::support::until(|| suspended(&mut observer) == "2");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(observer.fetch("/").status, 200); // later than what the client sent
    assert_eq!(suspended(&mut observer), "2");
}

fn suspended(observer: &mut Client) -> String {
    let metrics = observer.fetch("/metrics").body;
    let mut lines = metrics.lines();
    let line = lines.find_map(|line| line.strip_prefix("http_resume_suspended_requests "));
    line.expect(&metrics).to_owned()
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
