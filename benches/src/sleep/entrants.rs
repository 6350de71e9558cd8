//! Who takes part.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use mpsc_queue::ThreadWaker;

use super::adapters::{Bell, EveryTime, Flagged, Token};
use super::blocking::{Blocking, Blocks, Condition, TokioLoop};
use super::floors::{BareEventfd, BareFutex};
use super::ours::{Boxing, Chained, Ring, Single};
use super::turn::{self, Sleeper};
use super::{Group, Row};
use crate::contestant::{Contestant, Item, Payload, Role};
use crate::contestants::{
    Concurrent, Cordyceps, Crossbeam, Crossfire, Flume, Futures, Kanal, Odin, Seg, Std, Thingbuf,
    Tokio,
};
use crate::eventfd::Event;

type Eventfd = Arc<Event>;

pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    vec![
        List::<Box<Item>>::new("sleep/park", left_out)
            .with::<u64, BareFutex>("a bare futex", Role::Floor)
            .with::<_, Single<ThreadWaker>>("mpsc-queue", Role::Ours)
            .with::<_, Chained<Ring<Token>>>("mpsc-queue, chains", Role::OursChained)
            .flagged::<Cordyceps, Token>("cordyceps, flag + unpark")
            .every_time::<Odin, Token>("Odin's queue, unpark per push")
            .that_park(),
        List::<Box<Item>>::new("sleep/eventfd", left_out)
            .with::<u64, BareEventfd>("a bare eventfd", Role::Floor)
            .with::<_, Single<Ring<Eventfd>>>("mpsc-queue", Role::Ours)
            .with::<_, Chained<Ring<Eventfd>>>("mpsc-queue, chains", Role::OursChained)
            .flagged::<Cordyceps, Eventfd>("cordyceps, flag + eventfd")
            .every_time::<Odin, Eventfd>("Odin's queue, eventfd per push")
            .that_poll(),
        List::<u64>::new("sleep/park", left_out)
            .with::<u64, BareFutex>("a bare futex", Role::Floor)
            .with::<_, Boxing<Single<ThreadWaker>>>("mpsc-queue, boxing", Role::Ours)
            .that_park(),
        List::<u64>::new("sleep/eventfd", left_out)
            .with::<u64, BareEventfd>("a bare eventfd", Role::Floor)
            .with::<_, Boxing<Single<Ring<Eventfd>>>>("mpsc-queue, boxing", Role::Ours)
            .that_poll(),
    ]
}

/// A group of family `T` that is being put together.
struct List<'a, T> {
    left_out: &'a [String],
    group: Group,
    family: PhantomData<T>,
}

impl<'a, T: Payload> List<'a, T> {
    fn new(scenario: &'static str, left_out: &'a [String]) -> Self {
        let (family, rows) = (T::FAMILY, Vec::new());
        let group = Group {
            scenario,
            family,
            rows,
        };
        Self {
            left_out,
            group,
            family: PhantomData,
        }
    }

    /// Those of either family that park.
    fn that_park(self) -> Group {
        let list = self
            .flagged::<Seg, Token>("crossbeam SegQueue, flag + unpark")
            .flagged::<Concurrent, Token>("concurrent-queue, flag + unpark")
            .blocking::<Std>()
            .blocking::<Crossbeam>()
            .blocking::<Flume>()
            .blocking::<Kanal>()
            .blocking::<Crossfire>()
            .blocking::<Tokio>()
            .blocking::<Thingbuf>()
            .blocking::<Futures>()
            .with::<T, Condition>("Mutex<VecDeque>, Condvar", Role::Other);
        list.group
    }

    /// Those of either family that wait for an eventfd.
    fn that_poll(self) -> Group {
        let list = self
            .flagged::<Seg, Eventfd>("crossbeam SegQueue, flag + eventfd")
            .every_time::<Seg, Eventfd>("crossbeam SegQueue, eventfd per push")
            .every_time::<Std, Eventfd>("std::sync::mpsc, eventfd per push")
            .every_time::<Crossbeam, Eventfd>("crossbeam-channel, eventfd per push")
            .with::<T, TokioLoop>("tokio unbounded, tokio's loop", Role::Other);
        list.group
    }

    /// `P` is what a floor pretends to carry.
    fn with<P: Payload, S: Sleeper<P>>(mut self, name: &'static str, role: Role) -> Self {
        let run = |load, items| turn::run::<P, S>(load, items, PATIENCE);
        self.group.rows.push(Row::new(name, role, run));
        self
    }

    fn of<C: Contestant<T>, S: Sleeper<T>>(self, name: &'static str) -> Self {
        if self.left_out.iter().any(|failed| failed == C::NAME) {
            return self;
        }
        self.with::<T, S>(name, C::ROLE)
    }

    fn flagged<C: Contestant<T>, B: Bell>(self, name: &'static str) -> Self {
        self.of::<C, Flagged<C, B>>(name)
    }

    fn every_time<C: Contestant<T>, B: Bell>(self, name: &'static str) -> Self {
        self.of::<C, EveryTime<C, B>>(name)
    }

    fn blocking<C: Blocks<T>>(self) -> Self {
        self.of::<C, Blocking<C>>(C::NAME)
    }
}

/// Even a flood of items on a busy machine has arrived by then.
const PATIENCE: Duration = Duration::from_secs(10);
