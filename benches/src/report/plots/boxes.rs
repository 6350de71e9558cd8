//! Box plots, one for each scenario.

use std::error::Error;

use plotters::prelude::*;

use crate::contestant::Role;
use crate::report::document::Plot;
use crate::rounds::Outcome;

/// Draws the samples of all rows as boxes, in SVG.
pub(in crate::report) fn boxes(outcome: &Outcome) -> Result<Plot, Box<dyn Error>> {
    // The axis points upwards, and the first row is on top.
    let rows = || outcome.measured().collect::<Vec<_>>().into_iter().rev();
    let names: Vec<String> = rows().map(|row| row.name.into()).collect();
    // Logarithms of the samples instead of a logarithmic axis, because the ends of the
    // whiskers are computed from the quartiles, and would be negative if samples scatter.
    let samples: Vec<Vec<f64>> = rows()
        .map(|row| {
            row.nanos
                .iter()
                .map(|nanos| nanos.max(0.01).log10())
                .collect()
        })
        .collect();
    let low = samples
        .iter()
        .flatten()
        .copied()
        .fold(f64::INFINITY, f64::min)
        - 0.1;
    let high = samples.iter().flatten().copied().fold(low, f64::max) + 0.1;
    let mut svg = String::new();
    {
        let height = 70 + 26 * names.len() as u32;
        let area = SVGBackend::with_string(&mut svg, (860, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .x_label_area_size(40)
            .y_label_area_size(270)
            .build_cartesian_2d(low as f32..high as f32, names.as_slice().into_segmented())?;
        chart
            .configure_mesh()
            .x_desc("ns per item, logarithmic; box: quartiles; whiskers: 1.5 times the box")
            .x_label_formatter(&|logarithm| format!("{:.1}", 10_f32.powf(*logarithm)))
            .y_labels(names.len())
            .y_label_formatter(&|at| match at {
                SegmentValue::CenterOf(name) => (*name).clone(),
                _ => String::new(),
            })
            .disable_y_mesh()
            .x_max_light_lines(0)
            .draw()?;
        chart.draw_series(
            rows()
                .zip(&names)
                .zip(&samples)
                .map(|((row, name), samples)| {
                    Boxplot::new_horizontal(SegmentValue::CenterOf(name), &Quartiles::new(samples))
                        .width(12)
                        .style(colour(row.role))
                }),
        )?;
        area.present()?;
    }
    Ok(Plot {
        name: outcome.group.to_string(),
        alt: format!("The samples of {}", outcome.group),
        svg,
    })
}

/// Returns the colour of a row in a plot.
fn colour(role: Role) -> RGBColor {
    match role {
        Role::Ours | Role::OursChained => RGBColor(0xc0, 0x39, 0x2b),
        Role::Other => RGBColor(0x34, 0x5d, 0x8c),
        Role::Floor => RGBColor(0x60, 0x60, 0x60),
    }
}
