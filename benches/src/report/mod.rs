//! The report of a run: what it says, and how it is written.

mod answers;
mod baseline;
mod contents;
mod criterion;
mod details;
mod document;
mod duel;
mod files;
mod findings;
mod losses;
#[cfg(test)]
mod page_tests;
mod plots;
mod render;
mod standing;
mod targets;

pub use baseline::Baseline;
pub use contents::{document, summary, verdicts};
pub use document::{Block, Table};
pub use files::{Files, check_writable, in_workspace, publish, save};
pub use findings::Findings;
pub use render::{markdown, terminal};
pub use standing::with_interval;
pub use targets::{Ratio, Target, judged};
