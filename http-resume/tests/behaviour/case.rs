//! A case of the table, and the ways in which it is tried.

use std::thread;

use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_resume::{Outcome, Request, Response, Router, sync_handler};

use crate::support::{Answer, Client, Running};

/// Bytes that a client sends, and the expected responses.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    name: String,
    pub(crate) sent: Vec<u8>,
    /// The responses in order: a status and, if it matters, the body.
    answers: Vec<String>,
    /// Set if the connection persists after the last response.
    pub(crate) stays: bool,
}

/// All requests are served, and the connection persists.
pub(crate) fn served(name: &str, sent: impl AsRef<[u8]>, answers: &[&str]) -> Case {
    Case {
        name: name.to_owned(),
        sent: sent.as_ref().to_owned(),
        answers: answers.iter().map(|&answer| answer.to_owned()).collect(),
        stays: true,
    }
}

/// The connection is closed after these responses.
pub(crate) fn last(name: &str, sent: impl AsRef<[u8]>, answers: &[&str]) -> Case {
    Case {
        stays: false,
        ..served(name, sent, answers)
    }
}

/// The request is refused with this status, and the connection is closed.
pub(crate) fn refused(status: u16, name: &str, sent: impl AsRef<[u8]>) -> Case {
    last(name, sent, &[&status.to_string()])
}

/// Returns a GET with these header fields.
pub(crate) fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

/// Returns a POST with these header fields, followed by `rest`.
pub(crate) fn post(fields: &str, rest: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{rest}")
}

const BEFORE: &[u8] = b"GET /at/before HTTP/1.1\r\nHost: a\r\n\r\n";
const AFTER: &[u8] = b"GET /at/after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Cases up to this length are cut at every position, longer ones at `CUTS` positions.
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

/// Returns the positions at which to cut in two.
fn cuts(length: usize) -> Vec<usize> {
    if length <= SHORT {
        return (1..length).collect();
    }
    // Near the ends, and in between.
    let between = (1..CUTS).map(|part| length * part / CUTS);
    between
        .chain([1, length - 3, length - 2, length - 1])
        .collect()
}

/// Responds to `/` and `/at/` with the request as parsed; to `/later/` after a suspension.
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

    /// Sends each piece after the server has read the one before.
    pub(crate) fn send(&self, client: &mut Client, pieces: &[&[u8]]) {
        let mut other = self.connect();
        for piece in pieces {
            client.send_bytes(piece);
            // The single event loop has read the piece before it responds to this request.
            assert_eq!(other.fetch("/").status, 200);
        }
        other.reset();
    }

    /// Tries a case cut into these pieces. A request after it is served if the connection
    /// persists, and is ignored if not.
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

/// Formats a response like a line of the table.
fn line_of(answer: &Answer, line: &str) -> String {
    match line.split_once(' ') {
        None => answer.status.to_string(),
        Some((_, "HEAD")) => format!("{} HEAD", answer.status),
        Some(_) => format!("{} {}", answer.status, answer.body),
    }
}

/// Checks what all responses have in common.
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

/// Prints the case when its test fails.
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

/// Formats a request as it was parsed.
fn understood(request: &Request<'_>) -> String {
    let (method, path) = (request.method(), request.path());
    let query = request.query().map(|query| format!("?{query}"));
    let body = String::from_utf8_lossy(request.body());
    format!("{method} {path}{} {body}", query.unwrap_or_default())
}

/// Responds with the request as parsed, after a suspension.
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

/// Responds with a body that must not be sent.
fn bodiless(response: Response<'_>, status: StatusCode) -> Outcome<'_> {
    response.status(status).text("not to be sent")
}

/// Reflects text of the client in a header field, if it is a valid value.
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
