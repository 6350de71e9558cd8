//! Bursts: the consumer catches up with the producer between them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use super::{Cell, Patience, Scenario};
use crate::contestant::{Contestant, Payload};

/// One producer pushes a burst of items and waits until they have been popped.
#[derive(Clone, Copy)]
pub(super) struct Bursts;

const BURST: u64 = 64;

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
        BURST
    }

    fn batch(self) -> u64 {
        BURST
    }

    fn least(self) -> u64 {
        100 * BURST
    }

    fn most(self) -> u64 {
        200_000 / BURST * BURST
    }

    fn threads(self) -> usize {
        2
    }

    fn run<T: Payload, C: Contestant<T>>(self, items: u64) -> Duration {
        let (mut producer, mut consumer) = C::open(items as usize);
        let stock: Vec<T> = (0..items).map(T::new).collect();
        let popped = Counter::new();
        let mut got = Vec::with_capacity(items as usize);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut patience = Patience::new();
                while (got.len() as u64) < items {
                    match C::pop(&mut consumer) {
                        Some(item) => {
                            got.push(item);
                            popped.set(got.len() as u64);
                            patience = Patience::new();
                        }
                        None => patience.wait(),
                    }
                }
            });
            let mut pushed = 0;
            let start = Instant::now();
            for item in stock {
                C::push(&mut producer, item);
                pushed += 1;
                if pushed % BURST == 0 {
                    C::flush(&mut producer);
                    popped.wait_for(pushed);
                }
            }
            start.elapsed()
        })
    }

    fn floors<T: Payload>(self) -> Vec<Cell> {
        vec![Cell::floor("a store each way", |items| {
            let (there, back) = (Counter::new(), Counter::new());
            let bursts = items / BURST;
            thread::scope(|scope| {
                scope.spawn(|| {
                    for burst in 1..=bursts {
                        there.wait_for(burst);
                        back.set(burst);
                    }
                });
                let start = Instant::now();
                for burst in 1..=bursts {
                    there.set(burst);
                    back.wait_for(burst);
                }
                start.elapsed()
            })
        })]
    }
}

/// What one thread tells another: how far it is.
struct Counter(CachePadded<AtomicU64>);

impl Counter {
    fn new() -> Self {
        Self(CachePadded::default())
    }

    fn set(&self, value: u64) {
        // Pairs with the load in `wait_for`.
        self.0.store(value, Ordering::Release);
    }

    fn wait_for(&self, value: u64) {
        let mut patience = Patience::new();
        // Pairs with the store in `set`.
        while self.0.load(Ordering::Acquire) < value {
            patience.wait();
        }
    }
}
