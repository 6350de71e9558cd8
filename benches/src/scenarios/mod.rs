//! What is measured, one file for each kind of question.

#[cfg(target_os = "linux")]
mod awake;
mod burst;
mod one_thread;
mod producers;
#[cfg(target_os = "linux")]
mod resume;

use std::fmt;
use std::thread::yield_now;
use std::time::Duration;

use crate::contestant::{Contestant, Item, Payload, Role, Visitor};
use crate::cores;

pub(crate) use producers::{Producers, Side};

/// A question that is put to each contestant of a family in the same way.
pub(crate) trait Scenario: Copy + Send + 'static {
    /// How it is called on the command line, such as `both/2`.
    fn name(self) -> String;

    /// What it measures, in a sentence for the reports.
    fn question(self) -> String;

    /// Items are measured in multiples of this.
    fn unit(self) -> u64 {
        1
    }

    /// How many items a producer pushes before it waits for something.
    fn batch(self) -> u64 {
        u64::MAX
    }

    /// How many threads run at the same time.
    fn threads(self) -> usize;

    /// How long `items` items take: a multiple of `unit`.
    fn run<T: Payload, C: Contestant<T>>(self, items: u64) -> Duration;

    /// What the hardware takes for the indispensable part, the measure first.
    fn floors<T: Payload>(self) -> Vec<Cell>;
}

/// One contestant in one scenario, or a floor of it.
pub struct Cell {
    /// The contestant's.
    pub name: &'static str,
    /// What it is in the summary.
    pub role: Role,
    /// How long so many items take.
    pub run: Box<dyn Fn(u64) -> Duration>,
}

impl Cell {
    fn floor(name: &'static str, run: impl Fn(u64) -> Duration + 'static) -> Self {
        let (role, run) = (Role::Floor, Box::new(run));
        Self { name, role, run }
    }
}

/// A scenario with all that take part in it.
pub struct Group {
    /// Such as `both/2`.
    pub scenario: String,
    /// What the queues carry; empty where that makes no difference.
    pub family: &'static str,
    /// What is measured.
    pub question: String,
    /// Items are measured in multiples of this.
    pub unit: u64,
    /// More threads than cores: who wins here wins at being descheduled.
    pub oversubscribed: bool,
    /// Measured by `cargo bench`, not only by `--full`.
    pub core: bool,
    /// Who takes part.
    pub cells: Vec<Cell>,
}

impl Group {
    fn of<T: Payload>(scenario: impl Scenario, core: bool, left_out: &[String]) -> Self {
        let cells = scenario.floors::<T>();
        let mut entrants = Entrants {
            scenario,
            left_out,
            cells,
        };
        T::contestants(&mut entrants);
        Self {
            scenario: scenario.name(),
            family: T::FAMILY,
            question: scenario.question(),
            unit: scenario.unit(),
            oversubscribed: scenario.threads() > cores::count(),
            core,
            cells: entrants.cells,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scenario)?;
        if !self.family.is_empty() {
            write!(f, ", {}", self.family)?;
        }
        Ok(())
    }
}

/// Turns contestants into cells.
struct Entrants<'a, S> {
    scenario: S,
    left_out: &'a [String],
    cells: Vec<Cell>,
}

impl<S: Scenario, T: Payload> Visitor<T> for Entrants<'_, S> {
    fn visit<C: Contestant<T>>(&mut self) {
        let fits = C::BATCH as u64 <= self.scenario.batch();
        if !fits || self.left_out.iter().any(|name| name == C::NAME) {
            return;
        }
        let scenario = self.scenario;
        self.cells.push(Cell {
            name: C::NAME,
            role: C::ROLE,
            run: Box::new(move |items| scenario.run::<T, C>(items)),
        });
    }
}

/// All groups, without those contestants that failed the self-check.
#[must_use]
pub fn groups(left_out: &[String]) -> Vec<Group> {
    let mut groups = of_family::<Box<Item>>(left_out);
    groups.extend(of_family::<u64>(left_out));
    #[cfg(target_os = "linux")]
    {
        groups.push(awake::group());
        for clock in [resume::Clock::Wall, resume::Clock::Processor] {
            groups.extend([1, 64].map(|suspended| resume::group(suspended, clock)));
        }
    }
    groups
}

fn of_family<T: Payload>(left_out: &[String]) -> Vec<Group> {
    use producers::Side::{Both, Pop, Push};

    let mut groups = vec![Group::of::<T>(one_thread::PingPong, true, left_out)];
    for count in [10, 1000, 1_000_000] {
        let core = count < 1_000_000;
        groups.push(Group::of::<T>(one_thread::FillDrain(count), core, left_out));
    }
    for side in [Push, Pop, Both] {
        for count in [1, 2, 4, 8, 16] {
            let core = matches!((side, count), (Push | Both, 1 | 2 | 16) | (Pop, 2));
            let scenario = Producers { side, count };
            groups.push(Group::of::<T>(scenario, core, left_out));
        }
    }
    groups.push(Group::of::<T>(burst::Bursts, true, left_out));
    groups
}

/// How every thread waits for another that is expected soon: spins a little, then
/// lets others run.
struct Patience(u32);

impl Patience {
    const SPINS: u32 = 64;

    fn new() -> Self {
        Self(0)
    }

    fn wait(&mut self) {
        if self.0 < Self::SPINS {
            self.0 += 1;
            std::hint::spin_loop();
        } else {
            yield_now();
        }
    }
}
