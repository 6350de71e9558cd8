//! Parsing of request heads.

use std::mem::MaybeUninit;

use http::{Method, StatusCode};

use super::limits::possible_fields;
use super::meaning::{BodyLength, Fields, is_valid_host};
use super::message::{Field, Message, Span};
use super::request_error::{RequestError, Result, TOO_LARGE, bad, refuse};

/// With a limit of no more fields than that, a head is parsed without an allocation.
const USUAL_FIELDS: usize = 100;

/// Parses a complete head with at most `max_fields` fields into `message`. Returns how the body is
/// delimited.
pub(super) fn read_head(
    head: &[u8],
    message: &mut Message,
    max_fields: usize,
) -> Result<BodyLength> {
    let mut usual = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    let mut many = Vec::new();
    let max_fields = possible_fields(head, max_fields);
    let fields = match usual.get_mut(..max_fields) {
        Some(fields) => fields,
        None => {
            many.resize_with(max_fields, MaybeUninit::uninit);
            &mut many
        }
    };
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(head, fields) {
        Ok(httparse::Status::Complete(_)) => fill(message, head, &request),
        Ok(httparse::Status::Partial) => bad("invalid request head"),
        Err(error) => Err(error_of(error, head)),
    }
}

/// Fills `message` with a head and what was parsed from it.
fn fill(
    message: &mut Message,
    head: &[u8],
    request: &httparse::Request<'_, '_>,
) -> Result<BodyLength> {
    let (Some(method), Some(target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return bad("invalid request head");
    };
    if u32::try_from(head.len()).is_err() {
        return refuse(TOO_LARGE, "fields too long"); // for the spans
    }
    message.clear_head();
    message.head.extend_from_slice(head);
    message.is_http10 = version == 0;
    message.method = match Method::from_bytes(method.as_bytes()) {
        Ok(method) => method,
        Err(_) => return bad("invalid method"),
    };
    (message.path, message.query) = read_target(target, &message.method, head)?;
    let mut fields = Fields::default();
    for field in &*request.headers {
        fields.add(field.name.as_bytes(), field.value, message.is_http10)?;
        message.fields.push(Field {
            name: Span::of(field.name.as_bytes(), head),
            value: Span::of(field.value, head),
        });
    }
    fields.finish(message)
}

fn error_of(error: httparse::Error, head: &[u8]) -> RequestError {
    let (status, reason) = match error {
        httparse::Error::TooManyHeaders => (TOO_LARGE, "too many header fields"),
        httparse::Error::Version if has_other_version(head) => (
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "unsupported HTTP version",
        ),
        httparse::Error::Version => (StatusCode::BAD_REQUEST, "invalid HTTP version"),
        httparse::Error::HeaderName => (StatusCode::BAD_REQUEST, "invalid header name"),
        httparse::Error::HeaderValue => (StatusCode::BAD_REQUEST, "invalid header value"),
        _ => (StatusCode::BAD_REQUEST, "invalid request line"),
    };
    RequestError { status, reason }
}

/// Returns `true` if the request line ends with a version of HTTP other than 1.0 and 1.1.
fn has_other_version(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or(head);
    let version = line.rsplit(|&byte| byte == b' ').next().unwrap_or(line);
    match version {
        b"HTTP/1.1" | b"HTTP/1.0" => false, // something else is wrong with the line
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] => {
            major.is_ascii_digit() && minor.is_ascii_digit()
        }
        _ => false,
    }
}

/// Returns the path and the query of a target, whose form must fit the method.
fn read_target(target: &str, method: &Method, head: &[u8]) -> Result<(Span, Option<Span>)> {
    if method == Method::CONNECT {
        return refuse(StatusCode::NOT_IMPLEMENTED, "CONNECT not supported");
    }
    if !target.is_ascii() || target.contains('#') {
        return bad(INVALID_TARGET);
    }
    let rest = if target.starts_with('/') || (target == "*" && method == Method::OPTIONS) {
        target
    } else if let Some((scheme, rest)) = target.split_once("://") {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let is_http = ["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        if !is_http || !is_valid_host(&rest.as_bytes()[..end]) {
            return bad(INVALID_TARGET);
        }
        &rest[end..]
    } else {
        return bad(INVALID_TARGET);
    };
    let span = |part: &str| Span::of(part.as_bytes(), head);
    Ok(match rest.split_once('?') {
        Some((path, query)) => (span(path), Some(span(query))),
        None => (span(rest), None),
    })
}

const INVALID_TARGET: &str = "invalid request target";
