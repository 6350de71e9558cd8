//! Parsing of the chunked transfer coding: size lines and trailers.

use super::limits::possible_fields;
use super::request_error::{Result, TOO_LARGE, bad, refuse};

/// Parses the size in a line such as `1a;name=value`.
pub(super) fn read_chunk_size(line: &[u8]) -> Result<u64> {
    let end = line
        .iter()
        .position(|byte| !byte.is_ascii_hexdigit())
        .unwrap_or(line.len());
    let (digits, extensions) = line.split_at(end);
    if skip_extensions(extensions) != Some(b"") {
        return bad("invalid chunk size");
    }
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    // `from_str_radix` refuses an empty string and an overflow. It would accept a sign, but
    // `digits` has none.
    u64::from_str_radix(digits, 16).or_else(|_| bad("invalid chunk size"))
}

/// Checks the trailer section, with at most `max_fields` fields, which is then discarded.
pub(super) fn check_trailers(trailers: &[u8], max_fields: usize) -> Result<()> {
    let mut fields = vec![httparse::EMPTY_HEADER; possible_fields(trailers, max_fields)];
    match httparse::parse_headers(trailers, &mut fields) {
        Ok(httparse::Status::Complete(_)) => Ok(()),
        Err(httparse::Error::TooManyHeaders) => refuse(TOO_LARGE, "too many trailer fields"),
        _ => bad("invalid trailer fields"),
    }
}

/// Returns the text after a possibly empty sequence of `;name` and `;name=value`.
fn skip_extensions(mut text: &[u8]) -> Option<&[u8]> {
    while let Some(after) = text.strip_prefix(b";") {
        text = match skip_token(after)? {
            [b'=', b'"', quoted @ ..] => skip_quoted(quoted)?,
            [b'=', value @ ..] => skip_token(value)?,
            after => after,
        };
    }
    Some(text)
}

/// Returns the text after the token at the beginning, if there is a token.
fn skip_token(text: &[u8]) -> Option<&[u8]> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = text
        .iter()
        .position(|byte| !is_token(byte))
        .unwrap_or(text.len());
    (end > 0).then(|| &text[end..])
}

/// Returns the text after the closing quote.
fn skip_quoted(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = match text {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'\t' | b' '..=b'~' | 0x80.., after @ ..] => after,
            [b'\t' | b' '..=b'~' | 0x80.., after @ ..] => after,
            _ => return None,
        };
    }
}
