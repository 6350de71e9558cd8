//! Essays on the internals, the limits and the costs.

#![allow(clippy::doc_markdown)] // names of other projects

#[doc = include_str!("algorithm.md")]
pub mod algorithm {}

#[doc = include_str!("limitations.md")]
pub mod limitations {}

#[doc = include_str!("performance.md")]
pub mod performance {}

#[doc = include_str!("misuse.md")]
pub mod misuse {}
