//! Interpretation of the header fields that concern host, body and connection.

use std::net::Ipv6Addr;

use http::StatusCode;

use super::request_error::{Result, bad, refuse};

/// The meaning of the header fields that the server itself interprets.
#[derive(Debug)]
pub(super) struct Meaning {
    pub(super) chunked: bool,
    /// 0 without a body and with a chunked one.
    pub(super) length: u64,
    pub(super) keep_alive: bool,
    pub(super) expects_continue: bool,
}

impl Meaning {
    pub(super) fn of(fields: &[httparse::Header<'_>], is_http10: bool) -> Result<Self> {
        let mut hosts = 0;
        let mut length = None;
        let mut codings = Codings::default();
        let (mut close, mut keep_alive, mut expects_continue) = (false, false, false);
        for field in fields {
            // Lengths are compared first because most fields are none of these.
            match field.name.len() {
                4 if field.name.eq_ignore_ascii_case("host") => {
                    hosts += 1;
                    if !is_valid_host(field.value) {
                        return bad("invalid Host");
                    }
                }
                6 if field.name.eq_ignore_ascii_case("expect") => {
                    let mut expected = list(field.value);
                    if !expected.all(|value| value.eq_ignore_ascii_case(b"100-continue")) {
                        return refuse(StatusCode::EXPECTATION_FAILED, "unsupported Expect value");
                    }
                    expects_continue = !is_http10; // HTTP/1.0 has no interim responses
                }
                10 if field.name.eq_ignore_ascii_case("connection") => {
                    for option in list(field.value) {
                        close |= option.eq_ignore_ascii_case(b"close");
                        keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if field.name.eq_ignore_ascii_case("content-length") => {
                    let Some(value) = decimal(field.value) else {
                        return bad("invalid Content-Length");
                    };
                    if length.is_some_and(|length| length != value) {
                        return bad("conflicting Content-Length values");
                    }
                    length = Some(value);
                }
                17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                    list(field.value).for_each(|coding| codings.add(coding));
                }
                _ => {}
            }
        }
        if hosts > 1 || (hosts == 0 && !is_http10) {
            return bad("missing or repeated Host");
        }
        let chunked = codings.is_chunked(is_http10)?;
        if chunked && length.is_some() {
            return bad("both Content-Length and Transfer-Encoding present");
        }
        Ok(Self {
            chunked,
            length: length.unwrap_or(0),
            keep_alive: !close && (keep_alive || !is_http10),
            expects_continue,
        })
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
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let (&first, rest) = value.split_first()?;
    rest.iter().try_fold(digit(first)?, |number, &byte| {
        number.checked_mul(10)?.checked_add(digit(byte)?)
    })
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
        [b':', digits @ ..] => decimal(digits).is_some_and(|port| port <= u16::MAX.into()),
        _ => false,
    }
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
