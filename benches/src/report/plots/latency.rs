//! Latency against processor time, of consumers that sleep.

use std::error::Error;

use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, draw, subtitle, text, title};
use super::chart::{Axis, Chart, Place, duration, range};
use super::forms::{self, FLOOR, Legend, OTHER};
use super::labels::Labels;
use super::marks::Mark;
use super::scheme::{INK, MUTED};
use crate::contestant::Role;
use crate::payload::{Item, Payload};
use crate::report::document::Plot;
use crate::rounds::{Outcome, Row};
use crate::sleep::Load;
use crate::statistics::Median;

/// A contestant at one rate.
struct Point<'a> {
    row: &'a Row,
    /// The consumer's CPU time per item, in nanoseconds.
    busy: f64,
    /// The median latency in nanoseconds.
    latency: f64,
}

const WIDTH: u32 = 1120;
const PANEL: (i32, i32) = (WIDTH as i32 / 2, 300);
const HEAD: i32 = 66;

/// Draws the plot of the scenario `sleep`, with a panel for each rate, unless it was not measured.
pub(super) fn latency(
    outcomes: &[Outcome],
    sleep: &str,
    name: &str,
) -> Result<Option<Plot>, Box<dyn Error>> {
    let rates: Vec<(&Outcome, Vec<Point<'_>>)> = outcomes
        .iter()
        .filter(|outcome| is_of(outcome, sleep))
        .map(|outcome| (outcome, outcome.measured().filter_map(Point::of).collect()))
        .filter(|(_, points): &(_, Vec<_>)| !points.is_empty())
        .collect();
    if rates.is_empty() {
        return Ok(None);
    }
    let rows = rates.len().div_ceil(2) as i32;
    let size = (WIDTH, (HEAD + rows * PANEL.1) as u32);
    let plot = draw(name, alt(sleep, &rates), size, |canvas| {
        let heading = format!("{sleep}: latency against the consumer's CPU time");
        canvas.draw_text(&heading, &title(), (8, 18))?;
        legend(&rates).draw(canvas, (8, 46))?;
        for (index, (outcome, points)) in rates.iter().enumerate() {
            let index = index as i32;
            let corner = (index % 2 * PANEL.0, HEAD + index / 2 * PANEL.1);
            panel(canvas, corner, &outcome.group.scenario, points)?;
        }
        Ok(())
    });
    plot.map(Some)
}

fn is_of(outcome: &Outcome, sleep: &str) -> bool {
    let group = &outcome.group;
    let scenario = group.scenario.rsplit_once('/');
    matches!(group.load, Some(Load::PerSecond(_)))
        && group.payload == <Box<Item>>::KIND
        && scenario.is_some_and(|(scenario, _)| scenario == sleep)
}

fn alt(sleep: &str, rates: &[(&Outcome, Vec<Point<'_>>)]) -> String {
    let rates = rates.iter().filter_map(|(outcome, points)| {
        let least = |figure: fn(&Point<'_>) -> f64| {
            let queues = points.iter().filter(|it| it.row.role != Role::Floor);
            queues.min_by(|a, b| figure(a).total_cmp(&figure(b)))
        };
        let (fastest, cheapest) = (least(|it| it.latency)?, least(|it| it.busy)?);
        Some(format!(
            "in {} the least latency is that of {} ({:.1} µs), the least CPU time that of {} \
             ({:.0} ns per item)",
            outcome.group.scenario,
            fastest.row.name,
            fastest.latency / 1000.0,
            cheapest.row.name,
            cheapest.busy
        ))
    });
    let rates: Vec<String> = rates.collect();
    format!(
        "{sleep}: the median latency of each contestant against its consumer's CPU time per item: \
         {}.",
        rates.join("; ")
    )
}

fn legend(rates: &[(&Outcome, Vec<Point<'_>>)]) -> Legend {
    let mut legend = Legend::default();
    for point in rates.iter().flat_map(|(_, points)| points) {
        if point.row.role.is_ours() {
            legend.add(point.row.name);
        }
    }
    legend.add_faint(OTHER, "others");
    legend.add_strong(FLOOR, "floor");
    legend
}

fn panel(canvas: &Canvas<'_>, (left, top): (i32, i32), name: &str, points: &[Point<'_>]) -> Drawn {
    let inside = Place {
        left: left + 70,
        top: top + 24,
        width: (PANEL.0 - 84) as u32,
        height: (PANEL.1 - 78) as u32,
    };
    canvas.draw_text(name, &subtitle(), (inside.left, top + 12))?;
    let axis = |figure: fn(&Point<'_>) -> f64| {
        Axis::logarithmic(range(points.iter().map(figure), 4.0), duration)
    };
    let chart = Chart::new(
        canvas,
        inside,
        [&axis(|it| it.busy), &axis(|it| it.latency)],
        None,
    )?;
    let end = (inside.left + inside.width as i32, top + PANEL.1 - 20);
    let what = "x: CPU time per item, y: median latency; both are best at the lower left";
    canvas.draw_text(what, &text(MUTED, HPos::Right), end)?;

    let at = |point: &Point<'_>| chart.at(point.busy, point.latency);
    let pixels: Vec<_> = points.iter().map(at).collect();
    let mut labels = Labels::new(inside, &pixels);
    // Ours are drawn last, hence on top.
    for point in by_importance(points).iter().rev() {
        match point.row.role {
            Role::Ours | Role::OursChained | Role::OursOnly => {
                point.mark().draw_strong(canvas, at(point))?
            }
            Role::Other | Role::Literature => point.mark().draw_faint(canvas, at(point))?,
            Role::Floor => point.mark().draw_strong(canvas, at(point))?,
        }
    }
    for point in by_importance(points) {
        let colour = match point.row.role.is_ours() {
            true => INK,
            false => MUTED,
        };
        labels.write(canvas, point.row.name, colour, at(point))?;
    }
    Ok(())
}

/// Returns the points, those first that a reader looks for: ours, the floor, the others that no
/// contestant surpasses in both figures, and then the rest.
fn by_importance<'p, 'a>(points: &'p [Point<'a>]) -> Vec<&'p Point<'a>> {
    let mut sorted: Vec<&Point<'_>> = points.iter().collect();
    sorted.sort_by_key(|point| match point.row.role {
        Role::Ours => 0,
        Role::OursChained | Role::OursOnly => 1,
        Role::Floor => 2,
        Role::Other | Role::Literature if !points.iter().any(|it| it.surpasses(point)) => 3,
        Role::Other | Role::Literature => 4,
    });
    sorted
}

impl<'a> Point<'a> {
    fn of(row: &'a Row) -> Option<Self> {
        let samples = row.sleep.as_ref()?.samples.iter();
        let busy: Vec<f64> = samples.map(|sample| sample.busy).collect();
        // A clock of the thread may be too coarse for the shortest samples.
        let busy = Median::of(&busy).value.max(1.0);
        let latency = row.median().value.max(1.0);
        Some(Self { row, busy, latency })
    }

    fn mark(&self) -> Mark {
        match self.row.role {
            Role::Ours | Role::OursChained | Role::OursOnly => forms::of(self.row.name),
            Role::Other | Role::Literature => OTHER,
            Role::Floor => FLOOR,
        }
    }

    fn surpasses(&self, other: &Self) -> bool {
        self.row.role != Role::Floor && self.busy < other.busy && self.latency < other.latency
    }
}
