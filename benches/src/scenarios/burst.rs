//! Bursts, after each of which the producer waits for the consumer.

use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use super::passing::{places, pop_all, push_all, read, write_all};
use crate::contestant::Contestant;
use crate::cores;
use crate::counter::Counter;
use crate::payload::{Bytes64, Bytes256, Item, Payload};
use crate::scenario::{Cell, Group, Scenario};

/// Returns a group for each payload kind.
pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    vec![
        Group::of::<Box<Item>>(Bursts, true, left_out),
        Group::of::<u64>(Bursts, false, left_out),
        Group::of::<Bytes64>(Bursts, false, left_out),
        Group::of::<Bytes256>(Bursts, false, left_out),
    ]
}

/// One producer pushes a burst of items and waits until they have been popped.
#[derive(Clone, Copy)]
struct Bursts;

const BURST: u64 = 64;

/// How many items circulate: as many as a core's cache holds.
const ITEMS: u64 = 32 * BURST;

impl Scenario for Bursts {
    fn name(self) -> String {
        format!("burst/{BURST}")
    }

    fn question(self) -> String {
        format!(
            "One producer pushes {BURST} items, then waits until the consumer, which spins, has popped them."
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
        let times =
            (0..items / ITEMS).map(|_| iteration::<T, C>(&mut producer, &mut consumer, &mut stock));
        times.sum()
    }

    fn floors<T: Payload>(self) -> Vec<Cell> {
        vec![Cell::floor("a store each way", |items| {
            let (there, back) = (Counter::new(), Counter::new());
            let bursts = items / BURST;
            thread::scope(|scope| {
                scope.spawn(|| {
                    cores::pin(1);
                    for burst in 1..=bursts {
                        there.wait_for(burst);
                        back.set(burst);
                    }
                });
                let pusher = scope.spawn(|| {
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

/// Sends all items of `stock` through the queue and back into `stock`.
fn iteration<T: Payload, C: Contestant<T>>(
    producer: &mut C::Producer,
    consumer: &mut C::Consumer,
    stock: &mut Vec<T>,
) -> Duration {
    let mut items = mem::replace(stock, Vec::with_capacity(ITEMS as usize));
    let (ready, popped) = (Counter::new(), Counter::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            cores::pin(1);
            ready.set(1);
            for burst in 1..=ITEMS / BURST {
                pop_all::<T, C>(consumer, (burst * BURST) as usize, stock, read);
                popped.set(burst);
            }
        });
        let pusher = scope.spawn(|| {
            cores::pin(0);
            write_all(&mut items, 0);
            ready.wait_for(1);
            let mut items = places(items);
            let start = Instant::now();
            for (items, burst) in items.chunks_mut(BURST as usize).zip(1..) {
                push_all::<T, C>(producer, items, || ());
                popped.wait_for(burst);
            }
            start.elapsed()
        });
        pusher.join().expect("the producer does not panic")
    })
}
