//! The contestants. `groups` lists them.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use mpsc_queue::ThreadWaker;

use super::adapters::{EachPush, Flagged, Token, WakeMethod};
use super::blocking::{BlockOn, Blocking, Blocks, Condition, TokioLoop};
use super::figures;
use super::floors::{BareEventfd, BareFutex};
use super::load::Load;
use super::ours::{Chained, Notified, Single};
use super::sample::{self, Sleeper};
use super::strategy::{Adapts, Spins};
use crate::contestant::{Contestant, Role};
use crate::contestants::{
    Async, Channel, Concurrent, Cordyceps, Crossbeam, Crossfire, Flume, Futures, Kanal, Odin, Seg,
    Sharded, Std, Thingbuf, Tokio,
};
use crate::eventfd::Event;
use crate::payload::{Item, Payload};
use crate::scenario::{Cell, Group, Sample};
use papers::cores;

type Eventfd = Arc<Event>;

/// The name of the queue of this workspace whose consumer waits by `Wait::ADAPTIVE`.
pub const ADAPTIVE: &str = "mpsc-queue, adaptive";

/// The name of the queue of this workspace whose consumer waits by `Wait::Spin`.
pub(crate) const SPINNING: &str = "mpsc-queue, spinning";

/// Returns all groups, without the contestants left out.
#[must_use]
pub fn groups(left_out: &[String]) -> Vec<Group> {
    let lists = [
        List::<Box<Item>>::new("sleep/park", left_out)
            .with::<u64, BareFutex>("a bare futex", Role::Floor)
            .with::<Box<Item>, Single<ThreadWaker>>("mpsc-queue", Role::Ours)
            .with::<Box<Item>, Single<ThreadWaker, Adapts>>(ADAPTIVE, Role::Ours)
            .with::<Box<Item>, Single<ThreadWaker, Spins>>(SPINNING, Role::OursOnly)
            .blocking::<Channel>()
            .blocking::<Sharded>()
            .of::<Async, BlockOn<Async>>("mpsc-queue, async")
            .with::<Box<Item>, Chained<Notified<Token>>>("mpsc-queue, chains", Role::OursChained)
            .flagged::<Cordyceps, Token>("cordyceps, flag + unpark")
            .each_push::<Odin, Token>("Odin's queue, unpark per push")
            .with_parking(),
        List::<Box<Item>>::new("sleep/eventfd", left_out)
            .with::<u64, BareEventfd>("a bare eventfd", Role::Floor)
            .with::<Box<Item>, Single<Notified<Eventfd>>>("mpsc-queue", Role::Ours)
            .with::<Box<Item>, Single<Notified<Eventfd>, Adapts>>(ADAPTIVE, Role::Ours)
            .of::<Async, TokioLoop<Async>>("mpsc-queue, async, tokio's loop")
            .with::<Box<Item>, Chained<Notified<Eventfd>>>("mpsc-queue, chains", Role::OursChained)
            .flagged::<Cordyceps, Eventfd>("cordyceps, flag + eventfd")
            .each_push::<Odin, Eventfd>("Odin's queue, eventfd per push")
            .with_polling(),
        List::<u64>::new("sleep/park", left_out)
            .with::<u64, BareFutex>("a bare futex", Role::Floor)
            .with::<u64, Single<ThreadWaker>>("mpsc-queue, boxing", Role::Ours)
            .with_parking(),
        List::<u64>::new("sleep/eventfd", left_out)
            .with::<u64, BareEventfd>("a bare eventfd", Role::Floor)
            .with::<u64, Single<Notified<Eventfd>>>("mpsc-queue, boxing", Role::Ours)
            .with_polling(),
    ];
    lists.into_iter().flatten().collect()
}

/// A builder of the groups of a scenario with payload `T`, one for each load.
struct List<'a, T> {
    scenario: &'static str,
    left_out: &'a [String],
    rows: Vec<(&'static str, Role, Run)>,
    payload: PhantomData<T>,
}

/// Sends this number of items to a new consumer.
type Run = fn(Load, u64) -> Result<figures::Sample, String>;

impl<'a, T: Payload> List<'a, T> {
    fn new(scenario: &'static str, left_out: &'a [String]) -> Self {
        Self {
            scenario,
            left_out,
            rows: Vec::new(),
            payload: PhantomData,
        }
    }

    fn groups(self) -> Vec<Group> {
        Load::ALL.map(|load| self.group(load)).into()
    }

    fn group(&self, load: Load) -> Group {
        let cell = |&(name, role, run): &(&'static str, Role, Run)| {
            let run = move |items| {
                let sample = run(load, items)?.verify(role)?;
                Ok(Sample {
                    nanos: sample.compared(load),
                    sleep: Some(sample),
                })
            };
            let run = Box::new(run);
            Cell { name, role, run }
        };
        Group {
            scenario: format!("{}/{load}", self.scenario),
            payload: T::KIND,
            question: question(self.scenario, load),
            unit: 1,
            load: Some(load),
            oversubscribed: cores::count() < 2,
            // With small values, almost all of it is the wake-up too.
            core: T::KIND == <Box<Item>>::KIND,
            cells: self.rows.iter().map(cell).collect(),
        }
    }

    /// Adds the contestants that park and carry any payload.
    fn with_parking(self) -> Vec<Group> {
        let list = self
            .flagged::<Seg, Token>("crossbeam SegQueue, flag + unpark")
            .of::<Seg, Flagged<Seg, Token, Adapts>>("crossbeam SegQueue, flag + unpark, adaptive")
            .flagged::<Concurrent, Token>("concurrent-queue, flag + unpark")
            .blocking::<Std>()
            .blocking::<Crossbeam>()
            .blocking::<Flume>()
            .blocking::<Kanal>()
            .blocking::<Crossfire>()
            .blocking::<Tokio>()
            .blocking::<Thingbuf>()
            .of::<Futures, BlockOn<Futures>>("futures unbounded")
            .with::<T, Condition>("Mutex<VecDeque>, Condvar", Role::Other);
        list.groups()
    }

    /// Adds the contestants that wait for an eventfd and carry any payload.
    fn with_polling(self) -> Vec<Group> {
        let list = self
            .flagged::<Seg, Eventfd>("crossbeam SegQueue, flag + eventfd")
            .of::<Seg, Flagged<Seg, Eventfd, Adapts>>(
                "crossbeam SegQueue, flag + eventfd, adaptive",
            )
            .each_push::<Seg, Eventfd>("crossbeam SegQueue, eventfd per push")
            .each_push::<Std, Eventfd>("std::sync::mpsc, eventfd per push")
            .each_push::<Crossbeam, Eventfd>("crossbeam-channel, eventfd per push")
            .of::<Tokio, TokioLoop<Tokio>>("tokio unbounded, tokio's loop");
        list.groups()
    }

    /// `P` is `T`, except that floors carry numbers only.
    fn with<P: Payload, S: Sleeper<P>>(mut self, name: &'static str, role: Role) -> Self {
        let run = |load, items| sample::run::<P, S>(load, items, TIMEOUT);
        self.rows.push((name, role, run));
        self
    }

    fn of<C: Contestant<T>, S: Sleeper<T>>(self, name: &'static str) -> Self {
        if self.left_out.iter().any(|failed| failed == C::NAME) {
            return self;
        }
        self.with::<T, S>(name, C::ROLE)
    }

    fn flagged<C: Contestant<T>, B: WakeMethod>(self, name: &'static str) -> Self {
        self.of::<C, Flagged<C, B>>(name)
    }

    fn each_push<C: Contestant<T>, B: WakeMethod>(self, name: &'static str) -> Self {
        self.of::<C, EachPush<C, B>>(name)
    }

    fn blocking<C: Blocks<T>>(self) -> Self {
        self.of::<C, Blocking<C>>(C::NAME)
    }
}

/// The time within which all items arrive after the last push, even at saturation on a
/// busy machine.
const TIMEOUT: Duration = Duration::from_secs(10);

fn question(scenario: &str, load: Load) -> String {
    let sleeps = match scenario {
        "sleep/park" => "as a thread does",
        _ => "in an event loop, which waits for an eventfd",
    };
    let (rate, figure) = match load {
        Load::PerSecond(count) => (
            format!("{count} items per second, whether or not the consumer keeps up"),
            "The figure is the median time from the scheduled push to the arrival.",
        ),
        Load::Saturation => (
            "as many items as the producer can push".into(),
            "The figure is the time per item: the producer has no schedule, and a latency would \
             be the backlog.",
        ),
    };
    format!(
        "One consumer sleeps {sleeps} when the queue is empty. One producer pushes {rate}. {figure}"
    )
}
