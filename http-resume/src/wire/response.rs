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
    /// Set if the body is plain text. Then no field of `headers` sets its type.
    is_text: bool,
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
            is_text: false,
            body: Cow::Borrowed(&[]),
            close: false,
        }
    }

    /// Creates a response of the server itself: `text` as plain text.
    pub(crate) fn plain(status: StatusCode, text: &'static str) -> Self {
        let mut response = Self::new(status);
        response.set_text(Cow::Borrowed(text));
        response
    }

    /// Sets a body of plain text. A field that was added before may set another type.
    pub(crate) fn set_text(&mut self, text: Cow<'static, str>) {
        self.is_text = !self.has_type();
        self.body = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
    }

    /// Takes the status and the body of another response. Its fields follow those of this one.
    pub(crate) fn continue_with(&mut self, other: Self) {
        self.is_text = other.is_text && !self.has_type();
        self.headers.extend(other.headers);
        self.status = other.status;
        self.body = other.body;
        self.close |= other.close;
    }

    pub(super) fn is_text(&self) -> bool {
        self.is_text
    }

    fn has_type(&self) -> bool {
        let mut names = self.headers.iter().map(|(name, _)| name);
        names.any(|name| *name == header::CONTENT_TYPE)
    }
}
