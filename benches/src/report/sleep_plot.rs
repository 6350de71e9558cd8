//! Latency plots, one for each way to sleep: a panel for each load, a line for each
//! contestant.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Sleepers;
use super::cells::colour;
use crate::sleep::{Figures, Load};

const NAMES: u32 = 250;
const PANEL: u32 = 220;
const LINE: u32 = 24;

/// Draws the latencies of all rows at each scheduled load, in SVG.
pub(super) fn latencies(group: &Sleepers) -> Result<String, Box<dyn Error>> {
    let is_paced = |at: &usize| Load::ALL[*at] != Load::Saturation;
    let loads: Vec<usize> = (0..Load::ALL.len()).filter(is_paced).collect();
    let span = span(group, &loads);
    let width = NAMES + PANEL * loads.len() as u32;
    let height = 90 + LINE * group.rows.len() as u32;
    let ends: Vec<u32> = (1..loads.len() as u32).map(|n| NAMES + PANEL * n).collect();
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let panels = area.split_by_breakpoints(ends, [] as [u32; 0]);
        for (panel, at) in panels.iter().zip(loads) {
            draw(panel, group, at, span.clone())?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// Returns the common axis of all panels, in microseconds.
fn span(group: &Sleepers, loads: &[usize]) -> Range<f64> {
    let figures = loads
        .iter()
        .flat_map(|&at| group.measured(at).map(move |row| &row.figures[at]));
    let (low, high) = figures.fold((f64::INFINITY, 1.0), |(low, high), figures| {
        let [p50, _, p999] = percentiles(figures);
        (p50.min(low), p999.max(high))
    });
    low.min(high) / 1.5..high * 1.5
}

/// Returns p50, p99 and p99.9 of the latency in microseconds.
fn percentiles(figures: &Figures) -> [f64; 3] {
    // A logarithmic axis has no zero.
    let micros = |part| figures.latency.value_at_quantile(part).max(1) as f64 / 1000.0;
    [0.5, 0.99, 0.999].map(micros)
}

fn draw(
    panel: &DrawingArea<SVGBackend<'_>, Shift>,
    group: &Sleepers,
    at: usize,
    span: Range<f64>,
) -> Result<(), Box<dyn Error>> {
    // The axis points upwards, and the first row is on top.
    let names: Vec<&str> = group.rows.iter().rev().map(|row| row.name).collect();
    let mut chart = ChartBuilder::on(panel)
        .margin(6)
        .margin_right(20)
        .caption(Load::ALL[at].to_string(), 15)
        .x_label_area_size(40)
        .y_label_area_size(if at == 0 { NAMES } else { 0 })
        .build_cartesian_2d(span.log_scale(), names.as_slice().into_segmented())?;
    chart
        .configure_mesh()
        .x_desc("µs: dot p50, thick to p99, thin to p99.9")
        .x_labels(5)
        .x_label_formatter(&|micros| format!("{micros}"))
        .y_labels(names.len())
        .y_label_formatter(&|at| match at {
            SegmentValue::CenterOf(name) => (*name).to_string(),
            _ => String::new(),
        })
        .disable_y_mesh()
        .x_max_light_lines(0)
        .draw()?;
    for row in group.measured(at) {
        let line = SegmentValue::CenterOf(&row.name);
        let [p50, p99, p999] = percentiles(&row.figures[at]);
        let colour = colour(row.role);
        let path = |end, width| {
            let ends = vec![(p50, line.clone()), (end, line.clone())];
            PathElement::new(ends, colour.stroke_width(width))
        };
        chart.draw_series([path(p999, 1), path(p99, 4)])?;
        chart.draw_series([Circle::new((p50, line.clone()), 4, colour.filled())])?;
    }
    Ok(())
}
