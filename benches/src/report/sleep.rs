//! The results of consumers that sleep.

use std::error::Error;
use std::fmt::Write;

use super::cells::{columns, escaped, label, with_interval};
use super::{Sleepers, sleep_plot, standings};
use crate::rounds;
use crate::sleep::{Figures, Load, Row, SampleStats};
use crate::statistics::Median;

const METHOD: &str = "One producer spins until its next push is due; one consumer sleeps when \
    the queue is empty. A latency is the time from the scheduled push to the arrival of the \
    item. Measured from the push itself, it would hide the delay that a slow push causes for \
    the next one (coordinated omission). The column of late pushes shows how late they began; \
    what all contestants share there is caused by the machine. p50 and p99 are medians of the \
    rounds; p99.9, max, sleeps and wake-ups are over all rounds. Sleeps are the consumer's \
    voluntary context switches. Wake-ups are counted by the contestants that make the call \
    themselves. At saturation the producer has no schedule, and a latency would be the backlog.";

/// Formats our figures at each load, and the wake-ups.
pub(super) fn summary(groups: &[Sleepers]) -> String {
    let mut text = String::new();
    if groups.is_empty() {
        return text;
    }
    let _ = writeln!(
        text,
        "\n{:<38} {:<19} {:>22} {:>10} {:>8} {:>8} {:<42} {:>19} {:<22} {:>19}",
        "a consumer that sleeps: latency",
        "ours",
        "p50, ns",
        "p99",
        "sleeps",
        "wake-ups",
        "best other",
        "ours / other",
        "floor",
        "ours / floor"
    );
    for (group, at, load) in loads(groups) {
        let title = title(group, load);
        for standing in standings(&compared(group, at)) {
            let row = row_of(group, standing.ours.name);
            let [_, p99, .., sleeps, wakes, _, _] = figures(load, &row.figures[at]);
            let [name, p50, other, ratio, floor, to_floor] = columns(&standing);
            let p99 = p99.split(' ').next().unwrap_or_default();
            let _ = writeln!(
                text,
                "{title:<38} {name:<19} {p50:>22} {p99:>10} {sleeps:>8} {wakes:>8} {other:<42} \
                 {ratio:>19} {floor:<22} {to_floor:>19}"
            );
        }
    }
    text.push_str(
        "p99 in µs; sleeps and wake-ups per item; at saturation ns per item instead of p50.\n",
    );
    for line in wake_ups(groups).into_iter().chain(failures(groups)) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Formats all figures for `RESULTS.md`.
pub(super) fn markdown(groups: &[Sleepers]) -> String {
    let mut text = String::new();
    if groups.is_empty() {
        return text;
    }
    let _ = write!(text, "\n## A consumer that sleeps\n\n{METHOD}\n\n");
    for line in wake_ups(groups).into_iter().chain(failures(groups)) {
        let _ = writeln!(text, "- {line}");
    }
    for (group, at, load) in loads(groups) {
        let (title, heads) = (title(group, load), HEADS.join(" | "));
        let _ = write!(text, "\n### {title}\n\n| | {heads} |\n");
        let _ = writeln!(text, "|---|{}", "---|".repeat(HEADS.len()));
        for row in group.measured(at) {
            let cells = figures(load, &row.figures[at]).join(" | ");
            let _ = writeln!(text, "| {} | {cells} |", label(&compared_row(row, at)));
        }
    }
    text
}

/// Formats all figures for the page.
pub(super) fn html(groups: &[Sleepers]) -> Result<String, Box<dyn Error>> {
    let mut page = String::new();
    if groups.is_empty() {
        return Ok(page);
    }
    write!(page, "<h2>A consumer that sleeps</h2><p>{METHOD}<ul>")?;
    for line in wake_ups(groups).into_iter().chain(failures(groups)) {
        write!(page, "<li>{}", escaped(&line))?;
    }
    page.push_str("</ul>");
    for group in groups {
        let (title, plot) = (escaped(&group.to_string()), sleep_plot::latencies(group)?);
        write!(page, "<h2>{title}</h2>{plot}")?;
        for (at, &load) in Load::ALL.iter().enumerate() {
            let heads = HEADS.join("<th>");
            write!(page, "<h3>{load}</h3><table><tr><th><th>{heads}")?;
            for row in group.measured(at) {
                let cells = figures(load, &row.figures[at]).join("<td>");
                write!(
                    page,
                    "<tr><td>{}<td>{cells}",
                    escaped(&label(&compared_row(row, at)))
                )?;
            }
            page.push_str("</table>");
        }
    }
    Ok(page)
}

fn loads(groups: &[Sleepers]) -> impl Iterator<Item = (&Sleepers, usize, Load)> {
    groups.iter().flat_map(|group| {
        let loads = Load::ALL.into_iter().enumerate();
        loads.map(move |(at, load)| (group, at, load))
    })
}

fn title(group: &Sleepers, load: Load) -> String {
    format!("{} {load}, {}", group.scenario, group.payload)
}

fn row_of<'a>(group: &'a Sleepers, name: &str) -> &'a Row {
    let mut rows = group.rows.iter();
    rows.find(|row| row.name == name)
        .expect("the group has a row of this name")
}

/// Returns rows of the figure that is compared: the median latency, or at saturation the
/// time per item.
fn compared(group: &Sleepers, at: usize) -> Vec<rounds::Row> {
    group
        .measured(at)
        .map(|row| compared_row(row, at))
        .collect()
}

fn compared_row(row: &Row, at: usize) -> rounds::Row {
    let figure = match Load::ALL[at] {
        Load::PerSecond(_) => |sample: &SampleStats| sample.p50,
        Load::Saturation => |sample: &SampleStats| sample.elapsed,
    };
    rounds::Row {
        name: row.name,
        role: row.role,
        nanos: row.figures[at].samples.iter().map(figure).collect(),
    }
}

const HEADS: [&str; 9] = [
    "p50, µs",
    "p99, µs",
    "p99.9, µs",
    "max, µs",
    "pushed late, p99, µs",
    "sleeps per item",
    "wake-ups per item",
    "consumer's CPU time, ns per item",
    "k items/s",
];

fn figures(load: Load, figures: &Figures) -> [String; 9] {
    let median = |figure: fn(&SampleStats) -> f64| {
        let samples: Vec<f64> = figures.samples.iter().map(figure).collect();
        Median::of(&samples)
    };
    let latency = |text: String| match load {
        Load::PerSecond(_) => text,
        Load::Saturation => "-".into(),
    };
    let of_all = |nanos: u64| latency(format!("{:.1}", nanos as f64 / 1000.0));
    let per_item = |count: u64| format!("{:.3}", count as f64 / figures.items as f64);
    let wakes = figures.calls.map(|calls| per_item(calls.wakes));
    [
        latency(with_interval(median(|sample| sample.p50 / 1000.0))),
        latency(with_interval(median(|sample| sample.p99 / 1000.0))),
        of_all(figures.latency.value_at_quantile(0.999)),
        of_all(figures.latency.max()),
        latency(with_interval(median(|sample| sample.late / 1000.0))),
        per_item(figures.sleeps),
        wakes.unwrap_or_else(|| "-".into()),
        with_interval(median(|sample| sample.busy)),
        format!("{:.0}", median(|sample| 1e6 / sample.elapsed).value),
    ]
}

/// Formats our wake-ups and parks. A push makes no other system call.
fn wake_ups(groups: &[Sleepers]) -> Vec<String> {
    let mut lines = Vec::new();
    for group in groups {
        for row in &group.rows {
            let calls = row.figures.iter().filter_map(|figures| figures.calls);
            let (waits, wakes) = calls.fold((0, 0), |sum, calls| {
                (sum.0 + calls.waits, sum.1 + calls.wakes)
            });
            if row.role.is_ours() && waits > 0 {
                let items: u64 = row.figures.iter().map(|figures| figures.items).sum();
                lines.push(format!(
                    "{group}, {}: {items} items, {waits} parks, {wakes} wake-ups ({:.3} per park)",
                    row.name,
                    wakes as f64 / waits as f64
                ));
            }
        }
    }
    lines
}

fn failures(groups: &[Sleepers]) -> impl Iterator<Item = String> {
    let failures = groups.iter().flat_map(Sleepers::failures);
    failures.map(|line| format!("FAILED {line}"))
}
