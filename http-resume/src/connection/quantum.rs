//! What a connection may do in one turn, so that it cannot starve others.

use crate::service::READ_SIZE;

/// Maximum number of requests that are begun in a turn.
pub(super) const MAX_BEGUN: usize = 64;

/// Maximum number of bytes in a turn: of requests that are parsed, and of their responses. The last
/// request may exceed it.
pub(super) const MAX_BYTES: usize = 4 * READ_SIZE;

/// What a connection may still do before other connections have their turn.
pub(super) struct Quantum {
    requests: usize,
    bytes: usize,
}

impl Quantum {
    pub(super) fn new() -> Self {
        Self {
            requests: MAX_BEGUN,
            bytes: MAX_BYTES,
        }
    }

    pub(super) fn spend(&mut self, is_request: bool, bytes: usize) {
        self.requests -= usize::from(is_request);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Ends the turn.
    pub(super) fn end(&mut self) {
        self.bytes = 0;
    }

    pub(super) fn is_spent(&self) -> bool {
        self.requests == 0 || self.bytes == 0
    }
}
