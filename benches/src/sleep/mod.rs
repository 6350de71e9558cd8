//! A consumer that sleeps: how late its items come, and how often it is woken.

#[cfg(target_os = "linux")]
mod adapters;
#[cfg(target_os = "linux")]
mod blocking;
#[cfg(target_os = "linux")]
mod entrants;
#[cfg(target_os = "linux")]
mod floors;
#[cfg(target_os = "linux")]
mod ours;
#[cfg(target_os = "linux")]
mod turn;

use std::fmt;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::contestant::Role;
use crate::rounds::Effort;

/// How fast the producer pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// So many items per second, by a schedule that does not wait for the consumer.
    PerSecond(u64),
    /// As fast as it can.
    Saturation,
}

impl Load {
    /// From a consumer that sleeps before each item to one that never does.
    pub const ALL: [Self; 5] = [
        Self::PerSecond(1_000),
        Self::PerSecond(10_000),
        Self::PerSecond(100_000),
        Self::PerSecond(500_000),
        Self::Saturation,
    ];

    /// Fewer would have no distribution.
    const FEWEST: u64 = 50;

    fn items(self, turn: Duration) -> u64 {
        let per_second = match self {
            Self::PerSecond(count) => count,
            // What almost everybody can do.
            Self::Saturation => 1_000_000,
        };
        let items = turn.as_secs_f64() * per_second as f64;
        (items as u64).max(Self::FEWEST)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerSecond(count) => write!(f, "{} k/s", count / 1000),
            Self::Saturation => f.write_str("saturation"),
        }
    }
}

/// A way of sleeping and a family, with all that take part.
pub struct Group {
    /// Such as `sleep/park`.
    pub scenario: &'static str,
    /// What the queues carry.
    pub family: &'static str,
    /// Who takes part.
    pub rows: Vec<Row>,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.scenario, self.family)
    }
}

/// A contestant, and what was measured of it.
pub struct Row {
    /// What the reports call it.
    pub name: &'static str,
    /// What it is in the summary.
    pub role: Role,
    /// For each of [`Load::ALL`].
    pub figures: Vec<Figures>,
    /// It failed, and has not been measured since.
    pub failure: Option<String>,
    run: Run,
}

/// Sends so many items to a consumer of its own.
type Run = fn(Load, u64) -> Result<Turn, String>;

/// What was measured of a contestant under one load.
pub struct Figures {
    /// One for each round. The same index in all rows of a group is the same round.
    pub samples: Vec<Sample>,
    /// Of all rounds together, in nanoseconds; empty at saturation.
    pub latency: Histogram<u64>,
    /// How often the consumer went to sleep in all rounds.
    pub sleeps: u64,
    /// Of all rounds together, if the contestant can count them.
    pub calls: Option<Calls>,
    /// Of all rounds together.
    pub items: u64,
}

/// What was measured in one round.
#[derive(Clone, Copy)]
pub struct Sample {
    /// Half of the items came within so many nanoseconds.
    pub p50: f64,
    /// 99 % did.
    pub p99: f64,
    /// From the first push to the last item's arrival, in nanoseconds per item.
    pub elapsed: f64,
    /// 99 % of the items were pushed within so many nanoseconds of the schedule.
    pub late: f64,
    /// The consumer's processor time, in nanoseconds per item.
    pub busy: f64,
}

/// What a contestant counted by itself.
#[derive(Clone, Copy, Default)]
pub struct Calls {
    /// How often the consumer began to wait.
    pub waits: u64,
    /// How often the producer woke it, or tried to.
    pub wakes: u64,
}

/// What one turn of a contestant gave.
struct Turn {
    items: u64,
    /// From when the schedule wanted the push to the arrival; empty at saturation.
    latency: Histogram<u64>,
    /// From when the schedule wanted the push to its beginning; likewise.
    late: Histogram<u64>,
    elapsed: Duration,
    sleeps: u64,
    busy: Duration,
    calls: Option<Calls>,
}

/// All groups, without those contestants that failed the self-check.
#[cfg(target_os = "linux")]
#[must_use]
pub fn groups(left_out: &[String]) -> Vec<Group> {
    entrants::groups(left_out)
}

/// None: only Linux has an eventfd, and counts how often a thread has slept.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn groups(_: &[String]) -> Vec<Group> {
    Vec::new()
}

/// Measures every contestant once in each round, under each load. `progress` hears
/// the part that is done, the time left, the group, and what comes now.
pub fn measure(
    groups: &mut [Group],
    effort: Effort,
    mut progress: impl FnMut(f64, Duration, &str, &str),
) {
    let start = Instant::now();
    for round in 0..effort.most_rounds {
        // As long as the rounds so far, on average.
        let next = start.elapsed() / (round.max(1) as u32);
        if round >= effort.fewest_rounds && start.elapsed() + next > effort.total {
            break;
        }
        for group in &mut *groups {
            let name = group.to_string();
            let left = effort.total.saturating_sub(start.elapsed());
            let done = start.elapsed().div_duration_f64(effort.total).min(1.0);
            progress(done, left, &name, &format!("round {}", round + 1));
            for load in 0..Load::ALL.len() {
                group.round(round, load, effort.turn);
            }
        }
    }
}

impl Group {
    fn round(&mut self, round: usize, load: usize, turn: Duration) {
        let count = self.rows.len();
        for index in 0..count {
            // Nobody is always measured after the same neighbour.
            self.rows[(index + round) % count].measure(load, turn);
        }
    }
}

impl Row {
    fn new(name: &'static str, role: Role, run: Run) -> Self {
        Self {
            name,
            role,
            figures: Load::ALL.iter().map(|_| Figures::new()).collect(),
            failure: None,
            run,
        }
    }

    fn measure(&mut self, load: usize, turn: Duration) {
        if self.failure.is_some() {
            return;
        }
        let items = Load::ALL[load].items(turn);
        let turn = (self.run)(Load::ALL[load], items).and_then(|turn| turn.judged(self.role));
        match turn {
            Ok(turn) => self.figures[load].add(&turn),
            Err(what) => self.failure = Some(format!("at {}: {what}", Load::ALL[load])),
        }
    }
}

impl Turn {
    /// What ours promises: at most one wake-up for each time the consumer parks.
    /// Nothing else in its push is a system call.
    fn judged(self, role: Role) -> Result<Self, String> {
        match (role, self.calls) {
            (Role::Ours | Role::OursChained, Some(Calls { waits, wakes })) if wakes > waits => Err(
                format!("{wakes} wake-ups for a consumer that parked {waits} times"),
            ),
            _ => Ok(self),
        }
    }
}

impl Figures {
    fn new() -> Self {
        Self {
            samples: Vec::new(),
            latency: histogram(),
            sleeps: 0,
            calls: None,
            items: 0,
        }
    }

    fn add(&mut self, turn: &Turn) {
        let items = turn.items as f64;
        self.samples.push(Sample {
            p50: turn.latency.value_at_quantile(0.5) as f64,
            p99: turn.latency.value_at_quantile(0.99) as f64,
            elapsed: turn.elapsed.as_nanos() as f64 / items,
            late: turn.late.value_at_quantile(0.99) as f64,
            busy: turn.busy.as_nanos() as f64 / items,
        });
        self.latency += &turn.latency;
        self.sleeps += turn.sleeps;
        self.items += turn.items;
        if let Some(calls) = turn.calls {
            let sum = self.calls.get_or_insert_default();
            sum.waits += calls.waits;
            sum.wakes += calls.wakes;
        }
    }
}

/// Of nanoseconds, with an error of one per cent at most.
fn histogram() -> Histogram<u64> {
    const LONGEST: u64 = 100_000_000_000;
    Histogram::new_with_bounds(1, LONGEST, 2).expect("the bounds are fine")
}
