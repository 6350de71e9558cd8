//! All figures of a report.

use std::error::Error;

use super::document::{Block, Table};
use super::findings::Findings;
use super::plots;
use super::standing::{Standing, standings, with_interval};
use crate::contestant::Role;
use crate::costs;
use crate::rounds::{Outcome, Row};
use crate::scenarios::WORK_ALONE;
use crate::sleep::{Figures, SampleStats};
use crate::transfers;
use papers::statistics::Median;

const METHOD: &str = "Each round takes one sample of every contestant, in rotating order. A \
    figure is the median over the rounds with its 95 % confidence interval (order statistics; \
    with fewer than six rounds the whole range). A ratio is the median of the ratios within \
    the rounds; below 1, mpsc-queue is faster. Heap objects are allocated before the clock \
    starts and freed after it stops; allocations by the queues are measured. In push, pop, \
    both and burst, the producers have just written the items, the number of items is the \
    same for all contestants, and the consumer reads each item; each thread is pinned to its \
    own core unless there are more threads than cores (oversubscribed).";

const SLEEP_METHOD: &str = "In the sleep scenarios, one producer spins until its next push is due; \
    one consumer sleeps when the queue is empty. A latency is the time from the scheduled push to \
    the arrival of the item. Measured from the push itself, it would hide the delay that a slow \
    push causes for the next one (coordinated omission). The column of late pushes shows how late \
    they began; what all contestants share there is caused by the machine. p50 and p99 are medians \
    of the rounds; p99.9, max, sleeps and wake-ups are over all rounds. Sleeps are the consumer's \
    voluntary context switches. Wake-ups are counted by the contestants that make the call \
    themselves. At saturation the producer has no schedule, and a latency would be the backlog.";

/// Returns how the figures were measured, and the figures of each scenario with their plot.
pub(super) fn details(findings: &Findings) -> Result<Vec<Block>, Box<dyn Error>> {
    let mut blocks = Vec::new();
    for outcome in &findings.outcomes {
        blocks.push(Block::Details {
            title: outcome.title(),
            blocks: vec![
                Block::Paragraph(outcome.group.question.clone()),
                Block::Plot(plots::boxes(outcome)?),
                Block::Table(samples(outcome)),
            ],
        });
    }
    blocks.extend(counted(findings));
    blocks.extend(modelled(findings));
    blocks.push(method(findings));
    Ok(blocks)
}

/// Returns a line for each of our rows in each scenario: ours, the best other, the floor.
pub(super) fn standing_of_all(findings: &Findings) -> Block {
    let mut table = Table::new([
        "scenario",
        "ours",
        "ns per item",
        "best other",
        "ours / other",
        "floor",
        "ours / floor",
    ]);
    for outcome in &findings.outcomes {
        for standing in standings(outcome) {
            table.push(columns(outcome, &standing));
        }
    }
    Block::Details {
        title: "Ours, the best other, the floor".into(),
        blocks: vec![Block::Table(table)],
    }
}

fn columns(outcome: &Outcome, standing: &Standing<'_>) -> [String; 7] {
    let compared = |with: &Option<(&Row, Median)>| match with {
        None => ["-".into(), "-".into()],
        Some((row, ratio)) => [
            format!("{} {:.1}", row.name, row.median().value),
            with_interval(*ratio),
        ],
    };
    let [other, ratio] = compared(&standing.other);
    let [floor, to_floor] = compared(&standing.floor);
    let (name, median) = (
        standing.ours.name.into(),
        with_interval(standing.ours.median()),
    );
    [outcome.title(), name, median, other, ratio, floor, to_floor]
}

/// Returns all rows of a scenario.
pub(super) fn samples(outcome: &Outcome) -> Table {
    if outcome.group.load.is_some() {
        return latencies(outcome);
    }
    let alone = outcome.row(WORK_ALONE);
    let mut table = match alone {
        None => Table::new(["", "ns per item", "rounds"]),
        Some(_) => Table::new(["", "ns per item", "less the work", "rounds"]),
    };
    for row in outcome.measured() {
        let mut cells = vec![label(row), with_interval(row.median())];
        cells.extend(alone.map(|alone| {
            let rounds = row.nanos.iter().zip(&alone.nanos);
            let rest: Vec<f64> = rounds.map(|(all, work)| all - work).collect();
            with_interval(Median::of(&rest))
        }));
        cells.push(row.nanos.len().to_string());
        table.push(cells);
    }
    table
}

/// Returns the name of a row, marked if it is a floor.
fn label(row: &Row) -> String {
    match row.role {
        Role::Floor => format!("floor: {}", row.name),
        _ => row.name.into(),
    }
}

/// Returns the latencies of consumers that sleep, and what they cost.
fn latencies(outcome: &Outcome) -> Table {
    let mut table = Table::new([
        "",
        "p50, µs",
        "p99, µs",
        "p99.9, µs",
        "max, µs",
        "pushed late, p99, µs",
        "sleeps per item",
        "wake-ups per item",
        "consumer's CPU time, ns per item",
        "k items/s",
    ]);
    for row in outcome.measured() {
        if let Some(figures) = &row.sleep {
            table.push([label(row)].into_iter().chain(of_sleeper(figures)));
        }
    }
    table
}

fn of_sleeper(figures: &Figures) -> [String; 9] {
    let median = |figure: fn(&SampleStats) -> f64| {
        let samples: Vec<f64> = figures.samples.iter().map(figure).collect();
        Median::of(&samples)
    };
    let latency = |text: String| match figures.latency.is_empty() {
        true => "-".into(),
        false => text,
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

/// Returns the counted costs.
pub(super) fn counted(findings: &Findings) -> Option<Block> {
    if findings.costs.is_empty() && findings.uncounted.is_empty() {
        return None;
    }
    let mut table = Table::new(["payload", "queue"].into_iter().chain(costs::COLUMNS));
    findings
        .costs
        .iter()
        .for_each(|cost| table.push(cost.cells()));
    let missing = findings.uncounted.iter();
    let missing = missing.map(|it| format!("Not counted: {}: {}", it.name, it.what));
    Some(Block::Details {
        title: "Counted".into(),
        blocks: vec![
            Block::Paragraph(costs::METHOD.into()),
            Block::Table(table),
            Block::List(missing.collect()),
        ],
    })
}

/// Returns the figures of the model, and how they agree with the measured ones.
pub(super) fn modelled(findings: &Findings) -> Option<Block> {
    if findings.transfers.is_empty() {
        return None;
    }
    let mut blocks = vec![Block::Paragraph(transfers::METHOD.into())];
    if let Some(comparison) = transfers::compare(&findings.transfers, &findings.outcomes) {
        blocks.push(Block::Paragraph(comparison.text()));
        let mut table = Table::new([
            "",
            "transfers per push, modelled",
            "ns less the work, measured",
        ]);
        comparison
            .cells()
            .into_iter()
            .for_each(|cells| table.push(cells));
        blocks.push(Block::Table(table));
    }
    for modelled in transfers::tables(&findings.transfers) {
        blocks.push(Block::Paragraph(format!(
            "Transfers per push + per pop, by the number of producers; {}.",
            modelled.title
        )));
        let mut table = Table::new(modelled.header);
        modelled
            .rows
            .into_iter()
            .for_each(|cells| table.push(cells));
        blocks.push(Block::Table(table));
    }
    Some(Block::Details {
        title: "Modelled: transfers of cache lines with up to 128 producers".into(),
        blocks,
    })
}

fn method(findings: &Findings) -> Block {
    let machine = findings.machine.iter();
    let machine = machine.map(|(name, value)| format!("{name}: {value}"));
    let failures = findings.failures.iter();
    let failures = failures.map(|it| format!("Failed the self-check: {}: {}", it.name, it.what));
    let late = findings.outcomes.iter().flat_map(Outcome::failures);
    let late = late.map(|line| format!("Failed: {line}"));
    Block::Details {
        title: "How it was measured".into(),
        blocks: vec![
            Block::List(machine.collect()),
            Block::Paragraph(METHOD.into()),
            Block::Paragraph(SLEEP_METHOD.into()),
            Block::List(failures.chain(late).collect()),
        ],
    }
}
