//! Limits on the parts of a request.

/// Maximum number of header fields, and of trailer fields.
pub(super) const MAX_FIELDS: usize = 100;

/// Maximum length of a line with a chunk's size and extensions.
pub(super) const MAX_CHUNK_LINE: usize = 4 * 1024;

/// Limits that depend on the configuration or, in tests, are smaller than usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Length of the request line with its line end.
    pub(crate) request_line: usize,
    /// Length of the header section, or of the trailer section, with its empty line.
    pub(crate) headers: usize,
    /// Length of the body. May change once the head has been read.
    pub(crate) body: usize,
}

impl Limits {
    pub(crate) fn with_max_body(body: usize) -> Self {
        Self {
            request_line: 8 * 1024,
            headers: 64 * 1024,
            body,
        }
    }
}
