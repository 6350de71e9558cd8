//! Pushes and pops of a single thread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::passing::{places, push_all};
use crate::contestant::Contestant;
use crate::contestants::Contested;
use crate::floor;
use crate::payload::{Bytes64, Bytes256, Item, Payload};
use crate::scenario::{Cell, Group, Scenario};

/// Returns the groups of each payload kind. By default, values run in one of each scenario, since
/// what the number of items changes does not depend on the payload.
pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    let mut groups = with_payload::<Box<Item>>(&[10, 1000], left_out);
    groups.extend(with_payload::<u64>(&[1000], left_out));
    groups.extend(with_payload::<Bytes64>(&[1000], left_out));
    groups.extend(with_payload::<Bytes256>(&[1000], left_out));
    groups
}

fn with_payload<T: Contested>(core: &[u64], left_out: &[String]) -> Vec<Group> {
    let mut groups = vec![Group::of::<T>(PingPong, true, left_out)];
    groups.extend([10, 1000, 1_000_000].map(|count| {
        let core = core.contains(&count);
        Group::of::<T>(FillDrain(count), core, left_out)
    }));
    groups
}

/// One item goes in and out repeatedly: each push finds the queue empty, and each pop
/// removes the last item.
#[derive(Clone, Copy)]
struct PingPong;

impl Scenario for PingPong {
    fn name(self) -> String {
        "ping-pong".into()
    }

    fn question(self) -> String {
        "One thread pushes an item and pops it. It is the same item each time.".into()
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
struct FillDrain(u64);

impl Scenario for FillDrain {
    fn name(self) -> String {
        format!("fill-drain/{}", self.0)
    }

    fn question(self) -> String {
        format!(
            "One thread pushes {} items, then pops them. The items are reused.",
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
            push_all::<T, C>(&mut producer, &mut pool, || ());
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
