//! One line of the table, and the ways in which it is tried.

use std::thread;

use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_resume::{Outcome, Request, Response, Router, sync_handler};

use crate::support::{Answer, Client, Running};

/// What a client sends, and what must come back.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    name: String,
    pub(crate) sent: Vec<u8>,
    /// The answers in order: a status, then the body, unless that does not matter.
    answers: Vec<String>,
    /// Whether the connection stays open after the last answer.
    pub(crate) stays: bool,
}

/// All of it is served, and the connection stays.
pub(crate) fn served(name: &str, sent: impl AsRef<[u8]>, answers: &[&str]) -> Case {
    Case {
        name: name.to_owned(),
        sent: sent.as_ref().to_owned(),
        answers: answers.iter().map(|&answer| answer.to_owned()).collect(),
        stays: true,
    }
}

/// The connection is closed after these answers.
pub(crate) fn last(name: &str, sent: impl AsRef<[u8]>, answers: &[&str]) -> Case {
    Case {
        stays: false,
        ..served(name, sent, answers)
    }
}

/// It is refused with this status, and the connection closed.
pub(crate) fn refused(status: u16, name: &str, sent: impl AsRef<[u8]>) -> Case {
    last(name, sent, &[&status.to_string()])
}

/// A GET with these header fields.
pub(crate) fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

/// A POST with these header fields, and what follows the head.
pub(crate) fn post(fields: &str, rest: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{rest}")
}

const BEFORE: &[u8] = b"GET /at/before HTTP/1.1\r\nHost: a\r\n\r\n";
const AFTER: &[u8] = b"GET /at/after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Up to this length, a case is cut everywhere. (A longer one: in so many places.)
const SHORT: usize = 320;
const CUTS: usize = 12;

/// Tries all cases in all ways.
pub(crate) fn check(cases: &[Case]) {
    let server = Server::start();
    for case in cases {
        let (sent, all) = (&case.sent[..], [BEFORE, &case.sent].concat());
        server.check(case, &[], &[sent]);
        server.check(case, &["200 GET /at/before "], &[&all]);
        for at in cuts(sent.len()) {
            server.check(case, &[], &[&sent[..at], &sent[at..]]);
        }
        if sent.len() <= SHORT {
            server.check(case, &[], &sent.chunks(1).collect::<Vec<_>>());
        }
    }
}

/// Where to cut in two.
fn cuts(length: usize) -> Vec<usize> {
    if length <= SHORT {
        return (1..length).collect();
    }
    // Near the ends, where most happens, and in between.
    let between = (1..CUTS).map(|part| length * part / CUTS);
    between
        .chain([1, length - 3, length - 2, length - 1])
        .collect()
}

/// Serves `/` and all below `/at/` with the request as it was understood; below
/// `/later/`, that is after a suspension.
pub(crate) struct Server {
    running: Running,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut router = Router::new()
            .get(
                "/no-content",
                sync_handler(|_, response| bodiless(response, StatusCode::NO_CONTENT)),
            )
            .get(
                "/not-modified",
                sync_handler(|_, response| bodiless(response, StatusCode::NOT_MODIFIED)),
            )
            .get("/reflect", sync_handler(reflect))
            .get("/later/{*rest}", later)
            .post("/later/{*rest}", later);
        for path in ["/", "/at/{*rest}"] {
            for method in [Method::GET, Method::POST, Method::PUT, Method::OPTIONS] {
                let at_once = sync_handler(|request, response| response.text(understood(request)));
                router = router.route(method, path, at_once);
            }
        }
        Self {
            running: Running::new(router),
        }
    }

    pub(crate) fn connect(&self) -> Client {
        self.running.connect()
    }

    /// Sends the pieces, each to be read before the next one comes.
    pub(crate) fn send(&self, client: &mut Client, pieces: &[&[u8]]) {
        let mut other = self.connect();
        for piece in pieces {
            client.send_bytes(piece);
            // There is one loop: if it has answered this, it has read the piece.
            assert_eq!(other.fetch("/").status, 200);
        }
        other.reset();
    }

    /// Tries a case in one way: cut into these pieces. What comes after it is served
    /// if the connection stays, and must not be interpreted if not.
    fn check(&self, case: &Case, before: &[&str], pieces: &[&[u8]]) {
        let _context = Context { case, pieces };
        let mut client = self.connect();
        match pieces {
            [whole] => client.send_bytes(&[whole, AFTER].concat()),
            _ => {
                self.send(&mut client, pieces);
                client.send_bytes(AFTER);
            }
        }
        let after = case.stays.then_some("200 GET /at/after ");
        let answers = case.answers.iter().map(String::as_str);
        let mut expected = before
            .iter()
            .copied()
            .chain(answers)
            .chain(after)
            .peekable();
        while let Some(line) = expected.next() {
            let answer = if line.ends_with(" HEAD") {
                client.head()
            } else {
                client.answer()
            };
            assert_eq!(line_of(&answer, line), line, "{answer:?}");
            assert_form(&answer, expected.peek().is_none());
        }
        client.assert_closed();
        client.reset(); // leaves no port in TIME_WAIT: there are many connections
    }
}

/// The answer, as a line of the table has it.
fn line_of(answer: &Answer, line: &str) -> String {
    match line.split_once(' ') {
        None => answer.status.to_string(),
        Some((_, "HEAD")) => format!("{} HEAD", answer.status),
        Some(_) => format!("{} {}", answer.status, answer.body),
    }
}

/// What every answer has, whatever it says.
fn assert_form(answer: &Answer, is_last: bool) {
    let date = answer.field("date").expect("a date");
    let time = httpdate::parse_http_date(date).expect("a well-formed date");
    assert_eq!(
        httpdate::fmt_http_date(time),
        date,
        "in the preferred format"
    );
    let count = |text: &str| answer.head.matches(text).count();
    let is_bodiless = [204, 304].contains(&answer.status);
    for (text, expected) in [
        ("\r\nDate: ", 1),
        ("\r\nContent-Length: ", usize::from(!is_bodiless)),
        ("\r\nConnection: close\r\n", usize::from(is_last)),
    ] {
        assert_eq!(count(text), expected, "{text:?} in {answer:?}");
    }
}

/// Says what was tried when it failed.
struct Context<'a> {
    case: &'a Case,
    pieces: &'a [&'a [u8]],
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let show = |piece: &&[u8]| {
                let start = &piece[..piece.len().min(200)];
                format!("\"{}\"", start.escape_ascii())
            };
            let pieces: Vec<String> = self.pieces.iter().take(10).map(show).collect();
            eprintln!("the case: {:?}\n{}", self.case.name, pieces.join("\n"));
        }
    }
}

/// The request as it was understood.
fn understood(request: &Request<'_>) -> String {
    let (method, path) = (request.method(), request.path());
    let query = request.query().map(|query| format!("?{query}"));
    let body = String::from_utf8_lossy(request.body());
    format!("{method} {path}{} {body}", query.unwrap_or_default())
}

/// The same, after a way through another thread.
fn later<'r>(
    request: &Request<'_>,
    response: Response<'r, String>,
    work: Option<String>,
) -> Outcome<'r> {
    if let Some(text) = work {
        return response.text(text);
    }
    let (pending, receipt) = response.mark_async(understood(request));
    thread::spawn(|| pending.resume());
    receipt.suspended()
}

/// An answer that must not have the body that it is given.
fn bodiless(response: Response<'_>, status: StatusCode) -> Outcome<'_> {
    response.status(status).text("not to be sent")
}

/// Puts what the client wrote into a field of the answer, as far as that takes it.
fn reflect<'r>(request: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
    let texts = [request.query().map(str::as_bytes), request.header("x-text")];
    let add = |response: Response<'r>, text| match HeaderValue::from_bytes(text) {
        Ok(value) => response.header(HeaderName::from_static("x-reflected"), value),
        Err(_) => response.status(StatusCode::UNPROCESSABLE_ENTITY),
    };
    texts
        .into_iter()
        .flatten()
        .fold(response, add)
        .text("reflected")
}
