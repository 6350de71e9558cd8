//! A complete response.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, StatusCode, header};

/// The header fields of a response, without those that the server sets and the type of a text: most
/// responses have none.
pub(crate) type HeaderFields = Vec<(HeaderName, HeaderValue)>;

/// The type of a body of plain text.
static TEXT_TYPE: (HeaderName, HeaderValue) = (
    header::CONTENT_TYPE,
    HeaderValue::from_static("text/plain; charset=utf-8"),
);

/// The parts of a response that a handler, or the server itself, determines.
#[derive(Clone, Debug)]
pub(crate) struct ResponseParts {
    status: StatusCode,
    /// At most one of them is a `Content-Type`.
    fields: HeaderFields,
    /// Set if the body is plain text. Then none of `fields` sets its type.
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
            fields: HeaderFields::new(),
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

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Sets the status. Panics if it is informational.
    pub(crate) fn set_status(&mut self, status: StatusCode) {
        assert!(
            !status.is_informational(),
            "{status} is not the status of a final response"
        );
        self.status = status;
    }

    /// Sets a body of plain text. A field that was added before may set another type.
    pub(crate) fn set_text(&mut self, text: Cow<'static, str>) {
        self.is_text = !self.has_type_field();
        self.body = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
    }

    /// Adds a header field. A `Content-Type` replaces an earlier one, and that of a text.
    pub(crate) fn add(&mut self, name: HeaderName, value: HeaderValue) {
        if name == header::CONTENT_TYPE {
            self.remove(&name);
        }
        self.fields.push((name, value));
    }

    /// Adds the fields that middleware has set for the request. A `Content-Type` among them is only
    /// used if the response has none.
    pub(crate) fn add_of_middleware(
        &mut self,
        added: impl Iterator<Item = (HeaderName, HeaderValue)>,
    ) {
        let has_type = self.is_text || self.has_type_field();
        for (name, value) in added {
            if !has_type || name != header::CONTENT_TYPE {
                self.add(name, value);
            }
        }
    }

    /// Removes the header fields with this name.
    pub(crate) fn remove(&mut self, name: &HeaderName) {
        self.is_text &= *name != header::CONTENT_TYPE;
        self.fields.retain(|(known, _)| known != name);
    }

    /// Takes the status and the body of another response, and adds its header fields.
    pub(crate) fn continue_with(&mut self, other: Self) {
        self.is_text = other.is_text && !self.has_type_field();
        for (name, value) in other.fields {
            self.add(name, value);
        }
        self.status = other.status;
        self.body = other.body;
        self.close |= other.close;
    }

    /// Returns all header fields, that of the type of a text included.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let text_type = self.is_text.then_some(&TEXT_TYPE);
        let all = text_type.into_iter().chain(&self.fields);
        all.map(|(name, value)| (name, value))
    }

    /// Returns the header fields that were added.
    pub(super) fn fields(&self) -> &[(HeaderName, HeaderValue)] {
        &self.fields
    }

    /// Returns the header fields that were added.
    pub(crate) fn into_fields(self) -> HeaderFields {
        self.fields
    }

    pub(super) fn is_text(&self) -> bool {
        self.is_text
    }

    fn has_type_field(&self) -> bool {
        let mut names = self.fields.iter().map(|(name, _)| name);
        names.any(|name| *name == header::CONTENT_TYPE)
    }
}
