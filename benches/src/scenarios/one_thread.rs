//! Pushes and pops of a single thread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::producers::{places, push_all};
use crate::contestant::Contestant;
use crate::floor;
use crate::payload::Payload;
use crate::scenario::{Cell, Scenario};

/// One item goes in and out repeatedly: each push finds the queue empty, and each pop
/// removes the last item.
#[derive(Clone, Copy)]
pub(super) struct PingPong;

impl Scenario for PingPong {
    fn name(self) -> String {
        "ping-pong".into()
    }

    fn question(self) -> String {
        "One thread pushes an item and pops it. It is the same heap object each time.".into()
    }

    fn batch(self) -> u64 {
        1
    }

    fn run<T: Payload, C: Contestant<T>>(self, items: u64) -> Duration {
        let (mut producer, mut consumer) = C::channel(1);
        let mut item = T::new(0);
        let start = Instant::now();
        for _ in 0..items {
            C::push(&mut producer, black_box(item));
            item = C::pop(&mut consumer).expect("the queue holds one item");
            black_box(item.value());
        }
        let elapsed = start.elapsed();
        black_box(item);
        elapsed
    }

    fn floors<T: Payload>(self) -> Vec<Cell> {
        vec![
            Cell::floor("swap + compare_exchange", floor::swap_and_compare_exchange),
            Cell::floor("swap", floor::swap),
            Cell::floor("fetch_add", floor::fetch_add),
        ]
    }
}

/// This number of items goes in, then out.
#[derive(Clone, Copy)]
pub(super) struct FillDrain(pub(super) u64);

impl Scenario for FillDrain {
    fn name(self) -> String {
        format!("fill-drain/{}", self.0)
    }

    fn question(self) -> String {
        format!(
            "One thread pushes {} items, then pops them. The heap objects are reused.",
            self.0
        )
    }

    fn unit(self) -> u64 {
        self.0
    }

    fn batch(self) -> u64 {
        self.0
    }

    fn run<T: Payload, C: Contestant<T>>(self, items: u64) -> Duration {
        let (mut producer, mut consumer) = C::channel(self.0 as usize);
        let mut pool = places((0..self.0).map(T::new));
        let start = Instant::now();
        for _ in 0..items / self.0 {
            push_all::<T, C>(&mut producer, &mut pool);
            let mut places = pool.iter_mut();
            while let Some(item) = C::pop(&mut consumer) {
                black_box(item.value());
                *places.next().expect("each item comes back once") = Some(item);
            }
        }
        start.elapsed()
    }

    fn floors<T: Payload>(self) -> Vec<Cell> {
        vec![
            Cell::floor("swap", floor::swap),
            Cell::floor("fetch_add", floor::fetch_add),
        ]
    }
}
