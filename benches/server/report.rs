//! The table of a load.

use benches::report::{Block, Table};
use benches::statistics::Median;
use hdrhistogram::Histogram;

use crate::contestants::FLOOR;
use crate::load::{Load, Sample};
use crate::process::OURS;
use crate::syscalls::Calls;

/// The samples of a server.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// One for each round.
    pub(crate) samples: Vec<Sample>,
    pub(crate) calls: Option<Calls>,
}

impl Row {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            samples: Vec::new(),
            calls: None,
        }
    }

    /// Returns the microseconds of CPU time per request in each round.
    fn cpu(&self) -> Vec<f64> {
        let cpu = |sample: &Sample| sample.cpu.as_secs_f64() * 1e6 / sample.requests as f64;
        self.samples.iter().map(cpu).collect()
    }

    /// Returns the thousands of requests per second in each round.
    fn rate(&self) -> Vec<f64> {
        let rate = |it: &Sample| it.requests as f64 / it.elapsed.as_secs_f64() / 1e3;
        self.samples.iter().map(rate).collect()
    }

    /// Returns the latencies of all rounds.
    fn latency(&self) -> Histogram<u64> {
        let mut samples = self.samples.iter();
        let mut all = samples
            .next()
            .expect("each server has a sample")
            .latency
            .clone();
        samples.for_each(|it| {
            all.add(&it.latency)
                .expect("all histograms have the same bounds")
        });
        all
    }

    /// Returns the median of the ratios to another server within each round.
    fn ratio(&self, other: &Self) -> f64 {
        Median::of_ratios(&self.cpu(), &other.cpu()).value
    }
}

/// Returns a heading and the table.
pub(crate) fn table(load: Load, rows: &[Row]) -> [Block; 2] {
    let floor = rows.iter().find(|row| row.name == FLOOR);
    let others = rows.iter().filter(|row| ![FLOOR, OURS].contains(&row.name));
    let best = others.min_by(|a, b| median(a.cpu()).total_cmp(&median(b.cpu())));
    let mut table = Table::new([
        "server",
        "CPU µs/request",
        "range",
        "/ floor",
        "/ best peer",
        "1000 requests/s",
        "p50 µs",
        "p99",
        "p99.9",
        "system calls",
        "write",
        "futex",
    ]);
    for row in rows {
        table.push(cells(row, floor, best));
    }
    let (path, connections, depth) = (load.path, load.connections, load.depth);
    let pipelined = match depth {
        1 => String::new(),
        _ => format!(", pipelined {depth} deep"),
    };
    let heading = format!("`{path}`, {connections} connections{pipelined}");
    [Block::Heading(heading), Block::Table(table)]
}

fn cells(row: &Row, floor: Option<&Row>, best: Option<&Row>) -> Vec<String> {
    let cpu = row.cpu();
    let (least, most) = cpu.iter().fold((f64::MAX, 0_f64), |(least, most), cpu| {
        (least.min(*cpu), most.max(*cpu))
    });
    let ratio =
        |other: Option<&Row>| other.map_or("-".into(), |it| format!("{:.2}", row.ratio(it)));
    let latency = row.latency();
    let micros = |quantile| format!("{:.0}", latency.value_at_quantile(quantile) as f64 / 1e3);
    let calls = |field: fn(&Calls) -> f64| {
        let calls = row.calls.as_ref().map(field);
        calls.map_or("-".into(), |it| format!("{it:.2}"))
    };
    vec![
        row.name.into(),
        format!("{:.2}", median(cpu)),
        format!("{least:.2}-{most:.2}"),
        ratio(floor),
        ratio(best),
        format!("{:.1}", median(row.rate())),
        micros(0.5),
        micros(0.99),
        micros(0.999),
        calls(|it| it.all),
        calls(|it| it.writes),
        calls(|it| it.futexes),
    ]
}

fn median(values: Vec<f64>) -> f64 {
    Median::of(&values).value
}
