//! How often pops abort, how long a stall lasts, and how long pops take that wait inside.

mod interruptions;
mod rounds;
mod spinning;
mod traffic;

use hdrhistogram::Histogram;
use papers::statistics::{Median, ratios};

use super::claims::{Claim, Outcome, Verdict, named};
use super::contestants::{Contestant, Crossbeam, Intrusive, Locked};
use super::report::{Chart, Line, Report};
use super::ticks;
use rounds::{Met, OVERSUBSCRIBED, OVERSUBSCRIBED_WITH_WORK};
use spinning::Spinning;
use traffic::Arrangement;

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "A consumer that is told of a late push has shorter pops than one that waits for it",
        by: "hypothesis",
        falsified: "with 8 producers on one core, the longest pop of a round takes at least half \
            as long in our forward-linked queue as with crossbeam's `SegQueue`, or as with a lock \
            around a deque, whose pops wait for a producer that has been stopped",
    },
    Claim {
        text: "A pop that tells of a stall returns long before the stall ends",
        by: "hypothesis",
        falsified: "with 8 producers on one core that work between pushes, the longest pop of our \
            forward-linked queue that aborts takes at least half as long as its longest stall",
    },
];

pub(crate) fn run() -> Report {
    let arrangements = rounds::arrangements();
    let all = rounds::measured(&arrangements);
    let rows = (arrangements.iter().enumerate())
        .flat_map(|(number, arrangement)| all.iter().map(move |met| row(arrangement, met, number)));
    Report {
        header: vec![
            "producers",
            "queue",
            "items",
            "aborts per 10^6 pops",
            "stalls per 10^6 items",
            "stalls timed",
            "stall, ns: median",
            "stall: 99 %",
            "stall: most",
            "longest abort, ns",
            "pop, ns: median",
            "pop: 99 %",
            "pop: most",
            "longest of a round: median",
            "left out",
        ],
        rows: rows.collect(),
        chart: Chart {
            x: "nanoseconds, 8 producers on one core that work between pushes",
            y: "decimal logarithm of 1 + the number of 10^6 pops that take longer",
            logarithmic: true,
            lines: all.iter().flat_map(lines).collect(),
        },
        attached: Vec::new(),
        findings: FINDINGS.map(String::from).into(),
        verdicts: verdicts(&all),
        caveat: "other machines, schedulers and loads. Pops and stalls in which the kernel ran \
            another thread in place of the consumer are left out; the longer a pop waits inside, \
            the more often that happens to it on a machine with other load. The first pop of a \
            batch turns the batch round, which takes longer the further the consumer is behind. A \
            pop of `SegQueue` that waits may yield its core to the producer for which it waits, and is \
            then left out as well, where they share a core (`2 producers`). \
            The clock has a resolution of ten nanoseconds on some processors. The consumer polls \
            without a pause, which no program does that has other work: while its queue is \
            stalled, a consumer that is told can serve another queue, a timer or a socket, and \
            one that waits inside the pop cannot.",
    }
}

/// What the figures do not say.
const FINDINGS: [&str; 3] = [
    "How often a consumer meets a push in its gap has no verdict, because no publication gives a figure \
     for it: see the stalls per 10^6 items.",
    "A pop of `gap-free` cannot abort, by its type. `SegQueue` and the deque in a lock wait inside \
     the pop.",
    "A pop of `back-linked` that aborts may have turned round a long batch before, up to the gap. The \
     verdict on pops that abort is on `forward-linked` only.",
];

/// Returns how often something happened, per million.
fn per_million(count: u64, of: u64) -> f64 {
    count as f64 * 1e6 / of.max(1) as f64
}

/// Returns the median, the 99th percentile and the maximum, in nanoseconds.
fn quantiles(ticks: &Histogram<u64>) -> [f64; 3] {
    [0.5, 0.99, 1.0].map(|quantile| ticks::to_nanoseconds(ticks.value_at_quantile(quantile)))
}

fn row(arrangement: &Arrangement, met: &Met, number: usize) -> Vec<String> {
    let tally = &met.tallies[number];
    let stalls = match tally.stall_ticks.len() {
        0 => ["-"; 3].map(String::from),
        _ => quantiles(&tally.stall_ticks).map(|nanos| format!("{nanos:.0}")),
    };
    let pops = quantiles(&tally.pop_ticks).map(|nanos| format!("{nanos:.0}"));
    [
        arrangement.name.to_string(),
        met.name.to_string(),
        tally.items.to_string(),
        format!("{:.0}", per_million(tally.aborts, tally.pops)),
        format!("{:.0}", per_million(tally.stalls, tally.items)),
        tally.stall_ticks.len().to_string(),
    ]
    .into_iter()
    .chain(stalls)
    .chain([most_or_none(&tally.abort_ticks)])
    .chain(pops)
    .chain([
        format!("{:.0}", Median::of(&tally.longest_pops).value),
        tally.interrupted.to_string(),
    ])
    .collect()
}

fn most_or_none(times: &Histogram<u64>) -> String {
    match times.len() {
        0 => "-".into(),
        _ => format!("{:.0}", quantiles(times)[2]),
    }
}

/// Returns how many pops, and stalls, take longer than a time, with more producers than cores.
fn lines(met: &Met) -> Vec<Line> {
    let tally = &met.tallies[OVERSUBSCRIBED_WITH_WORK];
    let over = |name: String, ticks: &Histogram<u64>| {
        let times = (0..=30).map(|step| 10_f64.powf(3.0 + f64::from(step) / 5.0));
        let points = times.map(|nanos| {
            let limit = nanos / ticks::to_nanoseconds(1);
            let longer = ticks.len() - ticks.count_between(0, limit as u64);
            (nanos, (1.0 + per_million(longer, tally.pops)).log10())
        });
        Line {
            name,
            points: points.collect(),
        }
    };
    let mut lines = vec![over(format!("{}: a pop", met.name), &tally.pop_ticks)];
    if !tally.stall_ticks.is_empty() {
        lines.push(over(format!("{}: a stall", met.name), &tally.stall_ticks));
    }
    lines
}

fn spelled(nanos: f64) -> String {
    match nanos {
        0.0..1e3 => format!("{nanos:.0} ns"),
        1e3..1e6 => format!("{:.1} us", nanos / 1e3),
        _ => format!("{:.1} ms", nanos / 1e6),
    }
}

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(all: &[Met]) -> Vec<Verdict> {
    let of = |name| named(all, name);
    let told = of(Intrusive::NAME);
    vec![
        verdict_on_waiting(told, [of(Crossbeam::NAME), of(Locked::NAME)]),
        verdict_on_stalls(told, of(Spinning::NAME)),
    ]
}

/// Confirms that the longest pops take less than half as long if the consumer is told.
fn verdict_on_waiting(told: &Met, others: [&Met; 2]) -> Verdict {
    let longest = |met: &Met| met.tallies[OVERSUBSCRIBED].longest_pops.clone();
    let ratio = |met: &Met| Median::of_one_among(&ratios(&longest(met), &longest(told)), 2);
    let spelled_ratio = |met: &Met| {
        format!(
            "in `{}` {}, {:.1} times as long",
            met.name,
            spelled(Median::of(&longest(met)).value),
            ratio(met)
        )
    };
    let outcome = |met: &Met| Outcome::of_interval(ratio(met), 2.0, f64::INFINITY);
    Verdict {
        outcome: Outcome::of_all(others.map(outcome)),
        measured: format!(
            "The longest pop of the median round takes {} in `{}`; {}.",
            spelled(Median::of(&longest(told)).value),
            told.name,
            others.map(spelled_ratio).join("; ")
        ),
    }
}

/// Open unless a producer was stopped in its window for long, and a pop told of it.
fn verdict_on_stalls(told: &Met, spins: &Met) -> Verdict {
    /// Longer than a pop takes for any other reason, and shorter than a turn of the scheduler.
    const LONG: f64 = 1e6;
    let most = |ticks: &Histogram<u64>| quantiles(ticks)[2];
    let [told, spins] = [told, spins].map(|met| &met.tallies[OVERSUBSCRIBED_WITH_WORK]);
    let (abort, stall) = (most(&told.abort_ticks), most(&told.stall_ticks));
    let is_shown = stall >= LONG && !told.abort_ticks.is_empty();
    Verdict::of(
        2.0 * abort < stall,
        format!(
            "The longest of {} stalls takes {}, and the longest of {} pops that abort {}; a pop \
             that spins takes {} at most.",
            told.stall_ticks.len(),
            spelled(stall),
            told.abort_ticks.len(),
            spelled(abort),
            spelled(most(&spins.pop_ticks))
        ),
    )
    .if_shown(is_shown)
}
