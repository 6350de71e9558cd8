//! How the contestants are drawn, which is the same in all plots.

use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, TEXT, text, width};
use super::marks::{Mark, Shape};
use super::scheme::{BLUE, CYAN, Colour, GREEN, INK, MUTED, OLIVE, ORANGE, PURPLE};

/// The name that those of all our contestants begin with.
const OURS: &str = "mpsc-queue";

const PLAIN: Mark = mark(Shape::Circle, BLUE);

/// The marks of our forms, among which are chains.
const MARKS: [(&str, Mark); 15] = [
    ("", PLAIN),
    ("boxing", PLAIN),
    ("as a set of futures", PLAIN),
    ("back-linked", mark(Shape::Square, ORANGE)),
    ("gap-free", mark(Shape::Triangle, GREEN)),
    ("sharded", mark(Shape::Diamond, PURPLE)),
    ("compact", mark(Shape::Wedge, CYAN)),
    ("adaptive", mark(Shape::Wedge, ORANGE)),
    ("spinning", mark(Shape::Triangle, PURPLE)),
    ("channel", mark(Shape::Square, GREEN)),
    ("async", mark(Shape::Diamond, CYAN)),
    ("adaptive both ways", mark(Shape::Triangle, ORANGE)),
    ("chains", mark(Shape::Plus, OLIVE)),
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

/// Returns the part of a name that tells our contestants apart; empty if there is none. What
/// follows it is the same for all in a plot, such as that they box their values.
fn form(name: &str) -> &str {
    let rest = name.strip_prefix(OURS).unwrap_or(name);
    let mut parts = rest.split(", ").filter(|part| !part.is_empty());
    parts.next().unwrap_or_default()
}

/// The height of a line of marks.
pub(super) const LINE: i32 = 20;

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
        let label = match form(name) {
            form if of(name) == PLAIN || form.is_empty() => OURS,
            form => form,
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

    /// Draws the marks from left to right, in as many lines as necessary.
    pub(super) fn draw(&self, canvas: &Canvas<'_>, (left, mut top): (i32, i32)) -> Drawn {
        let end = canvas.dim_in_pixel().0 as i32;
        let mut x = left;
        for Entry { mark, faint, label } in &self.0 {
            if x + 18 + width(label) > end {
                (x, top) = (left, top + LINE);
            }
            match faint {
                true => mark.draw_faint(canvas, (x + 6, top))?,
                false => mark.draw_strong(canvas, (x + 6, top))?,
            }
            canvas.draw_text(label, &text(INK, HPos::Left), (x + 18, top))?;
            x += 18 + width(label) + TEXT as i32;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_marks_of_their_own() {
        let names = [
            "mpsc-queue",
            "mpsc-queue, back-linked",
            "mpsc-queue, gap-free",
        ];
        let marks = names.map(of);
        assert_eq!(marks[0], of("mpsc-queue, boxing"), "the same form");
        assert_eq!(
            marks[1],
            of("mpsc-queue, back-linked, boxing"),
            "the same form"
        );
        assert!(marks[0] != marks[1] && marks[1] != marks[2] && marks[0] != marks[2]);
        assert_eq!(of("mpsc-queue, a form to come"), FURTHER);
    }

    #[test]
    fn legend_has_each_mark_once() {
        let mut legend = Legend::default();
        for name in ["mpsc-queue, boxing", "mpsc-queue", "mpsc-queue, gap-free"] {
            legend.add(name);
        }
        let labels: Vec<_> = legend.0.iter().map(|entry| &*entry.label).collect();
        assert_eq!(labels, ["mpsc-queue", "gap-free"]);
    }
}
