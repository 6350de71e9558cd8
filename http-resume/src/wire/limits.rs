//! Limits on the parts of a request.

/// Maximum length of a line with a chunk's size and extensions.
pub(super) const MAX_CHUNK_LINE: usize = 4 * 1024;

/// Limits that depend on the configuration or, in tests, are smaller than usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Length of the request line with its line end.
    pub(crate) request_line: usize,
    /// Length of the header section, or of the trailer section, with its empty line.
    pub(crate) headers: usize,
    /// Number of header fields, and of trailer fields.
    pub(crate) fields: usize,
    /// Length of the body. May change once the head has been read.
    pub(crate) body: usize,
}

/// Returns how many fields a section of this length can have, and no more than `max`. So no limit,
/// however high, makes a short section cost memory.
pub(super) fn possible_fields(section: &[u8], max: usize) -> usize {
    const SHORTEST: usize = "a:\r\n".len();
    max.min(section.len() / SHORTEST + 1)
}

/// Returns at most `limit` bytes of the input.
pub(super) fn within(input: &[u8], limit: usize) -> &[u8] {
    &input[..input.len().min(limit)]
}
