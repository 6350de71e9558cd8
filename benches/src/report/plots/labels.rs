//! Labels beside points, without overlaps.

use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, TEXT, text, width};
use super::chart::Place;
use super::scheme::Colour;

/// Writes labels beside points, where there is room.
pub(super) struct Labels {
    inside: Place,
    taken: Vec<Area>,
}

/// A rectangle in pixels.
#[derive(Clone, Copy)]
struct Area {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

impl Labels {
    /// Creates labels that stay within a chart and keep off its points.
    pub(super) fn new(inside: Place, points: &[(i32, i32)]) -> Self {
        const RADIUS: i32 = 4;
        let taken = points.iter().map(|&(x, y)| Area {
            left: x - RADIUS,
            top: y - RADIUS,
            right: x + RADIUS,
            bottom: y + RADIUS,
        });
        Self {
            inside,
            taken: taken.collect(),
        }
    }

    /// Writes a label beside a point, unless all places beside it are taken.
    pub(super) fn write(
        &mut self,
        canvas: &Canvas<'_>,
        label: &str,
        colour: Colour,
        point: (i32, i32),
    ) -> Drawn {
        if let Some(area) = self.reserve(label, point) {
            let middle = (area.top + area.bottom) / 2;
            canvas.draw_text(label, &text(colour, HPos::Left), (area.left, middle))?;
        }
        Ok(())
    }

    fn reserve(&mut self, label: &str, (x, y): (i32, i32)) -> Option<Area> {
        const GAP: i32 = 9;
        let (width, half) = (width(label), TEXT as i32 / 2);
        let sides = [
            (x + GAP, y),
            (x - GAP - width, y),
            (x - width / 2, y - GAP - half),
            (x - width / 2, y + GAP + half),
            (x + GAP, y - half),
            (x + GAP, y + half),
            (x - GAP - width, y - half),
            (x - GAP - width, y + half),
        ];
        let areas = sides.map(|(left, middle)| Area {
            left,
            top: middle - half,
            right: left + width,
            bottom: middle + half,
        });
        let free = |area: &&Area| {
            self.contains(area) && !self.taken.iter().any(|taken| taken.overlaps(area))
        };
        let area = *areas.iter().find(free)?;
        self.taken.push(area);
        Some(area)
    }

    fn contains(&self, area: &Area) -> bool {
        let Place {
            left,
            top,
            width,
            height,
        } = self.inside;
        area.left >= left
            && area.top >= top
            && area.right <= left + width as i32
            && area.bottom <= top + height as i32
    }
}

impl Area {
    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: Place = Place {
        left: 0,
        top: 0,
        width: 300,
        height: 200,
    };

    #[test]
    fn labels_of_one_point_do_not_overlap() {
        let mut labels = Labels::new(INSIDE, &[(150, 100)]);
        let areas: Vec<Area> = (0..20)
            .filter_map(|_| labels.reserve("label", (150, 100)))
            .collect();
        assert!((4..20).contains(&areas.len()), "{} labels", areas.len());
        for (index, area) in areas.iter().enumerate() {
            assert!(areas[..index].iter().all(|other| !other.overlaps(area)));
        }
    }

    #[test]
    fn label_stays_inside() {
        let mut labels = Labels::new(INSIDE, &[(298, 100)]);
        let area = labels.reserve("a long label", (298, 100)).unwrap();
        assert!(area.right < 298);
        assert!(labels.reserve(&"too long ".repeat(9), (150, 50)).is_none());
    }
}
