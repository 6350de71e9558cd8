//! Interpretation of the header fields that concern host, body and connection.

use std::net::Ipv6Addr;

use http::StatusCode;

use super::message::Message;
use super::request_error::{Result, bad, refuse};

/// How the end of a body is determined.
#[derive(Clone, Copy, Debug)]
pub(super) enum BodyLength {
    Chunked,
    Bytes(u64),
}

/// What the header fields that the server itself interprets have said so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    hosts: usize,
    length: Option<u64>,
    codings: Codings,
    close: bool,
    keep_alive: bool,
    expects_continue: bool,
}

impl Fields {
    /// Interprets a field.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8], is_http10: bool) -> Result<()> {
        // Lengths are compared first because most fields are none of these.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.hosts += 1;
                match is_valid_host(value) {
                    true => Ok(()),
                    false => bad("invalid Host"),
                }
            }
            6 | 10 | 14 | 17 => self.add_rare(name, value, is_http10),
            _ => Ok(()),
        }
    }

    fn add_rare(&mut self, name: &[u8], value: &[u8], is_http10: bool) -> Result<()> {
        if name.eq_ignore_ascii_case(b"expect") {
            // RFC 9110, 5.6.1.2: empty elements are ignored. (Transfer-Encoding is read more
            // strictly.)
            for expected in list(value).filter(|expected| !expected.is_empty()) {
                if !expected.eq_ignore_ascii_case(b"100-continue") {
                    return refuse(StatusCode::EXPECTATION_FAILED, "unsupported Expect value");
                }
                self.expects_continue = !is_http10; // HTTP/1.0 has no interim responses
            }
        } else if name.eq_ignore_ascii_case(b"connection") {
            for option in list(value) {
                self.close |= option.eq_ignore_ascii_case(b"close");
                self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let Some(value) = decimal(value) else {
                return bad("invalid Content-Length");
            };
            if self.length.is_some_and(|length| length != value) {
                return bad("conflicting Content-Length values");
            }
            self.length = Some(value);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            list(value).for_each(|coding| self.codings.add(coding));
        }
        Ok(())
    }

    /// Stores in the message what all fields mean together. Returns how the body is delimited.
    pub(super) fn finish(self, message: &mut Message) -> Result<BodyLength> {
        let is_http10 = message.is_http10;
        if self.hosts > 1 || (self.hosts == 0 && !is_http10) {
            return bad("missing or repeated Host");
        }
        let body = match (self.codings.is_chunked(is_http10)?, self.length) {
            (true, None) => BodyLength::Chunked,
            (true, Some(_)) => {
                return bad("both Content-Length and Transfer-Encoding present");
            }
            (false, length) => BodyLength::Bytes(length.unwrap_or(0)),
        };
        message.keep_alive = !self.close && (self.keep_alive || !is_http10);
        let has_body = !matches!(body, BodyLength::Bytes(0));
        message.expects_continue = self.expects_continue && has_body;
        Ok(body)
    }
}

/// The transfer codings of a message, collected from all its fields.
#[derive(Debug, Default)]
struct Codings {
    count: usize,
    chunked: usize,
    last_is_chunked: bool,
}

impl Codings {
    fn add(&mut self, coding: &[u8]) {
        self.count += 1;
        self.last_is_chunked = coding.eq_ignore_ascii_case(b"chunked");
        self.chunked += usize::from(self.last_is_chunked);
    }

    /// Returns whether the body is chunked. Refuses every other coding, and any doubt.
    fn is_chunked(&self, is_http10: bool) -> Result<bool> {
        match (self.count, self.chunked) {
            (0, _) => Ok(false),
            _ if is_http10 => bad("Transfer-Encoding in HTTP/1.0"),
            (1, 1) => Ok(true),
            (_, 0 | 1) if self.last_is_chunked || self.chunked == 0 => {
                refuse(StatusCode::NOT_IMPLEMENTED, "unsupported transfer coding")
            }
            _ => bad("chunked repeated or not the last transfer coding"),
        }
    }
}

/// Returns the elements of a comma-separated list, without surrounding white space.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// Parses a number that consists of digits only. (`str::parse` would accept a sign.)
fn decimal(value: &[u8]) -> Option<u64> {
    let add = |number: u64, digit: u64| number.checked_mul(10)?.checked_add(digit);
    let digits = value.iter().map(|byte| u64::from(byte.wrapping_sub(b'0')));
    let number = digits
        .into_iter()
        .try_fold(0, |number, digit| match digit {
            0..=9 => add(number, digit),
            _ => None,
        })?;
    (!value.is_empty()).then_some(number)
}

/// Returns `true` for a host with or without a port. Userinfo, blanks and lists are invalid.
pub(super) fn is_valid_host(value: &[u8]) -> bool {
    let port = match value.strip_prefix(b"[") {
        Some(literal) => match literal.iter().position(|&byte| byte == b']') {
            Some(end) if is_ipv6(&literal[..end]) => &literal[end + 1..],
            _ => return false,
        },
        None => {
            let is_in_name = |byte: u8| IS_IN_NAME[usize::from(byte)];
            let end = value.iter().position(|&byte| !is_in_name(byte));
            match value.split_at(end.unwrap_or(value.len())) {
                ([], _) => return false,
                (_, port) => port,
            }
        }
    };
    match port {
        [] | [b':'] => true,
        [b':', digits @ ..] => is_port(digits),
        _ => false,
    }
}

fn is_port(mut digits: &[u8]) -> bool {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    let is_number = digits.iter().all(u8::is_ascii_digit);
    // Numbers of as many digits are in the order of their texts.
    is_number && (digits.len() < 5 || digits.len() == 5 && *digits <= b"65535"[..])
}

fn is_ipv6(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// The bytes of a registered name (RFC 3986, section 3.2.2), without the comma, which some
/// parsers take for a list separator. A table, because every request has a host.
const IS_IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"-._~%!$&'()*+;=";
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};
