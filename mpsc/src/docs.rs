//! The internals, the limits and the costs, for those who must judge them.

#![allow(clippy::doc_markdown)] // names of other projects

#[doc = include_str!("docs/algorithm.md")]
pub mod algorithm {}

#[doc = include_str!("docs/limitations.md")]
pub mod limitations {}

#[doc = include_str!("docs/performance.md")]
pub mod performance {}

#[doc = include_str!("docs/misuse.md")]
pub mod misuse {}
