//! The time of a push while the consumer is awake, and from a push to the consumer that it wakes.

mod times;

use papers::statistics::{Median, ratios};

use super::claims::{Claim, Outcome, Verdict, named};
use super::park::protocols::{Added, Counted, Flagged, Protocol, Told};
use super::report::{Chart, Line, Report};
use times::Times;

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "In portable code, an eventcount makes a push hardly longer while the consumer is awake",
        by: "hypothesis",
        falsified: "a push with an eventcount takes at least half as long again as one with a \
            wake-up told by the exchange (our queue)",
    },
    Claim {
        text: "The kernel makes the latency of a wake-up, not the protocol",
        by: "hypothesis",
        falsified: "the median latency with a flag, an eventcount or a counter is more than 1.25 \
            times that of a wake-up told by the exchange, or less than 0.8 times",
    },
];

pub(crate) fn run() -> Report {
    let all = times::measured();
    Report {
        header: vec![
            "protocol",
            "ns per push, awake",
            "interval",
            "ratio to the first",
            "us per push that wakes",
            "us to the woken consumer: median",
            "interval",
            "ratio to the first",
            "99 %",
        ],
        rows: all.iter().map(|times| row(times, &all[0])).collect(),
        chart: Chart {
            x: "microseconds from the push to the return of the woken consumer",
            y: "percent of the sleeps whose wake-up takes longer",
            logarithmic: true,
            lines: all.iter().map(line).collect(),
        },
        attached: Vec::new(),
        findings: all.iter().map(|times| finding(times, &all[0])).collect(),
        verdicts: verdicts(&all),
        caveat: "other kernels and machines; a virtual machine adds to each wake-up. While the \
            consumer is awake, the pushes are those of one thread, in a row, without a consumer \
            that takes lines away. The consumer of a wake-up sleeps for at least as long as it \
            takes the producer to find that out. The times of a push that wakes include those of \
            a preemption by the woken thread where both run on the same core.",
    }
}

fn micros(nanos: f64) -> String {
    format!("{:.1}", nanos / 1e3)
}

fn row(times: &Times, first: &Times) -> Vec<String> {
    let (awake, latency) = (Median::of(&times.awake), Median::of(&times.latency));
    vec![
        times.name.to_string(),
        format!("{:.1}", awake.value),
        format!("{:.1} to {:.1}", awake.low, awake.high),
        ratio(&times.awake, &first.awake),
        micros(Median::of(&times.waking).value),
        micros(latency.value),
        format!("{} to {}", micros(latency.low), micros(latency.high)),
        ratio(&times.latency, &first.latency),
        micros(times.quantile(10)),
    ]
}

fn ratio(times: &[f64], first: &[f64]) -> String {
    Median::of_ratios(times, first).to_string()
}

fn line(times: &Times) -> Line {
    let points = (0..50).map(|step| {
        let above = 1000 - step * 20;
        (times.quantile(above) / 1e3, above as f64 / 10.0)
    });
    Line {
        name: times.name.to_string(),
        points: points.collect(),
    }
}

fn finding(times: &Times, first: &Times) -> String {
    format!(
        "{}: {:.1} ns per push while the consumer is awake, {} times those of the first protocol; \
         {} us from the push to the woken consumer, {} times.",
        times.name,
        Median::of(&times.awake).value,
        ratio(&times.awake, &first.awake),
        micros(Median::of(&times.latency).value),
        ratio(&times.latency, &first.latency)
    )
}

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(all: &[Times]) -> Vec<Verdict> {
    let of = |name| named(all, name);
    let (told, counted) = (of(Told::NAME), of(Counted::NAME));
    let push = Median::of_ratios(&counted.awake, &told.awake);
    let latencies = [Flagged::NAME, Counted::NAME, Added::NAME]
        .map(|name| (name, ratios(&of(name).latency, &told.latency)))
        .map(|(name, ratios)| (name, Median::of_one_among(&ratios, 3)));
    let spelled = latencies
        .iter()
        .map(|(name, ratio)| format!("{ratio} ({name})"));
    vec![
        Verdict {
            outcome: Outcome::of_interval(push, f64::NEG_INFINITY, 1.5),
            measured: format!(
                "A push with an eventcount takes {push} times as long, {:.1} ns against {:.1}.",
                Median::of(&counted.awake).value,
                Median::of(&told.awake).value
            ),
        },
        Verdict {
            outcome: Outcome::of_all(
                latencies.map(|(_, ratio)| Outcome::of_interval(ratio, 0.8, 1.25)),
            ),
            measured: format!(
                "Latencies, in times of that of a wake-up told by the exchange ({} us): {}.",
                micros(Median::of(&told.latency).value),
                spelled.collect::<Vec<_>>().join(", ")
            ),
        },
    ]
}
