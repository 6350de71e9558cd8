//! The HTML page with plots.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::cells::{columns, escaped, label, push_row, with_interval};
use super::targets::{self, targets};
use super::{Findings, METHOD, plot, sleep};
use crate::costs;

/// Writes `index.html` into `folder`, which is created if missing.
///
/// # Errors
///
/// Fails if the folder cannot be written to, or a plot cannot be drawn.
pub fn write(findings: &Findings, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("index.html"), page(findings)?)?;
    Ok(())
}

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8>\
    <meta name=viewport content='width=device-width'><title>Which MPSC queue?</title>\
    <style>body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;font-size:.85rem}td,th{border-bottom:1px solid #ccc;\
    padding:.15rem .6rem;text-align:left}svg{max-width:100%;height:auto}</style>";

fn page(findings: &Findings) -> Result<String, Box<dyn Error>> {
    let mut page = format!("{HEAD}<h1>Which MPSC queue, and how far from the limit?</h1>");
    page.push_str("<table>");
    for (name, value) in &findings.machine {
        write!(page, "<tr><th>{}<td>{}", escaped(name), escaped(value))?;
    }
    write!(
        page,
        "</table><p>{METHOD} <a href='criterion/report/index.html'>Criterion's report</a>."
    )?;
    page.push_str(
        "<h2>Ours, the best other, the floor</h2><table><tr><th>scenario<th>ours<th>ns per item\
         <th>best other<th>ours / other<th>floor<th>ours / floor",
    );
    for outcome in &findings.outcomes {
        for standing in outcome.standings() {
            write!(page, "<tr><td>{}", escaped(&outcome.title()))?;
            for cell in columns(&standing) {
                write!(page, "<td>{}", escaped(&cell))?;
            }
        }
    }
    page.push_str("</table>");
    for failure in &findings.failures {
        let (name, what) = (escaped(&failure.name), escaped(&failure.what));
        write!(page, "<p><b>Failed the self-check: {name}</b>: {what}")?;
    }
    let method = targets::METHOD;
    write!(
        page,
        "<h2>Targets</h2><p>{method}<table><tr><th>target<th>this run<th>"
    )?;
    for target in targets(findings) {
        push_row(&mut page, &target.cells());
    }
    let header = costs::COLUMNS.join("<th>");
    let method = costs::METHOD;
    write!(
        page,
        "</table><h2>Counted</h2><p>{method}<table><tr><th>payload<th>queue<th>{header}"
    )?;
    for cost in &findings.costs {
        push_row(&mut page, &cost.cells());
    }
    page.push_str("</table>");
    for failure in &findings.uncounted {
        let (name, what) = (escaped(&failure.name), escaped(&failure.what));
        write!(page, "<p><b>Not counted: {name}</b>: {what}")?;
    }
    for outcome in &findings.outcomes {
        let (title, question) = (escaped(&outcome.title()), escaped(&outcome.group.question));
        let plot = plot::boxes(outcome)?;
        write!(page, "<h2>{title}</h2><p>{question}</p>{plot}<table>")?;
        for row in &outcome.rows {
            let (name, median) = (escaped(&label(row)), with_interval(row.median()));
            write!(
                page,
                "<tr><td>{name}<td>{median} ns<td>{} rounds",
                row.nanos.len()
            )?;
        }
        page.push_str("</table>");
    }
    page.push_str(&sleep::html(&findings.sleepers)?);
    Ok(page)
}
