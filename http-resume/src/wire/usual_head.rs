//! Parsing of heads of the usual form, in one pass.
//!
//! Nearly all heads have a common method, a path, and fields of visible ASCII without superfluous
//! blanks. For them, this takes a third of the instructions of [`head`](super::head), which parses
//! all others and finds the errors. What this module accepts, that one must accept with the same
//! result; a test and a fuzz target compare the two.

use http::Method;

use super::limits::{Limits, within};
use super::meaning::{BodyLength, Fields};
use super::message::{Field, Message, Span};

/// Parses the head at the beginning of the input, if it is complete, of the usual form, and within
/// the limits. Returns where it ends, and how the body is delimited.
pub(super) fn read_usual_head(
    input: &[u8],
    message: &mut Message,
    limits: &Limits,
) -> Option<(usize, BodyLength)> {
    debug_assert!(message.head.is_empty() && message.fields.is_empty());
    let input = within(input, u32::MAX as usize); // for the spans
    let begin = read_request_line(input, message)?;
    if begin > limits.request_line {
        return None;
    }
    let mut fields = Fields::default();
    let mut at = begin;
    while !input[at..].starts_with(b"\r\n") {
        let (field, end) = read_field(input, at)?;
        if message.fields.len() == limits.fields {
            return None;
        }
        let (name, value) = (&input[field.name.range()], &input[field.value.range()]);
        fields.add(name, value, message.is_http10).ok()?;
        message.fields.push(field);
        at = end;
    }
    let end = at + 2;
    if end - begin > limits.headers {
        return None;
    }
    let length = fields.finish(message).ok()?;
    message.head.extend_from_slice(&input[..end]);
    Some((end, length))
}

/// Reads a request line into `message`. Returns where it ends.
fn read_request_line(input: &[u8], message: &mut Message) -> Option<usize> {
    let (method, begin) = match input {
        [b'G', b'E', b'T', b' ', b'/', ..] => (Method::GET, 4),
        [b'P', b'O', b'S', b'T', b' ', b'/', ..] => (Method::POST, 5),
        [b'H', b'E', b'A', b'D', b' ', b'/', ..] => (Method::HEAD, 5),
        [b'P', b'U', b'T', b' ', b'/', ..] => (Method::PUT, 4),
        _ => return None,
    };
    let mut target = input[begin..].iter();
    let end = begin + target.position(|&byte| !is(TARGET, byte))?;
    message.is_http10 = match input[end..].first_chunk()? {
        b" HTTP/1.1\r\n" => false,
        b" HTTP/1.0\r\n" => true,
        _ => return None,
    };
    message.method = method;
    let mut target = input[begin..end].iter();
    let mark = target.position(|&byte| byte == b'?').map(|n| begin + n);
    message.path = Span::new(begin, mark.unwrap_or(end));
    message.query = mark.map(|mark| Span::new(mark + 1, end));
    Some(end + b" HTTP/1.1\r\n".len())
}

/// Reads the field that begins at this place. Returns it, and where its line ends.
fn read_field(input: &[u8], begin: usize) -> Option<(Field, usize)> {
    let mut name = input[begin..].iter();
    let colon = begin + name.position(|&byte| !is(TOKEN, byte))?;
    let [b':', b' ', rest @ ..] = &input[colon..] else {
        return None;
    };
    let start = colon + 2;
    let end = start + visible_length(rest);
    let has_blanks = |value: &[u8]| value.starts_with(b" ") || value.ends_with(b" ");
    if colon == begin || has_blanks(&input[start..end]) || !input[end..].starts_with(b"\r\n") {
        return None;
    }
    let field = Field {
        name: Span::new(begin, colon),
        value: Span::new(start, end),
    };
    Some((field, end + 2))
}

/// Returns how many bytes of visible ASCII, or blanks, the text begins with.
fn visible_length(text: &[u8]) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let (eights, rest) = text.as_chunks();
    for (index, bytes) in eights.iter().enumerate() {
        // The highest bit of a byte that is not visible becomes set. A borrow or a carry from such
        // a byte changes later ones only.
        let bytes = u64::from_le_bytes(*bytes);
        let below = bytes.wrapping_sub(EACH * u64::from(b' '));
        let above = bytes.wrapping_add(EACH);
        let invisible = (below | above) & (EACH * 0x80);
        if invisible != 0 {
            return 8 * index + invisible.trailing_zeros() as usize / 8;
        }
    }
    let is_visible = |byte: &&u8| (b' '..=b'~').contains(*byte);
    8 * eights.len() + rest.iter().take_while(is_visible).count()
}

/// The bytes of a token (RFC 9110, section 5.6.2).
const TOKEN: u8 = 1;

/// The bytes of a target, without `#`.
const TARGET: u8 = 2;

fn is(class: u8, byte: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// The classes that each byte is in.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        let is_token = byte.is_ascii_alphanumeric() || is_mark(byte);
        classes[byte as usize] = match (is_token, byte) {
            (true, b'#') => TOKEN,
            (true, _) => TOKEN | TARGET,
            (false, _) => TARGET,
        };
        byte += 1;
    }
    classes
};

const fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'\''
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b'^'
            | b'_'
            | b'`'
            | b'|'
            | b'~'
    )
}
