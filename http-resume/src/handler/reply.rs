//! A response as a value.

use std::borrow::Cow;
use std::convert::Infallible;

use http::{HeaderName, HeaderValue, StatusCode};

use crate::wire::ResponseParts;

/// A response as a value, for `async` handlers, and for functions that fail with one.
///
/// Texts, bytes and statuses become replies. So does a pair of a status and what becomes a reply,
/// and a `Result` if both of its values do.
///
/// ```
/// use http_resume::{Reply, StatusCode};
///
/// fn find(key: &str) -> Result<&'static str, StatusCode> {
///     match key {
///         "greeting" => Ok("hello"),
///         _ => Err(StatusCode::NOT_FOUND),
///     }
/// }
///
/// let found: Reply = find("greeting").into();
/// let missing: Reply = find("farewell").into();
/// let created: Reply = (StatusCode::CREATED, "welcome").into();
/// assert_eq!([found, missing, created].map(|reply| reply.status().as_u16()), [200, 404, 201]);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a reply is a value, which a handler must return"]
pub struct Reply(ResponseParts);

impl Reply {
    /// Creates a reply without a body.
    ///
    /// # Panics
    ///
    /// Panics if the status is informational (1xx).
    pub fn new(status: StatusCode) -> Self {
        Self(ResponseParts::new(StatusCode::OK)).with_status(status)
    }

    /// Sets a body of plain text. A `Content-Type` that was added before remains.
    pub fn text(mut self, body: impl Into<Cow<'static, str>>) -> Self {
        self.0.set_text(body.into());
        self
    }

    /// Sets a body of bytes. [`header`](Self::header) can set its type, before or after; that of an
    /// earlier [`text`](Self::text) remains, for middleware that encodes the body.
    pub fn body(mut self, body: impl Into<Cow<'static, [u8]>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Adds a header field, as [`Response::header`](crate::Response::header) does. A `Content-Type`
    /// also replaces that of an earlier [`text`](Self::text).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.add(name, value);
        self
    }

    /// Removes the header fields with this name. Without its `Content-Type`, a text has no type.
    ///
    /// ```
    /// use http_resume::{Reply, http::header};
    ///
    /// let reply = Reply::from("no type").without_header(header::CONTENT_TYPE);
    /// assert_eq!(reply.headers().count(), 0);
    /// ```
    pub fn without_header(mut self, name: HeaderName) -> Self {
        self.0.remove(&name);
        self
    }

    /// Closes the connection after the response.
    pub fn close(mut self) -> Self {
        self.0.close = true;
        self
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Returns the names and values of the header fields: those that were added, and the
    /// `Content-Type` of a [`text`](Self::text). The server adds others when it sends the reply.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.headers()
    }

    /// Returns the body.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.body
    }

    /// Returns the body alone.
    #[must_use]
    pub fn into_body(self) -> Cow<'static, [u8]> {
        self.0.body
    }

    /// Sets the status.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.set_status(status);
        self
    }

    pub(crate) fn from_parts(parts: ResponseParts) -> Self {
        Self(parts)
    }

    pub(crate) fn into_parts(self) -> ResponseParts {
        self.0
    }
}

impl From<StatusCode> for Reply {
    fn from(status: StatusCode) -> Self {
        Self::new(status)
    }
}

impl From<&'static str> for Reply {
    fn from(text: &'static str) -> Self {
        Self::new(StatusCode::OK).text(text)
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::new(StatusCode::OK).text(text)
    }
}

impl From<Cow<'static, str>> for Reply {
    fn from(text: Cow<'static, str>) -> Self {
        Self::new(StatusCode::OK).text(text)
    }
}

impl From<&'static [u8]> for Reply {
    fn from(bytes: &'static [u8]) -> Self {
        Self::new(StatusCode::OK).body(bytes)
    }
}

impl From<Vec<u8>> for Reply {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(StatusCode::OK).body(bytes)
    }
}

/// For a `Result` that cannot be an error.
impl From<Infallible> for Reply {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Replaces the status. Panics if it is informational, as [`Reply::with_status`] does.
impl<T: Into<Reply>> From<(StatusCode, T)> for Reply {
    fn from((status, reply): (StatusCode, T)) -> Self {
        reply.into().with_status(status)
    }
}

impl<T: Into<Reply>, E: Into<Reply>> From<Result<T, E>> for Reply {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => value.into(),
            Err(error) => error.into(),
        }
    }
}
