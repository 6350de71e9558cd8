//! What the plots are drawn on, and the text in them.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::scheme::{Colour, INK, PAPER, with_schemes};
use crate::report::document::Plot;

/// What a plot is drawn on.
pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(super) type Drawn = Result<(), Box<dyn Error>>;

/// The size of most text, and of titles. Plotters' fonts are smaller by a quarter than this.
pub(super) const TEXT: u32 = 15;
const TITLE: u32 = 18;

const FONT: FontFamily<'_> = FontFamily::Name("system-ui, sans-serif");

/// Draws a plot of this size.
pub(super) fn draw(
    name: impl Into<String>,
    alt: impl Into<String>,
    size: (u32, u32),
    drawing: impl FnOnce(&Canvas<'_>) -> Drawn,
) -> Result<Plot, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        // A plot that is an image in another page may not have the scheme of that page.
        canvas.fill(&PAPER.rgb())?;
        drawing(&canvas)?;
        canvas.present()?;
    }
    Ok(Plot {
        name: name.into(),
        alt: alt.into(),
        svg: with_schemes(&svg),
    })
}

/// Returns the style of a text that begins, ends or has its middle at a point.
pub(super) fn text(colour: Colour, anchor: HPos) -> TextStyle<'static> {
    style(TEXT, FontStyle::Normal, colour, anchor)
}

/// Returns the style of a title.
pub(super) fn title() -> TextStyle<'static> {
    style(TITLE, FontStyle::Bold, INK, HPos::Left)
}

/// Returns the style of the title of a part.
pub(super) fn subtitle() -> TextStyle<'static> {
    bold(INK, HPos::Left)
}

/// Returns the style of a text that stands out.
pub(super) fn bold(colour: Colour, anchor: HPos) -> TextStyle<'static> {
    style(TEXT, FontStyle::Bold, colour, anchor)
}

fn style(size: u32, weight: FontStyle, colour: Colour, anchor: HPos) -> TextStyle<'static> {
    TextStyle {
        font: FontDesc::new(FONT, f64::from(size), weight),
        color: colour.rgb().to_backend_color(),
        pos: Pos::new(anchor, VPos::Center),
    }
}

/// Estimates the width of a text in pixels.
pub(super) fn width(text: &str) -> i32 {
    // The mean width of the letters of a wide font, such as DejaVu Sans.
    (text.chars().count() as f64 * f64::from(TEXT) * 0.5).ceil() as i32
}

/// Returns how much room to leave for names to the left of a chart.
pub(super) fn room<'a>(names: impl Iterator<Item = &'a str>) -> i32 {
    const GAPS: i32 = 18;
    names.map(width).max().unwrap_or_default() + GAPS
}

/// Returns a filled style.
pub(super) fn fill(colour: Colour) -> ShapeStyle {
    colour.rgb().filled()
}

/// Returns a line's style.
pub(super) fn line(colour: Colour, width: u32) -> ShapeStyle {
    colour.rgb().stroke_width(width)
}
