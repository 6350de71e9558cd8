//! Latency and CPU time of consumers that sleep.

use std::error::Error;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, bold, draw, line, room, subtitle, text, title};
use super::chart::{Axis, Chart, Place, duration, range};
use super::forms::{self, FLOOR, OTHER};
use super::marks::Mark;
use super::scheme::{GRID, INK, MUTED};
use crate::contestant::Role;
use crate::payload::{Item, Payload};
use crate::report::document::Plot;
use crate::report::standing::busy;
use crate::rounds::{Outcome, Row};
use crate::sleep::Load;
use papers::statistics::Median;

/// A contestant at one rate.
struct Point<'a> {
    row: &'a Row,
    /// The consumer's CPU time per item, in nanoseconds.
    busy: Median,
    /// The median latency in nanoseconds.
    latency: Median,
}

/// The contestants at one rate.
struct Panel<'a> {
    scenario: &'a str,
    /// By ascending latency.
    points: Vec<Point<'a>>,
}

/// A figure of a contestant, with a chart of its own.
type Figure = fn(&Point<'_>) -> Median;

const WIDTH: u32 = 1120;
const BETWEEN: i32 = 36;
const ROW: i32 = 16;
const ABOVE_ROWS: i32 = 28;
const BELOW_ROWS: i32 = 42;
const HEAD: i32 = 56;
const HINT: &str = "left is better; sorted by latency; with the 95 % interval; bold: mpsc-queue; \
    grey name: another queue is better in both, with intervals apart";

/// Draws the plot of the scenario `sleep`, with a panel for each rate, unless it was not measured.
pub(super) fn latency(
    outcomes: &[Outcome],
    sleep: &str,
    name: &str,
) -> Result<Option<Plot>, Box<dyn Error>> {
    let panels: Vec<Panel<'_>> = outcomes
        .iter()
        .filter(|outcome| is_of(outcome, sleep))
        .map(Panel::of)
        .filter(|panel| !panel.points.is_empty())
        .collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let names = panels.iter().flat_map(|panel| &panel.points);
    let names = room(names.map(|point| point.row.name));
    let height = HEAD + panels.iter().map(Panel::height).sum::<i32>();
    let plot = draw(
        name,
        alt(sleep, &panels),
        (WIDTH, height as u32),
        |canvas| {
            let heading = format!("{sleep}: latency, and the consumer's CPU time");
            canvas.draw_text(&heading, &title(), (8, 18))?;
            canvas.draw_text(HINT, &text(MUTED, HPos::Left), (8, 40))?;
            let mut top = HEAD;
            for panel in &panels {
                panel.draw(canvas, names, top)?;
                top += panel.height();
            }
            Ok(())
        },
    );
    plot.map(Some)
}

fn is_of(outcome: &Outcome, sleep: &str) -> bool {
    let group = &outcome.group;
    let scenario = group.scenario.rsplit_once('/');
    matches!(group.load, Some(Load::PerSecond(_)))
        && group.payload == <Box<Item>>::KIND
        && scenario.is_some_and(|(scenario, _)| scenario == sleep)
}

fn alt(sleep: &str, panels: &[Panel<'_>]) -> String {
    let rates = panels.iter().filter_map(|panel| {
        let least = |figure: Figure| {
            let queues = panel.points.iter().filter(|it| it.row.role != Role::Floor);
            queues.min_by(|a, b| figure(a).value.total_cmp(&figure(b).value))
        };
        let (fastest, cheapest) = (least(|it| it.latency)?, least(|it| it.busy)?);
        Some(format!(
            "in {} the least latency is that of {} ({:.1} µs), the least CPU time that of {} \
             ({:.0} ns per item)",
            panel.scenario,
            fastest.row.name,
            fastest.latency.value / 1000.0,
            cheapest.row.name,
            cheapest.busy.value
        ))
    });
    let rates: Vec<String> = rates.collect();
    format!(
        "{sleep}: the median latency of each contestant, and its consumer's CPU time per item: {}.",
        rates.join("; ")
    )
}

impl<'a> Panel<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let points = outcome.measured().filter_map(Point::of);
        let mut points: Vec<Point<'_>> = points.collect();
        points.sort_by(|a, b| a.latency.value.total_cmp(&b.latency.value));
        Self {
            scenario: &outcome.group.scenario,
            points,
        }
    }

    fn rows(&self) -> i32 {
        ROW * self.points.len() as i32
    }

    fn height(&self) -> i32 {
        ABOVE_ROWS + self.rows() + BELOW_ROWS
    }

    fn draw(&self, canvas: &Canvas<'_>, names: i32, top: i32) -> Drawn {
        canvas.draw_text(self.scenario, &subtitle(), (8, top + ABOVE_ROWS / 2))?;
        let first = top + ABOVE_ROWS + ROW / 2;
        for (index, point) in self.points.iter().enumerate() {
            let colour = match self.is_surpassed(point) {
                true => MUTED,
                false => INK,
            };
            let style = match point.row.role.is_ours() {
                true => bold(colour, HPos::Right),
                false => text(colour, HPos::Right),
            };
            let end = (names - 10, first + ROW * index as i32);
            canvas.draw_text(point.row.name, &style, end)?;
        }
        let charts: [(&str, Figure); 2] = [
            ("median latency", |it| it.latency),
            ("CPU time per item", |it| it.busy),
        ];
        for (index, (what, figure)) in charts.into_iter().enumerate() {
            let width = (WIDTH as i32 - names - BETWEEN - 30) / 2;
            let inside = Place {
                left: names + index as i32 * (width + BETWEEN),
                top: top + ABOVE_ROWS,
                width: width as u32,
                height: self.rows() as u32,
            };
            canvas.draw_text(what, &subtitle(), (inside.left, top + ABOVE_ROWS / 2))?;
            self.draw_chart(canvas, inside, figure)?;
        }
        Ok(())
    }

    fn draw_chart(&self, canvas: &Canvas<'_>, inside: Place, figure: Figure) -> Drawn {
        let ends = self.points.iter().map(figure);
        let figures = range(ends.flat_map(|it| [it.low, it.high]), 4.0);
        let axes = [
            &Axis::logarithmic(figures.clone(), duration),
            &Axis::rows(self.points.len()),
        ];
        let chart = Chart::new(canvas, inside, axes, None)?;
        // Rows of the chart count from below.
        for (row, point) in self.points.iter().rev().enumerate() {
            let at = |nanos| chart.in_row(nanos, row);
            let across = vec![at(figures.start), at(figures.end)];
            canvas.draw(&PathElement::new(across, line(GRID, 1)))?;
            let (mark, figure) = (point.mark(), figure(point));
            let interval = vec![at(figure.low), at(figure.high)];
            canvas.draw(&PathElement::new(interval, line(mark.colour, 3)))?;
            match point.row.role.is_other() {
                true => mark.draw_faint(canvas, at(figure.value))?,
                false => mark.draw_strong(canvas, at(figure.value))?,
            }
        }
        Ok(())
    }

    fn is_surpassed(&self, point: &Point<'_>) -> bool {
        self.points.iter().any(|other| other.surpasses(point))
    }
}

impl<'a> Point<'a> {
    fn of(row: &'a Row) -> Option<Self> {
        Some(Self {
            row,
            // A clock of the thread may be too coarse for the shortest samples.
            busy: drawable(Median::of(&busy(row)?)),
            latency: drawable(row.median()),
        })
    }

    fn mark(&self) -> Mark {
        match self.row.role {
            Role::Ours | Role::OursChained | Role::OursOnly => forms::of(self.row.name),
            Role::Other | Role::Literature => OTHER,
            Role::Floor => FLOOR,
        }
    }

    /// Returns `true` for a queue that is better in both figures, with intervals apart.
    fn surpasses(&self, other: &Self) -> bool {
        let is_queue = self.row.role != Role::Floor;
        let is_below = |a: Median, b: Median| a.high < b.low;
        is_queue && is_below(self.busy, other.busy) && is_below(self.latency, other.latency)
    }
}

/// Returns a figure that has a logarithm.
fn drawable(Median { value, low, high }: Median) -> Median {
    let [value, low, high] = [value, low, high].map(|nanos| nanos.max(1.0));
    Median { value, low, high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::targets::samples::outcome;
    use crate::sleep::{Figures, SampleStats};

    const SLEEP: &str = "sleep/park";

    /// Makes up a scenario with contestants of these latencies and CPU times.
    fn sleepers(rows: &[(&'static str, Role, f64, f64)]) -> Outcome {
        let nanos: Vec<_> = rows.iter().map(|it| (it.0, it.1, [it.2; 6])).collect();
        let mut outcome = outcome("sleep/park/1k", &nanos);
        outcome.group.load = Some(Load::PerSecond(1000));
        for (row, &(_, _, p50, busy)) in outcome.rows.iter_mut().zip(rows) {
            let sample = SampleStats {
                p50,
                p99: p50,
                elapsed: 1.0,
                late: 1.0,
                busy,
            };
            let mut figures = Figures::new();
            figures.samples = vec![sample; 6];
            row.sleep = Some(figures);
        }
        outcome
    }

    #[test]
    fn each_contestant_has_a_row() {
        let outcome = sleepers(&[
            ("a bare futex", Role::Floor, 9.0, 9.0),
            ("mpsc-queue", Role::Ours, 10.0, 10.0),
            ("kanal", Role::Other, 10.0, 10.0),
            ("papers: ring", Role::Literature, 10.0, 10.0),
        ]);
        let plot = latency(&[outcome], SLEEP, "latency").unwrap().unwrap();
        for name in ["a bare futex", "mpsc-queue", "kanal", "papers: ring"] {
            assert!(plot.svg.contains(&format!("\n{name}\n")), "{name}");
        }
    }

    #[test]
    fn queue_that_is_worse_in_both_is_surpassed() {
        let outcome = sleepers(&[
            ("floor", Role::Floor, 1.0, 1.0),
            ("fast", Role::Other, 10.0, 90.0),
            ("cheap", Role::Ours, 90.0, 10.0),
            ("slow", Role::Other, 95.0, 10.0),
            ("neither", Role::Other, 95.0, 95.0),
        ]);
        let panel = Panel::of(&outcome);
        let surpassed = panel.points.iter().filter(|it| panel.is_surpassed(it));
        let surpassed: Vec<&str> = surpassed.map(|it| it.row.name).collect();
        assert_eq!(surpassed, ["neither"]);
    }
}
