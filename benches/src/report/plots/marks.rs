//! Marks: points that differ in their shape, and not only in their colour.

use plotters::prelude::*;

use super::canvas::{Canvas, Drawn, fill, line};
use super::scheme::{Colour, PAPER};

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    Diamond,
    Triangle,
    Wedge,
    Plus,
    Cross,
    Hourglass,
    Bar,
}

/// How a contestant is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) shape: Shape,
    pub(super) colour: Colour,
}

impl Mark {
    /// Draws the mark large and filled.
    pub(super) fn draw_strong(self, canvas: &Canvas<'_>, at: (i32, i32)) -> Drawn {
        // The outline separates the mark from those below.
        self.draw(canvas, at, 6, self.colour, PAPER)
    }

    /// Draws the mark small and hollow.
    pub(super) fn draw_faint(self, canvas: &Canvas<'_>, at: (i32, i32)) -> Drawn {
        self.draw(canvas, at, 4, PAPER, self.colour)
    }

    fn draw(
        self,
        canvas: &Canvas<'_>,
        at: (i32, i32),
        radius: i32,
        inside: Colour,
        outline: Colour,
    ) -> Drawn {
        if self.shape == Shape::Circle {
            canvas.draw(&Circle::new(at, radius, fill(inside)))?;
            canvas.draw(&Circle::new(at, radius, line(outline, 1)))?;
            return Ok(());
        }
        let corners = self.shape.corners(radius).into_iter();
        let mut corners: Vec<_> = corners.map(|(x, y)| (at.0 + x, at.1 + y)).collect();
        canvas.draw(&Polygon::new(corners.clone(), fill(inside)))?;
        corners.extend(corners.first().copied());
        canvas.draw(&PathElement::new(corners, line(outline, 1)))?;
        Ok(())
    }
}

impl Shape {
    /// Returns the corners, relative to the middle.
    fn corners(self, r: i32) -> Vec<(i32, i32)> {
        let thin = r / 3;
        match self {
            Self::Circle => Vec::new(),
            Self::Square => vec![
                (1 - r, 1 - r),
                (r - 1, 1 - r),
                (r - 1, r - 1),
                (1 - r, r - 1),
            ],
            Self::Diamond => vec![(0, -r), (r, 0), (0, r), (-r, 0)],
            Self::Triangle => vec![(0, -r), (r, r - 1), (-r, r - 1)],
            Self::Wedge => vec![(0, r), (r, 1 - r), (-r, 1 - r)],
            Self::Bar => vec![(-1, -r), (1, -r), (1, r), (-1, r)],
            Self::Hourglass => vec![(-r, 1 - r), (r, 1 - r), (-r, r - 1), (r, r - 1)],
            Self::Plus => {
                let quarter = [(-thin, -thin), (-thin, -r), (thin, -r)];
                turned(quarter)
            }
            Self::Cross => {
                let quarter = [(-thin, 0), (-r, thin - r), (thin - r, -r)];
                turned(quarter)
            }
        }
    }
}

/// Returns the corners of a shape that consists of these, turned by 0, 90, 180 and 270 degrees.
fn turned(mut quarter: [(i32, i32); 3]) -> Vec<(i32, i32)> {
    let mut corners = Vec::new();
    for _ in 0..4 {
        corners.extend(quarter);
        quarter = quarter.map(|(x, y)| (-y, x));
    }
    corners
}
