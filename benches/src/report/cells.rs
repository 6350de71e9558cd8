//! Formatting of table cells and rows, and the colours of plots.

use plotters::style::RGBColor;

use super::Standing;
use crate::contestant::Role;
use crate::rounds::Row;
use crate::statistics::Median;

/// Returns the name of a row, marked if it is a floor.
pub(super) fn label(row: &Row) -> String {
    match row.role {
        Role::Floor => format!("floor: {}", row.name),
        _ => row.name.into(),
    }
}

/// Returns our name and median, then name and ratio of the best other and of the floor.
pub(super) fn columns(standing: &Standing<'_>) -> [String; 6] {
    let compared = |with: &Option<(&Row, Median)>| match with {
        None => ["-".into(), "-".into()],
        Some((row, ratio)) => [
            format!("{} {:.1}", row.name, row.median().value),
            with_interval(*ratio),
        ],
    };
    let [other, ratio] = compared(&standing.other);
    let [floor, to_floor] = compared(&standing.floor);
    let (name, median) = (standing.ours.name.into(), with_interval(standing.median));
    [name, median, other, ratio, floor, to_floor]
}

pub(super) fn with_interval(median: Median) -> String {
    let digits = match median.value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    let Median { value, low, high } = median;
    format!("{value:.digits$} [{low:.digits$}, {high:.digits$}]")
}

/// Appends a row to a table in HTML.
pub(super) fn push_row(page: &mut String, cells: &[impl AsRef<str>]) {
    page.push_str("<tr>");
    for cell in cells {
        page.push_str("<td>");
        page.push_str(&escaped(cell.as_ref()));
    }
}

/// Escapes text for HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Returns the colour of a row in a plot.
pub(super) fn colour(role: Role) -> RGBColor {
    match role {
        Role::Ours | Role::OursChained => RGBColor(0xc0, 0x39, 0x2b),
        Role::Other => RGBColor(0x34, 0x5d, 0x8c),
        Role::Floor => RGBColor(0x60, 0x60, 0x60),
    }
}
