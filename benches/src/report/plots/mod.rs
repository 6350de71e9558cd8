//! The drawings of a report.

mod boxes;
mod canvas;
mod chart;
mod forms;
mod latency;
mod marks;
mod producers;
mod scheme;
mod wins;

use std::error::Error;

pub(super) use boxes::boxes;

use super::Findings;
use super::document::Plot;

/// Draws the plots with which a report begins, as far as their scenarios were measured.
pub(super) fn overview(findings: &Findings) -> Result<Vec<Plot>, Box<dyn Error>> {
    let outcomes = &findings.outcomes;
    let plots = [
        wins::wins(outcomes)?,
        latency::latency(outcomes, "sleep/park", "latency-park")?,
        latency::latency(outcomes, "sleep/eventfd", "latency-eventfd")?,
        producers::producers(outcomes)?,
    ];
    Ok(plots.into_iter().flatten().collect())
}
