//! A request as its handler sees it, and the message behind it.

use std::fmt;

use http::Method;

use crate::metrics::Metrics;
use crate::router::Router;
use crate::wire::Message;

/// A request: its head and its collected body, lent to the handler for one call.
///
/// A handler that is called again, after a resume, is lent the same request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    message: &'a Message,
    router: &'a Router,
    metrics: &'a Metrics,
}

impl<'a> Request<'a> {
    pub(crate) fn new(message: &'a Message, router: &'a Router, metrics: &'a Metrics) -> Self {
        Self {
            message,
            router,
            metrics,
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        &self.message.method
    }

    /// The path of the target, as it was sent: not percent-decoded.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.message.path()
    }

    /// What follows the `?` of the target, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.message.query.map(|query| self.message.text(query))
    }

    /// What stands in the path for `{name}` of the route.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        // Matched anew, for the few that ask, rather than kept for all.
        self.router.param(self.message.path(), name)
    }

    /// The first field of that name (in any case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All fields, in order: names as they were sent, values without the blanks
    /// around them.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.message.headers()
    }

    /// The body. Empty, if there is none.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        &self.message.body
    }

    /// What the server that received it has counted.
    #[must_use]
    pub fn metrics(&self) -> &'a Metrics {
        self.metrics
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", self.method())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}
