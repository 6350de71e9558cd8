//! How often pops abort, how long a stall lasts, and how long pops take that wait inside.

mod interruptions;
mod rounds;
mod spinning;
mod traffic;

use hdrhistogram::Histogram;
use mpsc_queue::GapFree;
use papers::statistics::Median;

use super::claims::{Claim, Outcome, Verdict};
use super::contestants::{Contestant, Crossbeam, InForm, Intrusive, Locked};
use super::report::{Chart, Line, Report};
use super::ticks;
use rounds::{ALONE_WITH_WORK, Met, NANOS, OVERSUBSCRIBED, OVERSUBSCRIBED_WITH_WORK};
use spinning::Spinning;
use traffic::Arrangement;

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "A push is blocking with respect to the consumer in an extremely small window",
        by: "2010-vyukov-mpsc",
        falsified: "with work between pushes and a core for each thread, the consumer of our \
            forward-linked queue meets the window of more than one push in ten",
    },
    Claim {
        text: "The consumer can be told instead of made to wait",
        by: "2012-desnoyers-lai-wfcqueue",
        falsified: "with 8 producers on one core, the longest pop of a round takes at least half \
            as long in our forward-linked queue as with crossbeam's `SegQueue`, or as with a lock \
            around a deque, whose pops wait for a producer that has been stopped",
    },
    Claim {
        text: "A stall lasts until the producer runs again, and the pops that tell of it do not",
        by: "2012-desnoyers-lai-wfcqueue",
        falsified: "with 8 producers on one core that work between pushes, the longest pop of our \
            forward-linked queue takes at least half as long as its longest stall",
    },
    Claim {
        text: "A push that links first leaves nothing to abort for",
        by: "1986-treiber-stack",
        falsified: "a pop of our gap-free form aborts",
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
            "stall, ns: median",
            "99 %",
            "most",
            "pop, ns: median",
            "99 %",
            "most",
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
        findings: findings(&arrangements, &all),
        verdicts: verdicts(&all),
        caveat: "other machines, schedulers and loads. Pops and stalls in which the kernel ran \
            another thread in place of the consumer are left out; the longer a pop waits inside, \
            the more often that happens to it on a machine with other load. The first pop of a \
            batch turns the batch round, which takes longer the further the consumer is behind. \
            The clock has a resolution of ten nanoseconds on some processors. The consumer polls \
            without a pause, which no program does that has other work: while its queue is \
            stalled, a consumer that is told can serve another queue, a timer or a socket, and \
            one that waits inside the pop cannot.",
    }
}

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
    ]
    .into_iter()
    .chain(stalls)
    .chain(pops)
    .chain([
        format!("{:.0}", Median::of(&tally.longest_pops).value),
        tally.interrupted.to_string(),
    ])
    .collect()
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

fn findings(arrangements: &[Arrangement], all: &[Met]) -> Vec<String> {
    let of_arrangement = |(number, arrangement): (usize, &Arrangement)| {
        let each = all.iter().map(|met| {
            let tally = &met.tallies[number];
            let longest = Median::of(&tally.longest_pops);
            let stalls = match quantiles(&tally.stall_ticks) {
                _ if tally.stalls == 0 => "never stalled".to_string(),
                _ if tally.stall_ticks.is_empty() => {
                    format!("stalled {} times, which are left out", tally.stalls)
                }
                [median, _, most] => format!(
                    "stalled {:.0} times per 10^6 items, for {} in the median and {} at most",
                    per_million(tally.stalls, tally.items),
                    spelled(median),
                    spelled(most)
                ),
            };
            format!(
                "{}: {stalls}; longest pop of a round {} ({} to {})",
                met.name,
                spelled(longest.value),
                spelled(longest.low),
                spelled(longest.high)
            )
        });
        format!(
            "{}. {}.",
            arrangement.name,
            each.collect::<Vec<_>>().join(". ")
        )
    };
    arrangements
        .iter()
        .enumerate()
        .map(of_arrangement)
        .collect()
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
    let of = |name: &str| {
        let met = all.iter().find(|met| met.name == name);
        met.expect("each of them is a contestant")
    };
    let told = of(Intrusive::NAME);
    let working = &told.tallies[ALONE_WITH_WORK];
    let stalls = per_million(working.stalls, working.items);
    let gap_free = of(<InForm<GapFree>>::NAME);
    let gap_free_aborts: u64 = gap_free.tallies.iter().map(|tally| tally.aborts).sum();
    vec![
        Verdict::of(
            stalls <= 1e5,
            format!(
                "The consumer of `{}`, which polls, meets the window of {stalls:.0} of 10^6 pushes \
                 ({} of {}), with one producer that works {NANOS} ns between two pushes.",
                told.name, working.stalls, working.items
            ),
        ),
        verdict_on_waiting(told, &[of(Crossbeam::NAME), of(Locked::NAME)]),
        verdict_on_stalls(told, of(Spinning::NAME)),
        Verdict::of(
            gap_free_aborts == 0,
            format!("{gap_free_aborts} pops of `{}` abort.", gap_free.name),
        ),
    ]
}

/// Confirms that the longest pops take less than half as long if the consumer is told.
fn verdict_on_waiting(told: &Met, others: &[&Met]) -> Verdict {
    let longest = |met: &Met| met.tallies[OVERSUBSCRIBED].longest_pops.clone();
    let ratios = others
        .iter()
        .map(|other| Median::of_ratios(&longest(other), &longest(told)));
    let ratios: Vec<_> = ratios.collect();
    let spelled_ratio = |(met, ratio): (&&Met, &Median)| {
        format!(
            "in `{}` {}, {:.1} times as long ({:.1} to {:.1})",
            met.name,
            spelled(Median::of(&longest(met)).value),
            ratio.value,
            ratio.low,
            ratio.high
        )
    };
    let each = others.iter().zip(&ratios).map(spelled_ratio);
    let measured = format!(
        "The longest pop of the median round takes {} in `{}`; {}.",
        spelled(Median::of(&longest(told)).value),
        told.name,
        each.collect::<Vec<_>>().join("; ")
    );
    let outcome = if ratios.iter().all(|ratio| ratio.low > 2.0) {
        Outcome::Confirmed
    } else if ratios.iter().any(|ratio| ratio.high < 2.0) {
        Outcome::Refuted
    } else {
        Outcome::Open
    };
    Verdict { outcome, measured }
}

/// Open unless a producer was stopped in its window for long.
fn verdict_on_stalls(told: &Met, spins: &Met) -> Verdict {
    /// Longer than a pop takes for any other reason, and shorter than a turn of the scheduler.
    const LONG: f64 = 1e6;
    let most = |ticks: &Histogram<u64>| quantiles(ticks)[2];
    let [told, spins] = [told, spins].map(|met| &met.tallies[OVERSUBSCRIBED_WITH_WORK]);
    let (pop, stall) = (most(&told.pop_ticks), most(&told.stall_ticks));
    let measured = format!(
        "The longest stall takes {}, and the longest pop {}; a pop that spins takes {} at most.",
        spelled(stall),
        spelled(pop),
        spelled(most(&spins.pop_ticks))
    );
    if stall < LONG {
        return Verdict {
            outcome: Outcome::Open,
            measured,
        };
    }
    Verdict::of(2.0 * pop < stall, measured)
}
