//! What work between two pushes does to the order of the contestants, and why.

use mpsc_queue::{BackLinked, GapFree, Queue};
use papers::cc_synch::CcSynch;
use papers::jiffy::Jiffy;
use papers::michael_scott::MichaelScott;
use papers::ring::Ring;
use papers::segmented::{Segmented, SegmentedWithBackoff};
use papers::statistics::Median;
use papers::vyukov::Vyukov;

use super::contestants::{Crossbeam, Locked};
use super::objects::Object;
use super::report::{Attachment, Chart, Line, Report};
use series::{Contestant, Series, WORKS, measure};
pub(crate) use verdicts::CLAIMS;
use verdicts::verdicts;

mod runs;
mod series;
mod verdicts;

/// Where the charts draw pushes without work, because the axis is logarithmic.
const WITHOUT_WORK: f64 = 25.0;

pub(crate) fn run() -> Report {
    type Item = Box<Object>;
    let all = measure(&[
        Contestant::of::<Queue<Item>>(),
        Contestant::of::<Queue<Item, BackLinked>>(),
        Contestant::of::<Queue<Item, GapFree>>(),
        Contestant::of::<Vyukov<Object>>(),
        Contestant::of::<Segmented<Item>>(),
        Contestant::of::<SegmentedWithBackoff<Item>>(),
        Contestant::of::<Jiffy<Item>>(),
        Contestant::of::<Ring<Item>>(),
        Contestant::of::<Crossbeam<Item>>(),
        Contestant::of::<MichaelScott<Item>>(),
        Contestant::of::<CcSynch<Item>>(),
        Contestant::of::<Locked<Item>>(),
    ]);

    let mut findings: Vec<_> = all.iter().map(Series::finding).collect();
    findings.push(overlap(&all));
    Report {
        header: vec![
            "queue",
            "work, ns",
            "ns per push, less the work",
            "mean run, items",
            "runs per line of 4 slots",
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
            evicts the queue from the caches. The time is that of each producer: divided by two, \
            it is the elapsed time per item. `cc_synch` allocates for each item, and the blocks of \
            `segmented`, `jiffy` and `SegQueue` are in part allocated anew for each sample. The \
            lengths of the work are the same for all contestants of a round, but a difference of \
            two long times has the error of both.",
    }
}

/// Returns in how many of the samples the producers overlapped.
fn overlap(all: &[Series]) -> String {
    let cells = || all.iter().flat_map(|series| &series.cells);
    let samples: usize = cells().map(|cell| cell.nanos.len()).sum();
    let overlapped: usize = cells().map(|cell| cell.lengths.len()).sum();
    format!(
        "In {overlapped} of {samples} samples the producers overlapped for at least half of the \
         time of the faster one. Where they did in less than half of the samples, nothing is \
         decided."
    )
}

fn drawn_at(work: u64) -> f64 {
    if work == 0 { WITHOUT_WORK } else { work as f64 }
}

fn text(median: Option<Median>) -> String {
    median.map_or("-".into(), |median| format!("{:.2}", median.value))
}

impl Series {
    fn rows(&self) -> Vec<Vec<String>> {
        let rows = self.cells.iter().zip(WORKS).map(|(cell, work)| {
            let cost = cell.cost();
            vec![
                self.name.to_string(),
                work.to_string(),
                format!("{:.1} [{:.1}, {:.1}]", cost.value, cost.low, cost.high),
                text(cell.length()),
                text(cell.per_line()),
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
                .map(|(cell, work)| (drawn_at(work), cell.cost().value.max(0.0)))
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
        let (without, with) = (&self.cells[0], &self.cells[WORKS.len() - 3]);
        format!(
            "{}: {:.0} ns per push without work, in runs of {} items; {:.0} ns with 500 ns of \
             work, in runs of {}.",
            self.name,
            without.cost().value,
            text(without.length()),
            with.cost().value,
            text(with.length())
        )
    }
}
