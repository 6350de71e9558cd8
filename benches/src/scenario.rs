//! The interface of a scenario, and its contestants.

use std::fmt;
use std::time::Duration;

use crate::contestant::{Contestant, Role};
use crate::contestants::{Contested, Visitor};
use crate::payload::Payload;
use crate::sleep::{self, Load};
use papers::cores;

/// A workload that each contestant runs in the same way.
pub(crate) trait Scenario: Copy + Send + 'static {
    /// Returns the name on the command line and in the reports, such as `both/2`.
    fn name(self) -> String;

    /// Returns a sentence that describes the workload, for the reports.
    fn question(self) -> String;

    /// The number of items in a sample is a multiple of this.
    fn unit(self) -> u64 {
        1
    }

    /// How many items a producer pushes before it waits for something.
    fn batch(self) -> u64 {
        u64::MAX
    }

    /// How many threads run at the same time.
    fn threads(self) -> usize {
        1
    }

    /// Sends `items` items, a multiple of `unit`, through a new queue. Returns the time
    /// of the measured part.
    fn run<T: Payload, C: Contestant<T>>(self, items: u64) -> Duration;

    /// Returns the floors. The ratios are to the first one.
    fn floors<T: Payload>(self) -> Vec<Cell>;
}

/// A contestant in a scenario, or a floor.
pub struct Cell {
    /// The name of the contestant or the floor.
    pub name: &'static str,
    /// The place in the summary.
    pub role: Role,
    /// Takes a sample with this number of items. Returns how the contestant failed, if it did.
    pub run: Box<dyn Fn(u64) -> Result<Sample, String>>,
}

/// What one run of a cell found.
pub struct Sample {
    /// The figure that is compared: nanoseconds per item, or the median latency.
    pub nanos: f64,
    /// The details of a consumer that sleeps.
    pub sleep: Option<sleep::Sample>,
}

impl Cell {
    /// Creates a cell that is measured by the time which `run` takes for a number of items.
    pub(crate) fn new(
        name: &'static str,
        role: Role,
        run: impl Fn(u64) -> Duration + 'static,
    ) -> Self {
        let run = Box::new(move |items| {
            let nanos = run(items).as_nanos() as f64 / items as f64;
            Ok(Sample { nanos, sleep: None })
        });
        Self { name, role, run }
    }

    /// Takes a sample, and returns its compared figure.
    #[cfg(test)]
    pub(crate) fn nanos(&self, items: u64) -> f64 {
        let sample = (self.run)(items);
        sample.unwrap_or_else(|what| panic!("{what}")).nanos
    }

    pub(crate) fn floor(name: &'static str, run: impl Fn(u64) -> Duration + 'static) -> Self {
        Self::new(name, Role::Floor, run)
    }
}

/// A scenario with all its contestants.
pub struct Group {
    /// The name of the scenario, such as `both/2`.
    pub scenario: String,
    /// The kind of the payload; empty where the contestants' payloads differ.
    pub payload: &'static str,
    /// A sentence that describes the workload.
    pub question: String,
    /// The number of items in a sample is a multiple of this.
    pub unit: u64,
    /// The rate of the items, if it does not depend on the contestant.
    pub load: Option<Load>,
    /// Set if there are more threads than cores.
    pub oversubscribed: bool,
    /// Set if the scenario runs by default, not only with `--full`.
    pub core: bool,
    /// The floors and the contestants.
    pub cells: Vec<Cell>,
}

impl Group {
    /// Creates a group of all contestants that carry `T`, except those left out.
    pub(crate) fn of<T: Contested>(
        scenario: impl Scenario,
        core: bool,
        left_out: &[String],
    ) -> Self {
        let mut collector = Collector {
            scenario,
            left_out,
            cells: scenario.floors::<T>(),
        };
        T::visit(&mut collector);
        Self {
            scenario: scenario.name(),
            payload: T::KIND,
            question: scenario.question(),
            unit: scenario.unit(),
            load: None,
            oversubscribed: scenario.threads() > cores::count(),
            core,
            cells: collector.cells,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scenario)?;
        if !self.payload.is_empty() {
            write!(f, ", {}", self.payload)?;
        }
        Ok(())
    }
}

/// Turns contestants into cells.
struct Collector<'a, S> {
    scenario: S,
    left_out: &'a [String],
    cells: Vec<Cell>,
}

impl<S: Scenario, T: Payload> Visitor<T> for Collector<'_, S> {
    fn visit<C: Contestant<T>>(&mut self) {
        let fits = C::BATCH as u64 <= self.scenario.batch();
        if !fits || self.left_out.iter().any(|name| name == C::NAME) {
            return;
        }
        let scenario = self.scenario;
        let run = move |items| scenario.run::<T, C>(items);
        self.cells.push(Cell::new(C::NAME, C::ROLE, run));
    }
}
