//! Charts with logarithmic axes.

use std::error::Error;
use std::ops::Range;

use plotters::coord::combinators::WithKeyPoints;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, fill, line, text};
use super::scheme::{GRID, INK, MUTED, SHADE};

/// An axis.
///
/// A logarithmic axis has logarithms as its values: plotters' own gives no say in the labels.
pub(super) struct Axis {
    values: Range<f64>,
    ticks: Vec<f64>,
    label: fn(f64) -> String,
}

impl Axis {
    /// Creates a logarithmic axis with 1, 2 and 5 in each decade, or powers of ten only if it
    /// spans many decades.
    pub(super) fn logarithmic(figures: Range<f64>, label: fn(f64) -> String) -> Self {
        let values = figures.start.log10()..figures.end.log10();
        let steps: &[f64] = match values.end - values.start {
            ..2.2 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let decades = values.start.floor() as i32..=values.end.ceil() as i32;
        let ticks = decades.flat_map(|decade| {
            let ticks = steps.iter();
            ticks.map(move |step| f64::from(decade) + step.log10())
        });
        let ticks = ticks.filter(|tick| values.contains(tick)).collect();
        Self {
            values,
            ticks,
            label,
        }
    }

    /// Creates a logarithmic axis that is labelled at these figures.
    pub(super) fn labelled(figures: Range<f64>, at: &[f64], label: fn(f64) -> String) -> Self {
        Self {
            values: figures.start.log10()..figures.end.log10(),
            ticks: at.iter().map(|figure| figure.log10()).collect(),
            label,
        }
    }

    /// Creates an axis of rows, without labels.
    pub(super) fn rows(count: usize) -> Self {
        Self {
            values: 0.0..count as f64,
            ticks: Vec::new(),
            label: |_| String::new(),
        }
    }
}

/// Returns the range of some figures with a margin; `factor` is its least width.
pub(super) fn range(figures: impl Iterator<Item = f64> + Clone, factor: f64) -> Range<f64> {
    let low = figures.clone().fold(f64::INFINITY, f64::min);
    let high = figures.fold(0.0, f64::max).max(low);
    let margin = (factor / (high / low)).sqrt().max(1.15);
    low / margin..high * margin
}

/// Where a chart is, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: u32,
    pub(super) height: u32,
}

type Coordinates = Cartesian2d<WithKeyPoints<RangedCoordf64>, WithKeyPoints<RangedCoordf64>>;

/// A chart whose axes are drawn.
pub(super) struct Chart<'a> {
    context: ChartContext<'a, SVGBackend<'a>, Coordinates>,
    inside: Place,
}

impl<'a> Chart<'a> {
    /// Draws the axes. The labels are outside of `place`. The part `shaded` has another background.
    pub(super) fn new(
        canvas: &Canvas<'a>,
        inside: Place,
        [x, y]: [&Axis; 2],
        shaded: Option<Range<f64>>,
    ) -> Result<Self, Box<dyn Error>> {
        let Place {
            left,
            top,
            width,
            height,
        } = inside;
        const LABELS: i32 = 64;
        let around = canvas
            .clone()
            .shrink((left - LABELS, top), (width + LABELS as u32, height + 24));
        let mut context = ChartBuilder::on(&around)
            .set_label_area_size(LabelAreaPosition::Left, LABELS)
            .set_label_area_size(LabelAreaPosition::Bottom, 24)
            .build_cartesian_2d(
                x.values.clone().with_key_points(x.ticks.clone()),
                y.values.clone().with_key_points(y.ticks.clone()),
            )?;
        if let Some(shaded) = shaded {
            let corners = [(shaded.start, y.values.start), (shaded.end, y.values.end)];
            context.draw_series([Rectangle::new(corners, fill(SHADE))])?;
        }
        context
            .configure_mesh()
            .x_labels(x.ticks.len().max(1))
            .y_labels(y.ticks.len().max(1))
            .x_label_formatter(&|value| (x.label)(10_f64.powf(*value)))
            .y_label_formatter(&|value| (y.label)(10_f64.powf(*value)))
            .label_style(text(MUTED, HPos::Center))
            .axis_style(line(GRID, 1))
            .bold_line_style(line(GRID, 1))
            .light_line_style(TRANSPARENT)
            .draw()?;
        Ok(Self { context, inside })
    }

    /// Returns the pixel of two figures on logarithmic axes. One beyond the end of an axis is at
    /// the end.
    pub(super) fn at(&self, x: f64, y: f64) -> (i32, i32) {
        self.at_values(x.log10(), y.log10())
    }

    /// Returns the pixel of a figure on a logarithmic axis, in the middle of a row.
    pub(super) fn in_row(&self, x: f64, row: usize) -> (i32, i32) {
        self.at_values(x.log10(), row as f64 + 0.5)
    }

    fn at_values(&self, x: f64, y: f64) -> (i32, i32) {
        let (x, y) = self.context.backend_coord(&(x, y));
        let Place {
            left,
            top,
            width,
            height,
        } = self.inside;
        (
            x.clamp(left, left + width as i32),
            y.clamp(top, top + height as i32),
        )
    }
}

/// Formats nanoseconds in the unit that suits them.
pub(super) fn duration(nanos: f64) -> String {
    match nanos {
        ..999.0 => format!("{} ns", short(nanos)),
        ..999_000.0 => format!("{} µs", short(nanos / 1e3)),
        _ => format!("{} ms", short(nanos / 1e6)),
    }
}

/// Formats a tick, which has few digits.
pub(super) fn short(figure: f64) -> String {
    let text = format!("{figure:.3}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}
