//! A request as its handler sees it, and the message behind it.

use std::fmt;

use http::{HeaderName, HeaderValue, Method};

use crate::metrics::Metrics;
use crate::router::Router;

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

/// A request as it was received. Filled by the parser; recycled, so that a
/// request allocates nothing once the buffers have grown.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// The bytes that all spans point into.
    pub(crate) head: Vec<u8>,
    pub(crate) method: Method,
    /// Empty in a target of the absolute form that has no path.
    pub(crate) path: Span,
    pub(crate) query: Option<Span>,
    pub(crate) fields: Vec<Field>,
    /// HTTP/1.0, not 1.1.
    pub(crate) is_old: bool,
    /// Whether the client wants the connection to stay.
    pub(crate) keep_alive: bool,
    /// Whether the client waits for a 100 before it sends the body.
    pub(crate) expects_continue: bool,
    pub(crate) body: Vec<u8>,
    /// How long the body may be. Of no meaning if there is none.
    pub(crate) max_body: usize,
    /// What middleware adds to the answer.
    pub(crate) added: Vec<(HeaderName, HeaderValue)>,
}

/// A piece of a head.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

/// A header field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

impl Message {
    /// Empties the buffers, and forgets what is to be done for this message. All
    /// else is overwritten with the next head.
    pub(crate) fn clear(&mut self) {
        self.expects_continue = false;
        self.head.clear();
        self.fields.clear();
        self.body.clear();
        self.added.clear();
    }

    /// Gives back the memory that only a large request needs.
    pub(crate) fn shrink(&mut self) {
        self.clear();
        self.head.shrink_to(4 * 1024);
        self.body.shrink_to(16 * 1024);
    }

    /// The path, never empty.
    pub(crate) fn path(&self) -> &str {
        match self.text(self.path) {
            "" => "/",
            path => path,
        }
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fields = self.fields.iter();
        fields.map(|field| (self.text(field.name), &self.head[field.value.range()]))
    }

    /// A piece of the target, or the name of a field.
    pub(crate) fn text(&self, span: Span) -> &str {
        std::str::from_utf8(&self.head[span.range()])
            .expect("the parser saw to it that it is ASCII")
    }
}

impl Span {
    /// Where `part`, a piece of `whole`, lies in it.
    pub(crate) fn of(part: &[u8], whole: &[u8]) -> Self {
        let start = part.as_ptr().addr() - whole.as_ptr().addr();
        debug_assert!(start + part.len() <= whole.len(), "a part of the whole");
        Self {
            start: u32::try_from(start).expect("a head is short"),
            end: u32::try_from(start + part.len()).expect("a head is short"),
        }
    }

    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}
