//! What work between two pushes does to the order of the contestants, and whether runs of one
//! producer explain it.

use mpsc_queue::{BackLinked, GapFree, Queue};
use papers::cc_synch::CcSynch;
use papers::jiffy::Jiffy;
use papers::ltqueue::LtQueue;
use papers::michael_scott::MichaelScott;
use papers::ring::Ring;
use papers::segmented::{Segmented, SegmentedWithBackoff};
use papers::statistics::Median;
use papers::vyukov::Vyukov;

use super::contestants::{Crossbeam, Locked};
use super::objects::Object;
use super::pushes::{Pushing, taken};
use super::report::{Attachment, Chart, Line, Report};
use series::{Cell, Series, WORKS, measure};
pub(crate) use verdicts::CLAIMS;
use verdicts::{LONG, verdicts};

mod runs;
mod series;
mod verdicts;

/// Where the charts draw pushes without work, because the axis is logarithmic.
const WITHOUT_WORK: f64 = 25.0;

pub(crate) fn run() -> Report {
    type Item = Box<Object>;
    let all = measure(&[
        Pushing::of::<Queue<Item>>(),
        Pushing::of::<Queue<Item, BackLinked>>(),
        Pushing::of::<Queue<Item, GapFree>>(),
        Pushing::of::<Vyukov<Object>>(),
        Pushing::of::<Segmented<Item>>(),
        Pushing::of::<SegmentedWithBackoff<Item>>(),
        Pushing::of::<Jiffy<Item>>(),
        Pushing::of::<LtQueue<Item>>(),
        Pushing::of::<Ring<Item>>(),
        Pushing::of::<Crossbeam<Item>>(),
        Pushing::of::<MichaelScott<Item>>(),
        Pushing::of::<CcSynch<Item>>(),
        Pushing::of::<Locked<Item>>(),
    ]);

    let mut findings: Vec<_> = all.iter().map(Series::finding).collect();
    findings.push(left_out(&all));
    Report {
        header: vec![
            "queue",
            "work, ns",
            "ns per push, less the work",
            "mean run, items",
            "runs per line of 4 slots",
            "contended samples",
        ],
        rows: all.iter().flat_map(Series::rows).collect(),
        chart: Chart {
            x: "mean work between two pushes, ns (25: none)",
            y: "ns per push, less the work",
            logarithmic: true,
            lines: all.iter().map(Series::costs).collect(),
        },
        attached: vec![Attachment::Chart {
            suffix: "runs",
            chart: Chart {
                x: "mean work between two pushes, ns (25: none)",
                y: "runs per line of 4 slots (1: one core fills it)",
                logarithmic: true,
                lines: all.iter().map(Series::lines).collect(),
            },
        }],
        verdicts: verdicts(&all),
        findings,
        caveat: "more than two producers; a consumer at the same time; work that uses memory, and \
            evicts the queue from the caches. The time is that of each producer: divided by two, it \
            is the elapsed time per item. `cc_synch` and `ltqueue` allocate for each item, and the \
            blocks of `segmented`, `jiffy` and `SegQueue` are in part allocated anew for each \
            sample. A sample in which no push was between two of the other producer is left out, \
            which shortens the longest runs. The lengths of the work are the same for all \
            contestants of a round, but a difference of two long times has the error of both.",
    }
}

/// Describes how many samples are left out, and what is decided by the others.
fn left_out(all: &[Series]) -> String {
    let cells = || all.iter().flat_map(|series| &series.cells);
    let sum = |of: fn(&Cell) -> usize| cells().map(of).sum::<usize>();
    format!(
        "{} Where fewer than half of the samples of a cell are contended, nothing is decided.",
        taken(
            sum(|cell| cell.samples.len()),
            sum(|cell| cell.contended().count()),
            sum(|cell| cell.retakes)
        )
    )
}

fn drawn_at(work: u64) -> f64 {
    if work == 0 { WITHOUT_WORK } else { work as f64 }
}

fn text(median: Option<Median>, digits: usize) -> String {
    median.map_or("-".into(), |median| format!("{:.digits$}", median.value))
}

impl Cell {
    /// Returns the mean length of a run, or its lower bound.
    pub(super) fn length_text(&self) -> String {
        let at_least = if self.is_cut_off() { "at least " } else { "" };
        let length = self.length(1);
        length.map_or("-".into(), |length| format!("{at_least}{length:.1}"))
    }
}

impl Series {
    fn rows(&self) -> Vec<Vec<String>> {
        let rows = self.cells.iter().zip(WORKS).map(|(cell, work)| {
            let cost = cell.cost().map_or("-".into(), |cost| format!("{cost:.1}"));
            vec![
                self.name.to_string(),
                work.to_string(),
                cost,
                cell.length_text(),
                text(cell.per_line(), 2),
                format!("{} of {}", cell.contended().count(), cell.samples.len()),
            ]
        });
        rows.collect()
    }

    fn costs(&self) -> Line {
        // The axis begins at zero. A negative figure is the error of a difference.
        let points = self.cells.iter().zip(WORKS);
        Line {
            name: self.name.to_string(),
            points: points
                .filter_map(|(cell, work)| Some((drawn_at(work), cell.cost()?.value.max(0.0))))
                .collect(),
        }
    }

    fn lines(&self) -> Line {
        let points = self.cells.iter().zip(WORKS);
        Line {
            name: self.name.to_string(),
            points: points
                .filter_map(|(cell, work)| Some((drawn_at(work), cell.per_line()?.value)))
                .collect(),
        }
    }

    fn finding(&self) -> String {
        let described = |cell: &Cell| {
            let (nanos, length) = (text(cell.cost(), 0), cell.length_text());
            format!("{nanos} ns per push, mean run {length} items")
        };
        format!(
            "{}: without work {}; with 500 ns {}.",
            self.name,
            described(&self.cells[0]),
            described(&self.cells[LONG])
        )
    }
}
