//! Box plots, one for each scenario.

use std::error::Error;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, draw, line, room, text};
use super::chart::{Axis, Chart, Place, duration, range};
use super::scheme::{BLUE, Colour, INK, MUTED, ORANGE};
use crate::contestant::Role;
use crate::report::document::Plot;
use crate::rounds::{Outcome, Row};

const WIDTH: u32 = 1120;
const ROW: i32 = 26;

/// Draws the samples of all rows as boxes.
pub(in crate::report) fn boxes(outcome: &Outcome) -> Result<Plot, Box<dyn Error>> {
    let rows: Vec<&Row> = outcome
        .measured()
        .filter(|row| !row.nanos.is_empty())
        .collect();
    let names = room(rows.iter().map(|row| row.name));
    let inside = Place {
        left: names,
        top: 8,
        width: WIDTH - names as u32 - 30,
        height: (ROW * rows.len() as i32) as u32,
    };
    let height = inside.height + 56;
    let alt = format!("The samples of {}", outcome.group);
    draw(outcome.group.to_string(), alt, (WIDTH, height), |canvas| {
        let samples = rows.iter().flat_map(|row| row.nanos.iter().copied());
        let figures = range(samples.map(|nanos| nanos.max(LEAST)), 4.0);
        let axes = [
            &Axis::logarithmic(figures, duration),
            &Axis::rows(rows.len()),
        ];
        let chart = Chart::new(canvas, inside, axes, None)?;
        // Rows of the chart count from below.
        for (number, row) in rows.iter().rev().enumerate() {
            draw_row(canvas, &chart, number, row)?;
            let (_, middle) = chart.in_row(LEAST, number);
            canvas.draw_text(row.name, &text(INK, HPos::Right), (names - 10, middle))?;
        }
        let what = "per item, logarithmic; box: quartiles; whiskers: 1.5 times the box";
        let end = (WIDTH as i32 - 30, height as i32 - 12);
        canvas.draw_text(what, &text(MUTED, HPos::Right), end)?;
        Ok(())
    })
}

/// Less is drawn as this, because the axis is logarithmic.
const LEAST: f64 = 0.01;

fn draw_row(canvas: &Canvas<'_>, chart: &Chart<'_>, number: usize, row: &Row) -> Drawn {
    // Logarithms, because the ends of the whiskers are computed from the quartiles, and would be
    // negative if samples scatter.
    let samples = row.nanos.iter().map(|nanos| nanos.max(LEAST).log10());
    let quartiles = Quartiles::new(&samples.collect::<Vec<f64>>()).values();
    let pixels = quartiles.map(|value| chart.in_row(10_f64.powf(f64::from(value)), number));
    let [low, first, median, third, high] = pixels.map(|(x, _)| x);
    let middle = pixels[0].1;
    let (top, bottom) = (middle - 6, middle + 6);
    let style = line(colour(row.role), 1);
    canvas.draw(&PathElement::new(
        vec![(low, middle), (first, middle)],
        style,
    ))?;
    canvas.draw(&PathElement::new(
        vec![(third, middle), (high, middle)],
        style,
    ))?;
    canvas.draw(&Rectangle::new([(first, top), (third, bottom)], style))?;
    let thick = line(colour(row.role), 3);
    canvas.draw(&PathElement::new(
        vec![(median, top), (median, bottom)],
        thick,
    ))?;
    Ok(())
}

/// Returns the colour of a row in a plot.
fn colour(role: Role) -> Colour {
    match role {
        Role::Ours | Role::OursChained | Role::OursOnly => BLUE,
        Role::Other | Role::Literature => ORANGE,
        Role::Floor => MUTED,
    }
}
