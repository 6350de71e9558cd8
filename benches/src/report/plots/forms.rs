//! How the contestants are drawn, which is the same in all plots.

use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, TEXT, text, width};
use super::marks::{Mark, Shape};
use super::scheme::{BLUE, CYAN, Colour, GREEN, INK, MUTED, OLIVE, ORANGE, PURPLE};

/// The name that those of all our contestants begin with.
const OURS: &str = "mpsc-queue";

/// The marks of our forms, among which are chains. Forms that compete with each other differ in
/// their shape.
const MARKS: [(&str, Mark); 17] = [
    ("", mark(Shape::Circle, BLUE)),
    ("boxing", mark(Shape::Diamond, BLUE)),
    ("as a set of futures", mark(Shape::Plus, BLUE)),
    ("back-linked", mark(Shape::Square, ORANGE)),
    ("gap-free", mark(Shape::Triangle, GREEN)),
    ("sharded", mark(Shape::Diamond, PURPLE)),
    ("compact", mark(Shape::Wedge, CYAN)),
    ("adaptive", mark(Shape::Wedge, ORANGE)),
    ("adaptive both ways", mark(Shape::Diamond, ORANGE)),
    ("spinning", mark(Shape::Triangle, PURPLE)),
    ("channel", mark(Shape::Square, GREEN)),
    ("channel, adaptive", mark(Shape::Wedge, GREEN)),
    ("async", mark(Shape::Cross, CYAN)),
    ("async, tokio's loop", mark(Shape::Cross, PURPLE)),
    ("chains", mark(Shape::Hourglass, OLIVE)),
    ("chains of 8", mark(Shape::Plus, OLIVE)),
    ("chains of 64", mark(Shape::Cross, OLIVE)),
];

/// The mark of a form that has none of its own.
const FURTHER: Mark = mark(Shape::Cross, GREEN);

/// The mark of a contestant that is not ours.
pub(super) const OTHER: Mark = mark(Shape::Circle, MUTED);

/// The mark of a floor.
pub(super) const FLOOR: Mark = mark(Shape::Bar, INK);

const fn mark(shape: Shape, colour: Colour) -> Mark {
    Mark { shape, colour }
}

/// Returns the mark of one of our contestants.
pub(super) fn of(name: &str) -> Mark {
    let form = form(name);
    let known = MARKS.iter().find(|(known, _)| *known == form);
    known.map_or(FURTHER, |(_, mark)| *mark)
}

/// Returns the part of a name that tells our contestants apart; empty for the plain form.
///
/// A form that boxes its values is the same form, except for the plain one: the run queue with
/// boxed tasks competes with the plain form.
fn form(name: &str) -> String {
    const BOXING: &str = "boxing";
    let rest = name.strip_prefix(OURS).unwrap_or(name);
    let parts: Vec<&str> = rest.split(", ").filter(|part| !part.is_empty()).collect();
    if parts == [BOXING] {
        return BOXING.into();
    }
    let parts: Vec<&str> = parts.into_iter().filter(|part| *part != BOXING).collect();
    parts.join(", ")
}

/// The height of a line of marks.
const LINE: i32 = 20;

/// How far the meaning of a mark is to the right of where the mark begins.
const LABEL: i32 = 18;

/// The marks above a plot, with their meaning.
#[derive(Default)]
pub(super) struct Legend(Vec<Entry>);

struct Entry {
    mark: Mark,
    /// Set if the plot draws the mark small and hollow.
    faint: bool,
    label: String,
}

impl Legend {
    /// Adds one of our contestants, unless its mark is there.
    pub(super) fn add(&mut self, name: &str) {
        let form = form(name);
        let label = match (of(name), &*form) {
            (FURTHER, _) => "further forms",
            (_, "") => OURS,
            (_, form) => form,
        };
        self.add_strong(of(name), label);
    }

    /// Adds a large mark, unless it is there.
    pub(super) fn add_strong(&mut self, mark: Mark, label: &str) {
        self.add_mark(mark, false, label);
    }

    /// Adds a small mark, unless it is there.
    pub(super) fn add_faint(&mut self, mark: Mark, label: &str) {
        self.add_mark(mark, true, label);
    }

    fn add_mark(&mut self, mark: Mark, faint: bool, label: &str) {
        if self.0.iter().all(|entry| entry.mark != mark) {
            let label = label.into();
            self.0.push(Entry { mark, faint, label });
        }
    }

    /// Returns the height of the marks in a plot of this width.
    pub(super) fn height(&self, left: i32, end: i32) -> i32 {
        self.places(left, end)
            .last()
            .map_or(0, |(_, top)| top + LINE)
    }

    /// Draws the marks from left to right, in as many lines as necessary.
    pub(super) fn draw(&self, canvas: &Canvas<'_>, (left, top): (i32, i32)) -> Drawn {
        let end = canvas.dim_in_pixel().0 as i32;
        let places = self.places(left, end).into_iter();
        for (Entry { mark, faint, label }, (x, below)) in self.0.iter().zip(places) {
            let y = top + below;
            match faint {
                true => mark.draw_faint(canvas, (x + 6, y))?,
                false => mark.draw_strong(canvas, (x + 6, y))?,
            }
            canvas.draw_text(label, &text(INK, HPos::Left), (x + LABEL, y))?;
        }
        Ok(())
    }

    /// Returns where each mark begins, and how far its line is below the first one.
    fn places(&self, left: i32, end: i32) -> Vec<(i32, i32)> {
        let (mut x, mut below) = (left, 0);
        let places = self.0.iter().map(|entry| {
            let width = LABEL + width(&entry.label);
            if x > left && x + width > end {
                (x, below) = (left, below + LINE);
            }
            let place = (x, below);
            x += width + TEXT as i32;
            place
        });
        places.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Group;
    use crate::{scenarios, sleep};

    /// Returns the names of our rows in each group.
    fn groups() -> Vec<(String, Vec<&'static str>)> {
        let mut groups = scenarios::groups(&[]);
        groups.extend(sleep::groups(&[]));
        let ours = |group: Group| {
            let cells = group.cells.iter().filter(|cell| cell.role.is_ours());
            (group.to_string(), cells.map(|cell| cell.name).collect())
        };
        groups.into_iter().map(ours).collect()
    }

    #[test]
    fn competing_forms_have_different_shapes() {
        for (group, names) in groups() {
            for (index, name) in names.iter().enumerate() {
                let shape = of(name).shape;
                let same = names[..index].iter().find(|it| of(it).shape == shape);
                assert_eq!(same, None, "{group}: the same shape as {name}");
            }
        }
    }

    /// One plot shows all groups.
    #[test]
    fn all_forms_have_marks_of_their_own() {
        let names: Vec<_> = groups().into_iter().flat_map(|(_, names)| names).collect();
        assert!(names.len() > MARKS.len(), "{names:?}");
        for (index, name) in names.iter().enumerate() {
            assert_ne!(of(name), FURTHER, "{name}");
            let same = |other: &&&str| of(other) == of(name) && form(other) != form(name);
            let same = names[..index].iter().find(same);
            assert_eq!(same, None, "the same mark as {name}");
        }
    }

    #[test]
    fn form_with_values_is_the_same_form() {
        let plain = ["mpsc-queue, gap-free", "mpsc-queue, channel, adaptive"];
        let boxing = [
            "mpsc-queue, gap-free, boxing",
            "mpsc-queue, channel, boxing, adaptive",
        ];
        assert_eq!(plain.map(of), boxing.map(of));
    }

    #[test]
    fn legend_has_each_mark_once() {
        let mut legend = Legend::default();
        let names = [
            "mpsc-queue",
            "mpsc-queue, gap-free, boxing",
            "mpsc-queue, gap-free",
            "mpsc-queue, a form to come",
            "mpsc-queue, another form to come",
        ];
        names.iter().for_each(|name| legend.add(name));
        let labels: Vec<_> = legend.0.iter().map(|entry| &*entry.label).collect();
        assert_eq!(labels, ["mpsc-queue", "gap-free", "further forms"]);
    }

    #[test]
    fn legend_continues_in_the_next_line() {
        let mut legend = Legend::default();
        for (name, _) in MARKS {
            legend.add(&format!("mpsc-queue, {name}"));
        }
        let places = legend.places(8, 400);
        assert_eq!(legend.height(8, 400), places[16].1 + LINE);
        assert!(legend.height(8, 400) > legend.height(8, 4000));
        assert_eq!(legend.height(8, 4000), LINE);
        for (entry, (x, _)) in legend.0.iter().zip(places) {
            assert!(x >= 8 && x + LABEL + width(&entry.label) <= 400);
        }
    }
}
