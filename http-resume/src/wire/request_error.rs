//! Errors that make a request, and everything after it on its connection, unusable.

use http::StatusCode;

/// Why a request is refused. The connection is closed after the error response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestError {
    pub(crate) status: StatusCode,
    /// The body of the error response.
    pub(crate) reason: &'static str,
}

pub(super) type Result<T> = std::result::Result<T, RequestError>;

pub(super) const TOO_LARGE: StatusCode = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;

pub(super) fn refuse<T>(status: StatusCode, reason: &'static str) -> Result<T> {
    Err(RequestError { status, reason })
}

pub(super) fn bad<T>(reason: &'static str) -> Result<T> {
    refuse(StatusCode::BAD_REQUEST, reason)
}
