//! Answers in, bytes out. Knows no sockets.
//!
//! A header field cannot smuggle in a line end: [`http::HeaderName`] and
//! [`http::HeaderValue`] hold none.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{StatusCode, header};

use crate::response::Answer;

/// What the interim response to `Expect: 100-continue` looks like.
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What the request was like, as far as the answer's form depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// HEAD: all of the answer but its body.
    pub(crate) head_only: bool,
    /// HTTP/1.0: keeping the connection must be said.
    pub(crate) is_old: bool,
    /// The connection is closed after it.
    pub(crate) close: bool,
}

/// Appends an answer to `out`.
pub(crate) fn encode(answer: &Answer, form: Form, date: &Date, out: &mut Vec<u8>) {
    let status = answer.status;
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or("").as_bytes());
    out.extend_from_slice(b"\r\nDate: ");
    out.extend_from_slice(date.as_bytes());
    // RFC 9110: neither has a body, and 204 must not give a length.
    let is_bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !is_bodiless {
        out.extend_from_slice(b"\r\nContent-Length: ");
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(digits.format(answer.body.len()).as_bytes());
    }
    if form.close {
        out.extend_from_slice(b"\r\nConnection: close");
    } else if form.is_old {
        out.extend_from_slice(b"\r\nConnection: keep-alive");
    }
    for (name, value) in &answer.headers {
        if !is_of_server(name) {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n\r\n");
    if !is_bodiless && !form.head_only {
        out.extend_from_slice(&answer.body);
    }
}

/// Whether the field is one that only the server can know.
fn is_of_server(name: &header::HeaderName) -> bool {
    [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::DATE,
        header::TRANSFER_ENCODING,
    ]
    .contains(name)
}

/// The value of the `Date` field, formatted once per second.
#[derive(Debug)]
pub(crate) struct Date {
    second: u64,
    text: Vec<u8>,
}

impl Date {
    pub(crate) fn new() -> Self {
        let mut date = Self {
            second: u64::MAX,
            text: Vec::new(),
        };
        date.update();
        date
    }

    /// Catches up with the clock.
    pub(crate) fn update(&mut self) {
        let now = SystemTime::now();
        let second = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if second != self.second {
            self.second = second;
            self.text.clear();
            let date = httpdate::HttpDate::from(now);
            write!(self.text, "{date}").expect("writing to a Vec does not fail");
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text
    }
}
