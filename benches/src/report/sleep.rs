//! What is told of consumers that sleep.

use std::error::Error;
use std::fmt::Write;

use super::html::escaped;
use super::text::{columns, label, with_interval};
use super::{Sleepers, sleep_plot, standings};
use crate::contestant::Role;
use crate::rounds;
use crate::sleep::{Figures, Load, Row, Sample};
use crate::statistics::Median;

const METHOD: &str = "One producer, which spins until the schedule wants the next push, and one \
    consumer, which sleeps when there is nothing. A latency runs from when the schedule wanted \
    the push, not from the push itself, to the consumer's having the item: a producer that is \
    kept from the next push by the last one's wake-up does not hide that. How late the \
    pushes themselves began stands beside it: what is common to all contestants there is the \
    machine's doing. p50 and p99 are medians of the rounds; p99.9, max, sleeps and wake-ups \
    are of all rounds together. Sleeps are the consumer's voluntary context switches, the \
    same measure for everyone; wake-ups, and how often the consumer began to wait, are what \
    a contestant counts itself, where it can. At saturation the producer has no schedule, and \
    a latency would be the backlog.";

/// How we stand at each load, and whether we keep what we promise.
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
        for standing in standings(&mains(group, at)) {
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
    for line in promises(groups).into_iter().chain(failures(groups)) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Everything, as a part of `RESULTS.md`.
pub(super) fn markdown(groups: &[Sleepers]) -> String {
    let mut text = String::new();
    if groups.is_empty() {
        return text;
    }
    let _ = write!(text, "\n## A consumer that sleeps\n\n{METHOD}\n\n");
    for line in promises(groups).into_iter().chain(failures(groups)) {
        let _ = writeln!(text, "- {line}");
    }
    for (group, at, load) in loads(groups) {
        let (title, heads) = (title(group, load), HEADS.join(" | "));
        let _ = write!(text, "\n### {title}\n\n| | {heads} |\n");
        let _ = writeln!(text, "|---|{}", "---|".repeat(HEADS.len()));
        for row in measured(group, at) {
            let cells = figures(load, &row.figures[at]).join(" | ");
            let _ = writeln!(text, "| {} | {cells} |", label(&main(row, at)));
        }
    }
    text
}

/// Everything, as a part of the page.
pub(super) fn html(groups: &[Sleepers]) -> Result<String, Box<dyn Error>> {
    let mut page = String::new();
    if groups.is_empty() {
        return Ok(page);
    }
    write!(page, "<h2>A consumer that sleeps</h2><p>{METHOD}<ul>")?;
    for line in promises(groups).into_iter().chain(failures(groups)) {
        write!(page, "<li>{}", escaped(&line))?;
    }
    page.push_str("</ul>");
    for group in groups {
        let (title, plot) = (escaped(&group.to_string()), sleep_plot::latencies(group)?);
        write!(page, "<h2>{title}</h2>{plot}")?;
        for (at, &load) in Load::ALL.iter().enumerate() {
            let heads = HEADS.join("<th>");
            write!(page, "<h3>{load}</h3><table><tr><th><th>{heads}")?;
            for row in measured(group, at) {
                let cells = figures(load, &row.figures[at]).join("<td>");
                write!(
                    page,
                    "<tr><td>{}<td>{cells}",
                    escaped(&label(&main(row, at)))
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
    format!("{} {load}, {}", group.scenario, group.family)
}

/// Whoever fails has no figure that could be compared.
pub(super) fn measured(group: &Sleepers, at: usize) -> impl Iterator<Item = &Row> {
    let rows = group.rows.iter();
    rows.filter(move |row| row.failure.is_none() && !row.figures[at].samples.is_empty())
}

fn row_of<'a>(group: &'a Sleepers, name: &str) -> &'a Row {
    let mut rows = group.rows.iter();
    rows.find(|row| row.name == name).expect("it stands there")
}

/// By what the contestants are compared: the median latency, or the time per item.
fn mains(group: &Sleepers, at: usize) -> Vec<rounds::Row> {
    measured(group, at).map(|row| main(row, at)).collect()
}

fn main(row: &Row, at: usize) -> rounds::Row {
    let main = match Load::ALL[at] {
        Load::PerSecond(_) => |sample: &Sample| sample.p50,
        Load::Saturation => |sample: &Sample| sample.elapsed,
    };
    rounds::Row {
        name: row.name,
        role: row.role,
        nanos: row.figures[at].samples.iter().map(main).collect(),
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
    "consumer's processor time, ns per item",
    "k items/s",
];

fn figures(load: Load, figures: &Figures) -> [String; 9] {
    let median = |figure: fn(&Sample) -> f64| {
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

/// At most one wake-up per sleep, and no system call while the consumer is awake: a
/// push of ours calls the kernel to wake, or not at all.
fn promises(groups: &[Sleepers]) -> Vec<String> {
    let mut lines = Vec::new();
    for group in groups {
        for row in &group.rows {
            let calls = row.figures.iter().filter_map(|figures| figures.calls);
            let (waits, wakes) = calls.fold((0, 0), |sum, calls| {
                (sum.0 + calls.waits, sum.1 + calls.wakes)
            });
            if matches!(row.role, Role::Ours | Role::OursChained) && waits > 0 {
                let items: u64 = row.figures.iter().map(|figures| figures.items).sum();
                lines.push(format!(
                    "{group}, {}: {items} items, parked {waits} times, {wakes} wake-ups: {:.3} \
                     per sleep; {} items without a system call",
                    row.name,
                    wakes as f64 / waits as f64,
                    items - wakes
                ));
            }
        }
    }
    lines
}

fn failures(groups: &[Sleepers]) -> Vec<String> {
    let rows = groups
        .iter()
        .flat_map(|group| group.rows.iter().map(move |row| (group, row)));
    let failed = rows.filter_map(|(group, row)| {
        let what = row.failure.as_ref()?;
        Some(format!("FAILED {group}: {}: {what}", row.name))
    });
    failed.collect()
}
