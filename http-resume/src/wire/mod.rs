//! HTTP/1.1 on the wire: bytes to requests, responses to bytes. Knows no sockets.
//!
//! Parsing is strict in everything that decides where a message ends, because a proxy in
//! front of the server may interpret an ambiguous message differently (request smuggling).
//! An ambiguous request is refused with a status, and the connection is closed.

mod chunked;
mod date;
mod encode;
mod head;
mod limits;
mod meaning;
mod message;
mod parser;
#[cfg(any(test, fuzzing))]
#[allow(
    missing_docs,
    unreachable_pub,
    reason = "public only for the fuzz targets"
)]
pub(crate) mod replay;
mod request_error;
mod response;
#[cfg(test)]
mod tests;
mod usual_head;

pub(crate) use date::Date;
pub(crate) use encode::{CONTINUE, Framing, encode};
pub(crate) use limits::Limits;
pub(crate) use message::{Message, find_field};
pub(crate) use parser::{Event, Parser};
pub(crate) use request_error::RequestError;
pub(crate) use response::{HeaderFields, ResponseParts};
