//! The errors.

use core::fmt;

/// The error of a push whose item is in a queue already. Holds the handle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AlreadyQueued<H>(
    /// The handle that was to be pushed.
    pub H,
);

impl<H> fmt::Debug for AlreadyQueued<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AlreadyQueued").finish_non_exhaustive()
    }
}

impl<H> fmt::Display for AlreadyQueued<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the item is already queued")
    }
}

impl<H> core::error::Error for AlreadyQueued<H> {}

/// The error of making a consumer while another one exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerTaken;

impl fmt::Display for ConsumerTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue already has a consumer")
    }
}

impl core::error::Error for ConsumerTaken {}
