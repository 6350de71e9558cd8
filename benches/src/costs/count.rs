//! Counting of one contestant, in a child process.

use super::memory::counted;
use super::{COLUMNS, Cost};
use crate::contestant::Contestant;
use crate::contestants::{Contested, Visitor};
use crate::payload::{Item, Payload};

/// Prints a line for each payload kind that the contestant carries.
pub fn one(name: &str) {
    let mut count = Count(name);
    <Box<Item>>::visit(&mut count);
    u64::visit(&mut count);
}

struct Count<'a>(&'a str);

impl<T: Payload> Visitor<T> for Count<'_> {
    fn visit<C: Contestant<T>>(&mut self) {
        if C::NAME == self.0 {
            let [push, pop, push_atomic, pop_atomic] = steps::<T, C>();
            let figures: [f64; COLUMNS.len()] = [
                push,
                pop,
                push_atomic,
                pop_atomic,
                bytes::<T, C>(),
                allocations::<T, C>(),
            ];
            let cost = Cost {
                payload: T::KIND.into(),
                name: C::NAME.into(),
                figures,
            };
            println!("{}", cost.line());
        }
    }
}

/// Returns instructions per push and per pop, and read-modify-writes per push and per
/// pop.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn steps<T: Payload, C: Contestant<T>>() -> [f64; 4] {
    use papers::cost::cost;

    /// A multiple of the batch sizes, and of the block sizes of most queues.
    const ITEMS: usize = 128;

    let (mut producer, mut consumer) = C::channel(ITEMS);
    let mut items: Vec<T> = (0..ITEMS as u64).map(T::new).collect();
    let mut got = Vec::with_capacity(ITEMS);
    // Warm up, so that first-use setup is done and blocks are recycled.
    for _ in 0..3 {
        push_all::<T, C>(&mut producer, &mut items);
        pop_all::<T, C>(&mut consumer, &mut items);
    }
    let push = cost(|| push_all::<T, C>(&mut producer, &mut items));
    let pop = cost(|| {
        for _ in 0..ITEMS {
            got.extend(C::pop(&mut consumer));
        }
    });
    assert_eq!(got.len(), ITEMS, "all items came back");
    [
        push.instructions,
        pop.instructions,
        push.read_modify_writes,
        pop.read_modify_writes,
    ]
    .map(|count| count as f64 / ITEMS as f64)
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn steps<T: Payload, C: Contestant<T>>() -> [f64; 4] {
    panic!("counting instructions needs Linux on x86-64")
}

/// Returns the allocated bytes per queued item.
fn bytes<T: Payload, C: Contestant<T>>() -> f64 {
    const ITEMS: usize = 10_000;

    let mut items: Vec<T> = (0..ITEMS as u64).map(T::new).collect();
    let ((_producer, mut consumer), bytes, _) = counted(|| {
        let (mut producer, consumer) = C::channel(ITEMS);
        push_all::<T, C>(&mut producer, &mut items);
        C::flush(&mut producer);
        (producer, consumer)
    });
    pop_all::<T, C>(&mut consumer, &mut items);
    bytes as f64 / ITEMS as f64
}

/// Returns the allocations per item in steady traffic.
fn allocations<T: Payload, C: Contestant<T>>() -> f64 {
    const ITEMS: usize = 100;
    const ROUNDS: usize = 100;

    let (mut producer, mut consumer) = C::channel(ITEMS);
    let mut items: Vec<T> = (0..ITEMS as u64).map(T::new).collect();
    let mut rounds = |count: usize| {
        for _ in 0..count {
            push_all::<T, C>(&mut producer, &mut items);
            C::flush(&mut producer);
            pop_all::<T, C>(&mut consumer, &mut items);
        }
    };
    rounds(10);
    let ((), _, calls) = counted(|| rounds(ROUNDS));
    calls as f64 / (ITEMS * ROUNDS) as f64
}

fn push_all<T, C: Contestant<T>>(producer: &mut C::Producer, items: &mut Vec<T>) {
    for item in items.drain(..) {
        C::push(producer, item);
    }
}

fn pop_all<T, C: Contestant<T>>(consumer: &mut C::Consumer, items: &mut Vec<T>) {
    while let Some(item) = C::pop(consumer) {
        items.push(item);
    }
}
