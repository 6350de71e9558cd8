//! Charts with logarithmic axes.

use std::error::Error;
use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, fill, line, text};
use super::scheme::{GRID, MUTED, SHADE};

/// An axis whose ticks are chosen here: plotters' logarithmic axis labels powers of ten only.
#[derive(Clone)]
pub(super) struct Axis {
    figures: Range<f64>,
    scale: fn(f64) -> f64,
    ticks: Vec<f64>,
    label: fn(f64) -> String,
}

impl Axis {
    /// Creates a logarithmic axis with 1, 2 and 5 in each decade, with more if it is shorter than
    /// a decade, or with powers of ten only if it spans many decades.
    pub(super) fn logarithmic(figures: Range<f64>, label: fn(f64) -> String) -> Self {
        let steps: &[f64] = match figures.end / figures.start {
            ..8.0 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
            ..200.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let decades = figures.start.log10().floor() as i32..=figures.end.log10() as i32 + 1;
        let ticks =
            decades.flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
        let ticks: Vec<f64> = ticks.filter(|tick| figures.contains(tick)).collect();
        Self::labelled(figures, ticks, label)
    }

    /// Creates a logarithmic axis with these ticks.
    pub(super) fn labelled(figures: Range<f64>, ticks: Vec<f64>, label: fn(f64) -> String) -> Self {
        Self {
            figures,
            scale: f64::log10,
            ticks,
            label,
        }
    }

    /// Creates an axis of rows, without ticks.
    pub(super) fn rows(count: usize) -> Self {
        Self {
            figures: 0.0..count as f64,
            scale: |row| row,
            ticks: Vec::new(),
            label: |_| String::new(),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    /// A figure beyond the end of the axis is at the end.
    fn map(&self, figure: &f64, (first, last): (i32, i32)) -> i32 {
        let Range { start, end } = self.figures;
        let [figure, start, end] = [figure.clamp(start, end), start, end].map(self.scale);
        let part = (figure - start) / (end - start);
        first + (part * f64::from(last - first)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => Vec::new(),
            false => self.ticks.clone(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.figures.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(tick: &f64) -> String {
        tick.to_string()
    }

    fn format_ext(&self, tick: &f64) -> String {
        (self.label)(*tick)
    }
}

/// Returns the range of some figures with a margin. Its end is at least `factor` times its start.
pub(super) fn range(figures: impl Iterator<Item = f64>, factor: f64) -> Range<f64> {
    let ends = |(low, high): (f64, f64), figure| (low.min(figure), high.max(figure));
    let (low, high) = figures.fold((f64::INFINITY, 0.0), ends);
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

/// A chart whose axes are drawn.
pub(super) struct Chart<'a> {
    context: ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>,
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
            .build_cartesian_2d(x.clone(), y.clone())?;
        if let Some(shaded) = shaded {
            let corners = [(shaded.start, y.figures.start), (shaded.end, y.figures.end)];
            context.draw_series([Rectangle::new(corners, fill(SHADE))])?;
        }
        context
            .configure_mesh()
            .label_style(text(MUTED, HPos::Center))
            .axis_style(line(GRID, 1))
            .bold_line_style(line(GRID, 1))
            .light_line_style(TRANSPARENT)
            .draw()?;
        Ok(Self { context })
    }

    /// Returns the pixel of two figures.
    pub(super) fn at(&self, x: f64, y: f64) -> (i32, i32) {
        self.context.backend_coord(&(x, y))
    }

    /// Returns the pixel of a figure in the middle of a row.
    pub(super) fn in_row(&self, x: f64, row: usize) -> (i32, i32) {
        self.at(x, row as f64 + 0.5)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithmic_axis_maps_a_decade_to_the_same_length() {
        let axis = Axis::logarithmic(1.0..100.0, short);
        assert_eq!(axis.ticks, [1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(
            [1.0, 10.0, 100.0].map(|it| axis.map(&it, (0, 300))),
            [0, 150, 300]
        );
        assert_eq!(axis.map(&1e9, (0, 300)), 300, "beyond the end");
    }

    #[test]
    fn short_logarithmic_axis_has_ticks() {
        let axis = Axis::logarithmic(4.0..16.0, short);
        assert_eq!(axis.ticks, [5.0, 7.0, 10.0, 15.0]);
    }

    #[test]
    fn range_of_equal_figures_has_a_width() {
        let range = range([10.0, 10.0].into_iter(), 4.0);
        assert_eq!(range, 5.0..20.0);
    }

    #[test]
    fn durations_have_suitable_units() {
        let durations = [0.5, 20.0, 1000.0, 50_000.0, 1e6].map(duration);
        assert_eq!(durations, ["0.5 ns", "20 ns", "1 µs", "50 µs", "1 ms"]);
    }
}
