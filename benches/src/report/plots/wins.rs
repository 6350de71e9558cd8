//! Who wins where: each form of ours against the best other queue, in each scenario.

use std::error::Error;
use std::ops::Range;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, draw, line, subtitle, text, title};
use super::chart::{Axis, Chart, Place, short};
use super::forms::{self, FLOOR, Legend};
use super::scheme::{GRID, INK, MUTED, ORANGE};
use crate::contestant::Role;
use crate::report::document::Plot;
use crate::report::duel::Duel;
use crate::report::standing::{ratio_of, rounded};
use crate::rounds::{Outcome, Row};
use crate::sleep::Load;
use papers::statistics::Median;

/// A scenario in the plot.
struct Line<'a> {
    outcome: &'a Outcome,
    /// The rival of the best form, which all figures are compared with.
    other: &'a Row,
    floor: Option<Median>,
    /// The best of our forms.
    best: (&'a Row, Median),
    rest: Vec<(&'a Row, Median)>,
}

/// The scenarios of one kind.
struct Section<'a> {
    title: String,
    lines: Vec<Line<'a>>,
}

/// Ratios beyond are drawn at the edge, and written beside it.
const LIMITS: Range<f64> = 0.04..25.0;

const WIDTH: u32 = 1120;
const COLUMN: i32 = WIDTH as i32 / 2;
const ROW: i32 = 18;
const NAMES: i32 = 120;
const NOTES: i32 = 200;
const ABOVE_ROWS: i32 = 24;
const BELOW_ROWS: i32 = 34;
/// Where the marks begin.
const LEGEND: (i32, i32) = (8, 60);

/// Draws the plot, unless no scenario has both ours and another.
pub(super) fn wins(outcomes: &[Outcome]) -> Result<Option<Plot>, Box<dyn Error>> {
    let sections = sections(outcomes);
    if sections.is_empty() {
        return Ok(None);
    }
    let legend = legend(&sections);
    let head = LEGEND.1 + legend.height(LEGEND.0, WIDTH as i32);
    let places = places(&sections, head);
    let bottom = |(place, section): (&(i32, i32), &Section<'_>)| place.1 + section.height();
    let height = places.iter().zip(&sections).map(bottom).max();
    let height = height.unwrap_or_default() as u32;
    let plot = draw("who-wins", alt(&sections), (WIDTH, height), |canvas| {
        let heading = "Who wins where: time of mpsc-queue, relative to the best other queue";
        canvas.draw_text(heading, &title(), (8, 18))?;
        let hint = "left of 1, on the shaded ground, mpsc-queue is faster; filled: its best form, \
                    with the 95 % interval; *: more threads than cores; sleep: of \
                    the others that spend no more CPU time";
        canvas.draw_text(hint, &text(MUTED, HPos::Left), (8, 40))?;
        legend.draw(canvas, LEGEND)?;
        for (section, place) in sections.iter().zip(&places) {
            section.draw(canvas, *place)?;
        }
        Ok(())
    });
    plot.map(Some)
}

/// Groups the scenarios: by payload, and those of consumers that sleep by how they sleep.
fn sections(outcomes: &[Outcome]) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in outcomes.iter().filter_map(Line::of) {
        let title = line.kind();
        match sections.iter_mut().find(|section| section.title == title) {
            Some(section) => section.lines.push(line),
            None => sections.push(Section {
                title,
                lines: vec![line],
            }),
        }
    }
    sections
}

/// Returns the top left corners of the sections, each below the shorter of two columns, which begin
/// at `head`.
fn places(sections: &[Section<'_>], head: i32) -> Vec<(i32, i32)> {
    let mut heights = [head; 2];
    let places = sections.iter().map(|section| {
        let column = usize::from(heights[1] < heights[0]);
        let top = heights[column];
        heights[column] += section.height();
        (column as i32 * COLUMN, top)
    });
    places.collect()
}

fn legend(sections: &[Section<'_>]) -> Legend {
    let mut legend = Legend::default();
    for line in sections.iter().flat_map(|section| &section.lines) {
        let ours = line.rest.iter().chain([&line.best]);
        ours.for_each(|(row, _)| legend.add(row.name));
    }
    legend.add_strong(FLOOR, "floor");
    legend
}

fn alt(sections: &[Section<'_>]) -> String {
    let lines = || sections.iter().flat_map(|section| &section.lines);
    let ahead = lines().filter(|line| line.best.1.high < 1.0).count();
    let behind = lines().filter(|line| line.best.1.low > 1.0).count();
    let of = lines().count();
    format!(
        "Who wins where: in {ahead} of {of} scenarios the best form of mpsc-queue is faster than \
         the best other queue, in {behind} it is slower, in {} the interval contains both.",
        of - ahead - behind
    )
}

impl<'a> Line<'a> {
    fn of(outcome: &'a Outcome) -> Option<Self> {
        let Duel {
            ours: best,
            other,
            ratio,
            ..
        } = Duel::of_best_form(outcome)?;
        let rest = outcome
            .measured()
            .filter(|row| row.role.is_ours() && row.name != best.name)
            .map(|row| (row, ratio_of(row, other)));
        let floor = outcome.measured().find(|row| row.role == Role::Floor);
        Some(Self {
            outcome,
            other,
            floor: floor.map(|row| ratio_of(row, other)),
            best: (best, ratio),
            rest: rest.collect(),
        })
    }

    /// Returns the title of the section to which the scenario belongs.
    fn kind(&self) -> String {
        let group = &self.outcome.group;
        match (group.scenario.rsplit_once('/'), group.payload) {
            (Some((sleep, _)), payload) if group.load.is_some() => {
                format!("{sleep}, {payload}: median latency")
            }
            (_, "") => "programs".into(),
            (_, payload) => payload.into(),
        }
    }

    /// Returns the name of the scenario, or only what the section's title does not say.
    fn name(&self) -> &str {
        let group = &self.outcome.group;
        match (group.load, group.scenario.rsplit_once('/')) {
            (Some(Load::Saturation), _) => "saturated: time",
            (Some(Load::PerSecond(_)), Some((_, rate))) => rate,
            _ => &group.scenario,
        }
    }

    fn draw(&self, canvas: &Canvas<'_>, chart: &Chart<'_>, row: usize) -> Drawn {
        let at = |ratio: f64| chart.in_row(ratio, row);
        let (left, right) = (at(LIMITS.start), at(LIMITS.end));
        canvas.draw(&PathElement::new(vec![left, right], line(GRID, 1)))?;
        if let Some(floor) = self.floor {
            FLOOR.draw_strong(canvas, at(floor.value))?;
        }
        for (row, ratio) in &self.rest {
            forms::of(row.name).draw_faint(canvas, at(ratio.value))?;
        }
        let (best, ratio) = self.best;
        let mark = forms::of(best.name);
        let interval = vec![at(ratio.low), at(ratio.high)];
        canvas.draw(&PathElement::new(interval, line(mark.colour, 3)))?;
        mark.draw_strong(canvas, at(ratio.value))?;

        let group = &self.outcome.group;
        let marked = if group.oversubscribed { " *" } else { "" };
        let name = format!("{}{marked}", self.name());
        canvas.draw_text(&name, &text(INK, HPos::Right), (left.0 - 8, left.1))?;
        let colour = match ratio {
            Median { low: 1.0.., .. } => ORANGE,
            Median { high: ..1.0, .. } => INK,
            _ => MUTED,
        };
        let note = format!("{} × {}", rounded(ratio.value), shortened(self.other.name));
        canvas.draw_text(&note, &text(colour, HPos::Left), (right.0 + 8, right.1))?;
        Ok(())
    }
}

/// Returns a name that fits beside a line: without how the contestant wakes its consumer, unless two
/// contestants differ in that only.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 19;
    const WAKES: [&str; 4] = [
        ", flag + unpark",
        ", flag + eventfd",
        ", unpark per push",
        ", eventfd per push",
    ];
    let name = WAKES
        .iter()
        .fold(name.to_owned(), |name, wake| name.replace(wake, ""));
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    }
}

impl Section<'_> {
    fn height(&self) -> i32 {
        ABOVE_ROWS + ROW * self.lines.len() as i32 + BELOW_ROWS
    }

    fn draw(&self, canvas: &Canvas<'_>, (left, top): (i32, i32)) -> Drawn {
        canvas.draw_text(
            &self.title,
            &subtitle(),
            (left + NAMES, top + ABOVE_ROWS / 2),
        )?;
        let inside = Place {
            left: left + NAMES,
            top: top + ABOVE_ROWS,
            width: (COLUMN - NAMES - NOTES) as u32,
            height: (ROW * self.lines.len() as i32) as u32,
        };
        let ratios = Axis::labelled(LIMITS, vec![0.1, 1.0, 10.0], short);
        let rows = Axis::rows(self.lines.len());
        let ahead = Some(LIMITS.start..1.0);
        let chart = Chart::new(canvas, inside, [&ratios, &rows], ahead)?;
        for (row, line) in self.lines.iter().rev().enumerate() {
            line.draw(canvas, &chart, row)?;
        }
        Ok(())
    }
}
