//! What ends an audit before its verdict.

/// An error of any job.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;
