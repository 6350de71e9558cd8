//! Cost against the number of producers.

use std::error::Error;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, draw, line, subtitle, text, title};
use super::chart::{Axis, Chart, Place, duration, range, short};
use super::forms::{self, Legend};
use super::marks::{Mark, Shape};
use super::scheme::{INK, MUTED};
use crate::contestant::Role;
use crate::payload::{Item, Payload};
use crate::report::document::Plot;
use crate::report::standing::best_other;
use crate::rounds::{Outcome, Row};

/// The scenarios that differ in the number of producers only.
struct Panel<'a> {
    title: String,
    /// By ascending number of producers.
    counts: Vec<(u32, &'a Outcome)>,
}

/// The line of a contestant.
struct Curve {
    name: &'static str,
    role: Role,
    mark: Mark,
}

const WIDTH: u32 = 1120;
const COLUMNS: i32 = 3;
const PANEL: (i32, i32) = (WIDTH as i32 / COLUMNS, 290);
/// Where the marks begin, and how far the panels are below them.
const LEGEND: (i32, i32) = (8, 46);
const BELOW_LEGEND: i32 = 2;

/// The mark of the others that have none of their own.
const FURTHER: Mark = Mark {
    shape: Shape::Bar,
    colour: MUTED,
};

/// Draws the plot, unless no scenario was measured with two numbers of producers.
pub(super) fn producers(outcomes: &[Outcome]) -> Result<Option<Plot>, Box<dyn Error>> {
    let panels = panels(outcomes);
    if panels.is_empty() {
        return Ok(None);
    }
    let curves = curves(&panels);
    let figures = panels.iter().flat_map(|panel| {
        let figures = curves.iter().flat_map(|curve| panel.figures(curve));
        figures.map(|(_, nanos)| nanos)
    });
    // The same for all panels, so that they can be compared.
    let nanos = Axis::logarithmic(range(figures, 4.0), duration);
    let rows = (panels.len() as i32 + COLUMNS - 1) / COLUMNS;
    let legends = legends(&curves);
    let heights = legends.iter().map(|it| it.height(LEGEND.0, WIDTH as i32));
    let head = LEGEND.1 + heights.sum::<i32>() + BELOW_LEGEND;
    let size = (WIDTH, (head + rows * PANEL.1) as u32);
    let plot = draw("producers", alt(&panels), size, |canvas| {
        let heading = "Cost against the number of producers, heap objects";
        canvas.draw_text(heading, &title(), (8, 18))?;
        let hint = "shaded: more threads than cores";
        canvas.draw_text(hint, &text(MUTED, HPos::Right), (WIDTH as i32 - 12, 18))?;
        let mut top = LEGEND.1;
        for legend in &legends {
            legend.draw(canvas, (LEGEND.0, top))?;
            top += legend.height(LEGEND.0, WIDTH as i32);
        }
        for (index, panel) in panels.iter().enumerate() {
            let index = index as i32;
            let corner = (index % COLUMNS * PANEL.0, head + index / COLUMNS * PANEL.1);
            panel.draw(canvas, corner, &nanos, &curves)?;
        }
        Ok(())
    });
    plot.map(Some)
}

fn panels(outcomes: &[Outcome]) -> Vec<Panel<'_>> {
    ["push", "both"]
        .into_iter()
        .flat_map(|side| ["", "+12", "+42"].map(|work| Panel::of(outcomes, side, work)))
        .filter(|panel| panel.counts.len() > 1)
        .collect()
}

fn alt(panels: &[Panel<'_>]) -> String {
    let panels = panels.iter().filter_map(|panel| {
        let ends = [panel.counts.first()?, panel.counts.last()?];
        let of_best = ends.map(|(count, outcome)| {
            let ours = outcome.measured().filter(|row| row.role == Role::Ours);
            let nanos = |row: &Row| row.median().value;
            let best = ours.min_by(|a, b| nanos(a).total_cmp(&nanos(b)))?;
            Some(format!("{:.1} ns with {count}", nanos(best)))
        });
        let [Some(first), Some(last)] = of_best else {
            return None;
        };
        Some(format!("{}: from {first} to {last}", panel.title))
    });
    let panels: Vec<String> = panels.collect();
    format!(
        "Time per item against the number of producers. The best form of mpsc-queue: {}.",
        panels.join("; ")
    )
}

/// Returns the lines: our forms, and the others that are best somewhere.
fn curves(panels: &[Panel<'_>]) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    let mut marks = marks_of_others();
    for (_, outcome) in panels.iter().flat_map(|panel| &panel.counts) {
        let drawn = outcome.measured().filter(|row| row.role.is_ours());
        for row in drawn.chain(best_other(outcome)) {
            if curves.iter().any(|curve| curve.name == row.name) {
                continue;
            }
            let mark = match row.role.is_ours() {
                true => forms::of(row.name),
                false => marks.next().unwrap_or(FURTHER),
            };
            let (name, role) = (row.name, row.role);
            curves.push(Curve { name, role, mark });
        }
    }
    curves
}

/// Returns the marks of the others that have one of their own: each shape in grey, and then in the
/// colour of text.
fn marks_of_others() -> impl Iterator<Item = Mark> {
    const SHAPES: [Shape; 8] = [
        Shape::Circle,
        Shape::Square,
        Shape::Triangle,
        Shape::Diamond,
        Shape::Wedge,
        Shape::Plus,
        Shape::Cross,
        Shape::Hourglass,
    ];
    [MUTED, INK]
        .into_iter()
        .flat_map(|colour| SHAPES.map(|shape| Mark { shape, colour }))
}

/// Returns the marks of ours, and those of the others.
fn legends(curves: &[Curve]) -> [Legend; 2] {
    let mut legends = [Legend::default(), Legend::default()];
    for curve in curves {
        match (curve.role.is_ours(), curve.mark) {
            (true, _) => legends[0].add(curve.name),
            (false, FURTHER) => legends[1].add_faint(FURTHER, "further others"),
            (false, mark) => legends[1].add_faint(mark, curve.name),
        }
    }
    legends
}

impl<'a> Panel<'a> {
    /// Finds the scenarios, such as `push/2+12`.
    fn of(outcomes: &'a [Outcome], side: &str, work: &str) -> Self {
        let counts = [1, 2, 4, 8, 16].into_iter().filter_map(|count| {
            let name = format!("{side}/{count}{work}");
            let outcome = outcomes.iter().find(|outcome| {
                outcome.group.scenario == name && outcome.group.payload == <Box<Item>>::KIND
            });
            Some((count, outcome?))
        });
        let work = match work {
            "" => "without work".into(),
            nanos => format!("{} ns of work", &nanos[1..]),
        };
        Self {
            title: format!("{side}, {work}"),
            counts: counts.collect(),
        }
    }

    fn draw(
        &self,
        canvas: &Canvas<'_>,
        (left, top): (i32, i32),
        nanos: &Axis,
        curves: &[Curve],
    ) -> Drawn {
        let inside = Place {
            left: left + 64,
            top: top + 24,
            width: (PANEL.0 - 76) as u32,
            height: (PANEL.1 - 78) as u32,
        };
        canvas.draw_text(&self.title, &subtitle(), (inside.left, top + 12))?;
        let ticks = self.counts.iter().map(|(count, _)| f64::from(*count));
        let ticks: Vec<f64> = ticks.collect();
        let x = range(ticks.iter().copied(), 1.0);
        let counts = Axis::labelled(x.clone(), ticks, short);
        let shaded = self.first_oversubscribed().map(|from| from..x.end);
        let chart = Chart::new(canvas, inside, [&counts, nanos], shaded)?;
        let end = (inside.left + inside.width as i32, top + PANEL.1 - 20);
        canvas.draw_text(
            "producers; y: time per item",
            &text(MUTED, HPos::Right),
            end,
        )?;
        // Ours are drawn last, hence on top.
        let (ours, others): (Vec<_>, Vec<_>) = curves.iter().partition(|it| it.role.is_ours());
        for curve in others.into_iter().chain(ours) {
            self.draw_curve(canvas, &chart, curve)?;
        }
        Ok(())
    }

    /// Returns where the shade of the scenarios with more threads than cores begins: between the
    /// last number of producers without and the first one with them.
    fn first_oversubscribed(&self) -> Option<f64> {
        let is_over = |(_, outcome): &&(u32, &Outcome)| outcome.group.oversubscribed;
        let first = f64::from(self.counts.iter().find(is_over)?.0);
        let before = self.counts.iter().rfind(|it| !is_over(it));
        let before = before.map_or(first / 2.0, |(count, _)| f64::from(*count));
        Some((before * first).sqrt())
    }

    fn figures(&self, curve: &Curve) -> impl Iterator<Item = (f64, f64)> {
        self.counts.iter().filter_map(|(count, outcome)| {
            let row = outcome.row(curve.name)?;
            Some((f64::from(*count), row.median().value.max(0.01)))
        })
    }

    fn draw_curve(&self, canvas: &Canvas<'_>, chart: &Chart<'_>, curve: &Curve) -> Drawn {
        let figures = self.figures(curve);
        let points: Vec<_> = figures
            .map(|(count, nanos)| chart.at(count, nanos))
            .collect();
        let width = if curve.role == Role::Ours { 2 } else { 1 };
        canvas.draw(&PathElement::new(
            points.clone(),
            line(curve.mark.colour, width),
        ))?;
        for point in points {
            match curve.role.is_ours() {
                true => curve.mark.draw_strong(canvas, point)?,
                false => curve.mark.draw_faint(canvas, point)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::targets::samples::outcome;

    const OTHERS: [&str; 20] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
        "s", "t",
    ];

    /// Makes up a scenario for each of the others, which is the best in it.
    fn outcomes() -> Vec<Outcome> {
        let works = ["push", "both"].map(|side| ["", "+12"].map(|work| (side, work)));
        let scenarios = works.as_flattened().iter().flat_map(|(side, work)| {
            let counts = [1, 2, 4, 8, 16];
            counts.map(|count| format!("{side}/{count}{work}"))
        });
        let outcomes = scenarios.zip(OTHERS).map(|(scenario, best)| {
            let nanos = |name| if name == best { 1.0 } else { 2.0 };
            outcome(
                &scenario,
                &OTHERS.map(|it| (it, Role::Other, [nanos(it); 6])),
            )
        });
        outcomes.collect()
    }

    #[test]
    fn all_others_that_are_best_are_drawn() {
        let outcomes = outcomes();
        let curves = curves(&panels(&outcomes));
        let names: Vec<&str> = curves.iter().map(|curve| curve.name).collect();
        assert_eq!(names, OTHERS);
        let (own, further) = curves.split_at(marks_of_others().count());
        for (index, curve) in own.iter().enumerate() {
            assert_ne!(curve.mark, FURTHER);
            assert!(own[..index].iter().all(|other| other.mark != curve.mark));
        }
        assert!(!further.is_empty());
        assert!(further.iter().all(|curve| curve.mark == FURTHER));
    }

    #[test]
    fn legend_has_further_others() {
        let plot = producers(&outcomes()).unwrap().unwrap();
        let texts = |text: &str| plot.svg.matches(&format!("\n{text}\n")).count();
        assert_eq!(texts("further others"), 1);
        let named = OTHERS.iter().filter(|name| texts(name) == 1).count();
        assert_eq!(named, marks_of_others().count());
    }
}
