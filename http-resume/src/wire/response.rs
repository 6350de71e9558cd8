//! A complete response.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, StatusCode, header};
use smallvec::SmallVec;

/// The header fields of a response. Most responses have one, which needs no allocation.
pub(crate) type HeaderFields = SmallVec<[(HeaderName, HeaderValue); 1]>;

/// The parts of a response that a handler, or the server itself, determines.
#[derive(Debug)]
pub(crate) struct ResponseParts {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderFields,
    pub(crate) body: Cow<'static, [u8]>,
    /// Set if the connection is to be closed after the response.
    pub(crate) close: bool,
}

impl ResponseParts {
    /// Creates a response without header fields and body.
    pub(crate) fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderFields::new(),
            body: Cow::Borrowed(&[]),
            close: false,
        }
    }

    /// Creates a response of the server itself: `text` as plain text.
    pub(crate) fn plain(status: StatusCode, text: &'static str) -> Self {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        Self {
            headers: [(header::CONTENT_TYPE, plain)].into_iter().collect(),
            body: Cow::Borrowed(text.as_bytes()),
            ..Self::new(status)
        }
    }
}
