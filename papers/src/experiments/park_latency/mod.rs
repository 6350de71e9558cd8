//! The time of a push while the consumer is awake, and from a push to the consumer that it wakes.

mod times;

use papers::statistics::Median;

use super::claims::{Claim, Outcome, Verdict};
use super::park::protocols::{Added, Counted, Flagged, Protocol, Told};
use super::report::{Chart, Line, Report};
use times::Times;

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "An eventcount costs the producer a load and a branch while the consumer is awake",
        by: "2010-vyukov-eventcount",
        falsified: "a push with an eventcount takes at least half as long again as one with a \
            wake-up told by the exchange (our queue)",
    },
    Claim {
        text: "The kernel makes the latency of a wake-up, not the protocol",
        by: "2010-vyukov-eventcount",
        falsified: "the median latency with a flag, an eventcount or a counter differs by more \
            than a quarter from that of a wake-up told by the exchange",
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
    let ratio = Median::of_ratios(times, first);
    format!("{:.2} ({:.2} to {:.2})", ratio.value, ratio.low, ratio.high)
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
    let of = |name: &str| {
        let times = all.iter().find(|times| times.name == name);
        times.expect("each of them is a protocol")
    };
    let (told, counted) = (of(Told::NAME), of(Counted::NAME));
    let push = Median::of_ratios(&counted.awake, &told.awake);
    let latencies = [Flagged::NAME, Counted::NAME, Added::NAME]
        .map(|name| (name, Median::of_ratios(&of(name).latency, &told.latency)));
    let spelled = latencies.iter().map(|(name, ratio)| {
        format!(
            "{:.2} ({:.2} to {:.2}, {name})",
            ratio.value, ratio.low, ratio.high
        )
    });
    vec![
        Verdict {
            outcome: outcome(push, f64::NEG_INFINITY, 1.5),
            measured: format!(
                "A push with an eventcount takes {:.2} times as long ({:.2} to {:.2}), {:.1} ns \
                 against {:.1}.",
                push.value,
                push.low,
                push.high,
                Median::of(&counted.awake).value,
                Median::of(&told.awake).value
            ),
        },
        Verdict {
            outcome: all_of(latencies.map(|(_, ratio)| outcome(ratio, 0.8, 1.25))),
            measured: format!(
                "Latencies, in times of that of a wake-up told by the exchange ({} us): {}.",
                micros(Median::of(&told.latency).value),
                spelled.collect::<Vec<_>>().join(", ")
            ),
        },
    ]
}

/// Confirms that a ratio is between two bounds if its whole interval is.
fn outcome(ratio: Median, low: f64, high: f64) -> Outcome {
    if low < ratio.low && ratio.high < high {
        Outcome::Confirmed
    } else if ratio.high < low || high < ratio.low {
        Outcome::Refuted
    } else {
        Outcome::Open
    }
}

fn all_of<const N: usize>(outcomes: [Outcome; N]) -> Outcome {
    let is_any = |wanted| outcomes.contains(&wanted);
    match () {
        () if is_any(Outcome::Refuted) => Outcome::Refuted,
        () if is_any(Outcome::Open) => Outcome::Open,
        () => Outcome::Confirmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_across_a_bound_is_open() {
        let ratio = |low, high| Median {
            value: f64::midpoint(low, high),
            low,
            high,
        };
        assert_eq!(outcome(ratio(0.9, 1.1), 0.8, 1.25), Outcome::Confirmed);
        assert_eq!(outcome(ratio(1.2, 1.3), 0.8, 1.25), Outcome::Open);
        assert_eq!(outcome(ratio(1.3, 1.4), 0.8, 1.25), Outcome::Refuted);
        assert_eq!(outcome(ratio(0.6, 0.7), 0.8, 1.25), Outcome::Refuted);
        let outcomes = [Outcome::Confirmed, Outcome::Open, Outcome::Refuted];
        assert_eq!(all_of(outcomes), Outcome::Refuted);
        assert_eq!(all_of([Outcome::Confirmed, Outcome::Open]), Outcome::Open);
    }
}
