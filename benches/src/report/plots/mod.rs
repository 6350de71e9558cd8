//! The drawings of a report.

mod boxes;

use std::error::Error;

pub(super) use boxes::boxes;

use super::Findings;
use super::document::Plot;

/// Draws the plots with which a report begins.
pub(super) fn overview(_: &Findings) -> Result<Vec<Plot>, Box<dyn Error>> {
    Ok(Vec::new())
}
