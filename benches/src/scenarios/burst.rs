//! Bursts, after each of which the producer waits for the consumer.

use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use super::passing::{places, pop_all, push_all, read, write_all};
use crate::contestant::Contestant;
use crate::counter::Counter;
use crate::payload::{Item, Payload};
use crate::scenario::{Cell, Group, Scenario};
use papers::cores;
use papers::span::start;

/// Returns the groups with heap objects and with small values.
pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    let race = Bursts { whole: false };
    vec![
        Group::of::<Box<Item>>(race, true, left_out),
        Group::of::<Box<Item>>(Bursts { whole: true }, true, left_out),
        Group::of::<u64>(race, false, left_out),
    ]
}

/// One producer pushes a burst of items and waits until they have been popped.
#[derive(Clone, Copy)]
struct Bursts {
    /// Set if the consumer waits until a burst has been pushed. Then the two do not race, and the
    /// figure does not depend on how often the consumer catches up with the producer.
    whole: bool,
}

const BURST: u64 = 64;

/// The number of items that circulate: as many as a core's cache holds.
const ITEMS: u64 = 32 * BURST;

impl Scenario for Bursts {
    fn name(self) -> String {
        let whole = if self.whole { "whole-" } else { "" };
        format!("{whole}burst/{BURST}")
    }

    fn question(self) -> String {
        let start = if self.whole {
            "The consumer starts when the burst has been pushed."
        } else {
            "The consumer pops at the same time."
        };
        format!(
            "One producer pushes {BURST} items, then waits until the consumer, which spins, has \
             popped them. {start}"
        )
    }

    fn unit(self) -> u64 {
        ITEMS
    }

    fn batch(self) -> u64 {
        BURST
    }

    fn threads(self) -> usize {
        2
    }

    fn run<T: Payload, C: Contestant<T>>(self, items: u64) -> Duration {
        let (mut producer, mut consumer) = C::channel(BURST as usize);
        let mut stock: Vec<T> = (0..ITEMS).map(T::new).collect();
        let times = (0..items / ITEMS)
            .map(|_| self.iteration::<T, C>(&mut producer, &mut consumer, &mut stock));
        times.sum()
    }

    fn floors<T: Payload>(self) -> Vec<Cell> {
        vec![Cell::floor("a store each way", |items| {
            let (there, back) = (Counter::new(), Counter::new());
            let bursts = items / BURST;
            thread::scope(|scope| {
                start(scope, || {
                    cores::pin(1);
                    for burst in 1..=bursts {
                        there.wait_for(burst);
                        back.set(burst);
                    }
                });
                let pusher = start(scope, || {
                    cores::pin(0);
                    let start = Instant::now();
                    for burst in 1..=bursts {
                        there.set(burst);
                        back.wait_for(burst);
                    }
                    start.elapsed()
                });
                pusher.join().expect("the producer does not panic")
            })
        })]
    }
}

impl Bursts {
    /// Sends all items of `stock` through the queue and back into `stock`.
    fn iteration<T: Payload, C: Contestant<T>>(
        self,
        producer: &mut C::Producer,
        consumer: &mut C::Consumer,
        stock: &mut Vec<T>,
    ) -> Duration {
        let mut items = mem::replace(stock, Vec::with_capacity(ITEMS as usize));
        let (ready, pushed, popped) = (Counter::new(), Counter::new(), Counter::new());
        thread::scope(|scope| {
            start(scope, || {
                cores::pin(1);
                ready.set(1);
                for burst in 1..=ITEMS / BURST {
                    if self.whole {
                        pushed.wait_for(burst);
                    }
                    pop_all::<T, C>(consumer, (burst * BURST) as usize, stock, read);
                    popped.set(burst);
                }
            });
            let pusher = start(scope, || {
                cores::pin(0);
                write_all(&mut items, 0);
                ready.wait_for(1);
                let mut items = places(items);
                let start = Instant::now();
                for (items, burst) in items.chunks_mut(BURST as usize).zip(1..) {
                    push_all::<T, C>(producer, items, || ());
                    if self.whole {
                        pushed.set(burst);
                    }
                    popped.wait_for(burst);
                }
                start.elapsed()
            });
            pusher.join().expect("the producer does not panic")
        })
    }
}
