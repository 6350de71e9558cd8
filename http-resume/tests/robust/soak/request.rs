//! Requests of all kinds, and the responses that their clients expect.

use fastrand::Rng;

use super::effects::{Counter, Effects};
use crate::support::Answer;

/// The server's limit for bodies.
pub(super) const MAX_BODY: usize = 1024 * 1024;

pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    pub(super) expected: Expected,
}

/// The response that a client expects, and what it tells about the server.
pub(super) struct Expected {
    pub(super) kind: &'static str,
    pub(super) is_head: bool,
    /// Set if the handler can suspend the request, so that an overload concerns it.
    can_suspend: bool,
    effects: Effects,
    status: u16,
    /// `None` if the client does not look at it.
    body: Option<String>,
}

impl Expected {
    /// Returns the effects of the request, or `None` if the response is wrong.
    pub(super) fn effects_by(&self, answer: &Answer, is_stopping: bool) -> Option<Effects> {
        let body_matches = || self.body.as_ref().is_none_or(|body| *body == answer.body);
        if answer.status == self.status && body_matches() {
            return Some(self.effects);
        }
        // At the end of a stop, suspended requests get a 503 without `Retry-After`.
        let is_overload = answer.status == 503
            && self.can_suspend
            && (answer.field("retry-after").is_some() || is_stopping);
        is_overload.then(Effects::overloaded)
    }

    /// Returns the most that the request can add to the counters if its client gives it up.
    pub(super) fn most_effects(&self) -> Effects {
        match self.can_suspend {
            true => self.effects.or_ended_otherwise(),
            false => self.effects,
        }
    }
}

/// Returns a request of any kind that keeps the connection open, and that ends soon.
pub(super) fn any(rng: &mut Rng) -> Request {
    match rng.u32(0..100) {
        0..20 => small(rng),
        20..35 => async_once(),
        35..45 => stages(rng.u64(0..8)),
        45..50 => get("/hello", "/hello", 200, "hello from background", resumed(1)),
        50..60 => sleep(rng.u64(0..60)),
        60..65 => ping(rng.bool()),
        65..75 => echo(rng),
        75..80 => dropped(),
        80..92 => panics(rng),
        _ => served(rng),
    }
}

/// Returns a request that floods can consist of.
pub(super) fn cheap(rng: &mut Rng) -> Request {
    match rng.u32(0..10) {
        0..7 => small(rng),
        7 => stages(2),
        _ => async_once(),
    }
}

/// Returns a request that the server has not answered when its client leaves.
pub(super) fn slow(rng: &mut Rng) -> Request {
    match rng.u32(0..3) {
        0 => sleep(rng.u64(100..1000)),
        1 => stages(rng.u64(1000..3000)),
        _ => late(),
    }
}

fn small(_: &mut Rng) -> Request {
    get("/", "/", 200, "hello", Effects::served())
}

fn async_once() -> Request {
    get("/async", "/async", 200, "hello", resumed(1))
}

fn stages(count: u64) -> Request {
    let (path, text) = (format!("/stages/{count}"), count.to_string());
    let mut request = get("/stages/{n}", &path, 200, &text, resumed(count));
    request.expected.can_suspend = true;
    request
}

pub(super) fn sleep(millis: u64) -> Request {
    let (path, text) = (format!("/sleep/{millis}"), format!("slept {millis}"));
    get("/sleep/{ms}", &path, 200, &text, resumed(1))
}

/// Returns a request that is resumed after its suspension has timed out.
pub(super) fn late() -> Request {
    let effects = Effects::suspended(1, Counter::TimedOut);
    get(
        "/sleep/4000, too late",
        "/sleep/4000",
        503,
        "response not ready in time",
        effects,
    )
}

fn dropped() -> Request {
    let effects = Effects::suspended(1, Counter::Dropped);
    get("/drop", "/drop", 500, "internal server error", effects)
}

fn panics(rng: &mut Rng) -> Request {
    let (path, effects) = match rng.u32(0..3) {
        0 => ("/panic/handler", Effects::served()),
        1 => ("/panic/resumed", resumed(1)),
        _ => ("/panic/worker", Effects::suspended(1, Counter::Dropped)),
    };
    let mut request = get(path, path, 500, "internal server error", effects);
    request.expected.can_suspend = true;
    request
}

/// Returns a request that is served at once, other than `GET /`.
fn served(rng: &mut Rng) -> Request {
    let mut request = match rng.u32(0..4) {
        0 => get(
            "404",
            "/nowhere",
            404,
            "no route matches this path",
            Effects::served(),
        ),
        1 => request(
            "405",
            "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n",
            405,
            Effects::served(),
        ),
        2 => request(
            "HEAD",
            "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
            200,
            Effects::served(),
        ),
        _ => metrics(),
    };
    request.expected.is_head = request.bytes.starts_with(b"HEAD");
    request
}

/// Returns a request with a long response, without a suspension.
pub(super) fn metrics() -> Request {
    let text = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    request("/metrics", text, 200, Effects::served())
}

fn ping(is_right: bool) -> Request {
    let (body, status) = if is_right {
        ("ping", 200)
    } else {
        ("pong", 422)
    };
    let text = format!("POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n{body}");
    request("/ping", text, status, resumed(1))
}

/// Returns a request with a body of any size, with a length or in chunks.
pub(super) fn echo(rng: &mut Rng) -> Request {
    const BUFFER: usize = 16 * 1024;
    let size = match rng.u32(0..20) {
        0..4 => rng.usize(0..4),
        4..12 => rng.usize(0..2000),
        12..15 => rng.usize(BUFFER - 300..BUFFER + 2),
        15..19 => rng.usize(0..100_000),
        _ => MAX_BODY - rng.usize(0..2),
    };
    if rng.bool() {
        echo_of(size, rng)
    } else {
        echo_chunked(size, rng)
    }
}

pub(super) fn echo_of(size: usize, rng: &mut Rng) -> Request {
    let body = letters(size, rng);
    let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n");
    echo_with("/echo, length", head, &body.clone(), body)
}

/// Returns the head of a request whose body the server is to ask for, and the body.
pub(super) fn echo_expected(rng: &mut Rng) -> (String, Request) {
    let size = rng.usize(1..50_000);
    let request = echo_of(size, rng);
    let head = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {size}\r\n\r\n"
    );
    let bytes = request.bytes[request.bytes.len() - size..].to_vec();
    let kind = "/echo, 100-continue";
    let expected = Expected {
        kind,
        ..request.expected
    };
    (head, Request { bytes, expected })
}

fn echo_chunked(size: usize, rng: &mut Rng) -> Request {
    let body = letters(size, rng);
    let mut encoded = String::with_capacity(size + 1000);
    let mut rest = &body[..];
    while !rest.is_empty() {
        let most = rest.len().min(1 << rng.u32(0..20));
        // Few chunks for each body.
        let (chunk, others) = rest.split_at(rng.usize(most.min(size / 100)..=most).max(1));
        let extension = if rng.u32(0..4) == 0 {
            ";name=value"
        } else {
            ""
        };
        encoded.push_str(&format!("{:x}{extension}\r\n{chunk}\r\n", chunk.len()));
        rest = others;
    }
    let trailer = if rng.bool() { "Trailer: t\r\n" } else { "" };
    encoded.push_str(&format!("0\r\n{trailer}\r\n"));
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
    echo_with("/echo, chunked", head.into(), &encoded, body)
}

fn echo_with(kind: &'static str, head: String, encoded: &str, body: String) -> Request {
    let mut request = request(kind, format!("{head}\r\n{encoded}"), 200, resumed(1));
    request.expected.body = Some(body);
    request
}

/// Returns a request that the server refuses, as the last one of its connection.
pub(super) fn refused(rng: &mut Rng) -> Request {
    let post = |fields: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let (text, status) = match rng.u32(0..15) {
        0 => ("GET / HTTP/1.1\r\nHost a\r\n\r\n".into(), 400),
        1 => ("GET / HTTP/1.1\r\n\r\n".into(), 400),
        2 => ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".into(), 400),
        3 => ("GET / HTTP/1.1\nHost: a\n\n\r\n\r\n".into(), 400),
        4 => ("GET / HTTP/2.0\r\nHost: a\r\n\r\n".into(), 505),
        5 => (post("Content-Length: -1\r\n"), 400),
        6 => (post("Content-Length: 1048577\r\n"), 413),
        7 => (
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            400,
        ),
        8 => (post("Transfer-Encoding: gzip\r\n"), 501),
        9 => (post("Transfer-Encoding: chunked\r\n") + "-5\r\n", 400),
        10 => (post("Transfer-Encoding: chunked\r\n") + "100001\r\n", 413),
        11 => (post("Expect: more\r\n"), 417),
        12 => (format!("GET /{} HTTP/1.1\r\n", "a".repeat(9000)), 414),
        13 => (post(&format!("Long: {}\r\n", "a".repeat(70_000))), 431),
        _ => (post(&"A: b\r\n".repeat(100)), 431),
    };
    request("refused", text, status, Effects::refused())
}

/// Returns the beginning of a request, whose rest never comes, and which times out.
pub(super) fn unfinished(rng: &mut Rng) -> Request {
    let mut bytes = echo(rng).bytes;
    bytes.truncate(rng.usize(1..bytes.len()));
    let mut request = request("unfinished", "", 408, Effects::refused());
    request.bytes = bytes;
    request
}

fn resumed(times: u64) -> Effects {
    Effects::suspended(times, Counter::Resumed)
}

fn get(kind: &'static str, path: &str, status: u16, body: &str, effects: Effects) -> Request {
    let text = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut request = request(kind, text, status, effects);
    request.expected.body = Some(body.into());
    request
}

fn request(kind: &'static str, text: impl Into<String>, status: u16, effects: Effects) -> Request {
    Request {
        bytes: text.into().into_bytes(),
        expected: Expected {
            kind,
            is_head: false,
            can_suspend: effects.suspends(),
            effects,
            status,
            body: None,
        },
    }
}

fn letters(count: usize, rng: &mut Rng) -> String {
    let alphabet = ('a'..='z').cycle();
    alphabet.skip(rng.usize(0..26)).take(count).collect()
}
