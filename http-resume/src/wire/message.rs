//! A received request.

use http::{HeaderName, HeaderValue, Method};

use super::response::ResponseParts;

/// A received request. The parser fills it.
///
/// Messages are recycled, so that a request allocates nothing once the buffers have grown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// The bytes that all spans refer to.
    pub(crate) head: Vec<u8>,
    pub(crate) method: Method,
    /// Empty if the target is in absolute form without a path.
    pub(crate) path: Span,
    pub(crate) query: Option<Span>,
    pub(crate) fields: Vec<Field>,
    pub(crate) is_http10: bool,
    /// Set if the client allows the connection to persist.
    pub(crate) keep_alive: bool,
    /// Set if the client waits for a 100 response before it sends the body.
    pub(crate) expects_continue: bool,
    pub(crate) body: Vec<u8>,
    /// Maximum length of the body. Only meaningful if there is a body.
    pub(crate) max_body: usize,
    /// Header fields that middleware adds to the response.
    pub(crate) added: Vec<(HeaderName, HeaderValue)>,
    /// The response of middleware, in place of that of a handler.
    pub(crate) answer: Option<Box<ResponseParts>>,
}

/// Returns the value of the first header field with this name, in any case.
pub(crate) fn find_field<'a, V>(
    mut fields: impl Iterator<Item = (&'a str, V)>,
    name: &str,
) -> Option<V> {
    let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// A part of [`Message::head`].
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
    /// Empties what a head fills.
    pub(super) fn clear_head(&mut self) {
        self.head.clear();
        self.fields.clear();
    }

    /// Empties the message, and releases memory that only a large request needs.
    pub(crate) fn recycle(&mut self) {
        self.clear_head();
        self.head.shrink_to(4 * 1024);
        self.body.clear();
        self.body.shrink_to(16 * 1024);
        if !self.added.is_empty() {
            self.added.clear();
        }
        self.answer = None;
    }

    /// Returns how many bytes the message holds.
    pub(crate) fn bytes(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Returns the path, which is never empty.
    pub(crate) fn path(&self) -> &str {
        match self.text(self.path) {
            // RFC 9112, 3.2.4: the absolute form of `*`.
            "" if self.method == Method::OPTIONS && self.query.is_none() => "*",
            "" => "/",
            path => path,
        }
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fields = self.fields.iter();
        fields.map(|field| (self.text(field.name), &self.head[field.value.range()]))
    }

    /// Returns a part of the target or the name of a field.
    pub(crate) fn text(&self, span: Span) -> &str {
        std::str::from_utf8(&self.head[span.range()]).expect("targets and field names are ASCII")
    }
}

impl Span {
    /// Creates a span within a head, whose length fits in 32 bits.
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// Returns the position of `part` within `head`, whose length fits in 32 bits.
    pub(super) fn of(part: &[u8], head: &[u8]) -> Self {
        let start = part.as_ptr().addr() - head.as_ptr().addr();
        debug_assert!(start + part.len() <= head.len(), "`part` is in `head`");
        Self::new(start, start + part.len())
    }

    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}
