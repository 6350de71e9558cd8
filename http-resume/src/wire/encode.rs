//! Encoding of responses.
//!
//! A header field cannot contain a line end, because [`http::HeaderName`] and
//! [`http::HeaderValue`] exclude it.

use http::{HeaderName, StatusCode, header};

use super::date::{Date, LENGTH, TEXT_TYPE};
use super::response::ResponseParts;

/// The interim response to `Expect: 100-continue`.
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How a response is encoded, as far as that depends on the request and the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framing {
    /// Set for HEAD: the body is left out.
    pub(crate) head_only: bool,
    /// Set for HTTP/1.0, where `Connection: keep-alive` must be sent.
    pub(crate) is_http10: bool,
    /// Set if the connection is closed after the response.
    pub(crate) close: bool,
}

impl Framing {
    pub(crate) fn with_close(self, close: bool) -> Self {
        Self { close, ..self }
    }
}

/// Appends a response to `out`.
pub(crate) fn encode(response: &ResponseParts, framing: Framing, date: &Date, out: &mut Vec<u8>) {
    // RFC 9110: none of the three has a body, and 204 must not have a Content-Length.
    let status = response.status();
    let has_length = ![StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    let has_body = has_length && status != StatusCode::RESET_CONTENT;
    let body = if has_body { &*response.body } else { &[] };
    if status == StatusCode::OK && response.is_text() {
        out.extend_from_slice(date.beginning_of_text()); // fast path
    } else {
        begin(response, has_body, has_length, date, out);
    }
    if has_length {
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(digits.format(body.len()).as_bytes());
    }
    if framing.close {
        out.extend_from_slice(b"\r\nConnection: close");
    } else if framing.is_http10 {
        out.extend_from_slice(b"\r\nConnection: keep-alive");
    }
    for (name, value) in response.fields() {
        if !is_set_by_server(name) {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n\r\n");
    if !framing.head_only {
        out.extend_from_slice(body);
    }
}

/// Appends the status line, the date, the type of a body of plain text, and the name of the field
/// with the length.
fn begin(
    response: &ResponseParts,
    has_body: bool,
    has_length: bool,
    date: &Date,
    out: &mut Vec<u8>,
) {
    let status = response.status();
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or("").as_bytes());
    out.extend_from_slice(b"\r\nDate: ");
    out.extend_from_slice(date.as_bytes());
    if response.is_text() && has_body {
        out.extend_from_slice(TEXT_TYPE.as_bytes());
    }
    if has_length {
        out.extend_from_slice(LENGTH.as_bytes());
    }
}

/// Returns `true` for the fields that only the server may set.
fn is_set_by_server(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::DATE,
        header::TRANSFER_ENCODING,
    ]
    .contains(name)
}
