//! The output formats of a report.

mod html;
mod markdown;
mod terminal;

pub(super) use html::html;
pub use markdown::markdown;
pub use terminal::terminal;
