//! Parsing of a whole stream, for tests and fuzz targets.

use std::ops::Range;

use super::limits::Limits;
use super::message::Message;
use super::parser::{Event, Parser};

/// A request as the parser understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Position in the stream, including empty lines before the request.
    pub place: Range<usize>,
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub fields: Vec<(String, Vec<u8>)>,
    pub is_http10: bool,
    pub keep_alive: bool,
    pub expects_continue: bool,
    pub body: Vec<u8>,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Between,
    WithinRequest,
    Refused(u16),
}

/// Parses a stream that arrives in these pieces, until it ends or a request is refused.
pub fn replay(pieces: &[&[u8]], limits: &Limits) -> (Vec<Parsed>, End) {
    let (mut parser, mut message) = (Parser::default(), Message::default());
    let (mut input, mut requests) = (Vec::new(), Vec::new());
    let (mut begin, mut at) = (0, 0);
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let (used, event) = match parser.read(&input, &mut message, limits) {
                Ok(found) => found,
                Err(error) => return (requests, End::Refused(error.status.as_u16())),
            };
            input.drain(..used);
            at += used;
            match event {
                Event::Starved => break,
                Event::Head => {}
                Event::Complete => {
                    requests.push(parsed(&message, begin..at));
                    message.recycle();
                    begin = at;
                }
            }
        }
    }
    let is_between = parser.is_in_head() && input.is_empty();
    let end = if is_between {
        End::Between
    } else {
        End::WithinRequest
    };
    (requests, end)
}

fn parsed(message: &Message, place: Range<usize>) -> Parsed {
    let to_owned = |(name, value): (&str, &[u8])| (name.to_owned(), value.to_vec());
    Parsed {
        place,
        method: message.method.to_string(),
        path: message.path().to_owned(),
        query: message.query.map(|span| message.text(span).to_owned()),
        fields: message.headers().map(to_owned).collect(),
        is_http10: message.is_http10,
        keep_alive: message.keep_alive,
        expects_continue: message.expects_continue,
        body: message.body.clone(),
    }
}
