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
            let [instructions, pop_instructions, writes, pop_writes, lines] = in_a_row::<T, C>();
            let [push_one, pop_last, push_one_writes, pop_last_writes] = one_item::<T, C>();
            let [queued, empty, drained] = bytes::<T, C>();
            let figures: [f64; COLUMNS.len()] = [
                instructions,
                pop_instructions,
                writes,
                pop_writes,
                lines,
                push_one,
                pop_last,
                push_one_writes,
                pop_last_writes,
                queued,
                empty,
                drained,
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

/// A queue that has been used before.
struct Used<T, C: Contestant<T>> {
    producer: C::Producer,
    consumer: C::Consumer,
    /// As many items as the queue has carried.
    items: Vec<T>,
}

impl<T: Payload, C: Contestant<T>> Used<T, C> {
    /// Warms up a queue, so that first-use setup is done and blocks are recycled.
    fn new(count: usize) -> Self {
        let (mut producer, mut consumer) = C::channel(count);
        let mut items = (0..count as u64).map(T::new).collect();
        for _ in 0..3 {
            push_all::<T, C>(&mut producer, &mut items);
            C::flush(&mut producer);
            pop_all::<T, C>(&mut consumer, &mut items);
        }
        Self {
            producer,
            consumer,
            items,
        }
    }
}

/// Returns instructions per push and per pop, read-modify-writes per push and per pop, and
/// cache lines written per push.
fn in_a_row<T: Payload, C: Contestant<T>>() -> [f64; 5] {
    /// A multiple of the batch sizes, and of the block sizes of most queues.
    const ITEMS: usize = 128;

    let mut queue = Used::<T, C>::new(ITEMS);
    let mut got = Vec::with_capacity(ITEMS);
    let push = steps(|| push_all::<T, C>(&mut queue.producer, &mut queue.items));
    let pop = steps(|| {
        for _ in 0..ITEMS {
            got.extend(C::pop(&mut queue.consumer));
        }
    });
    assert_eq!(got.len(), ITEMS, "all items came back");
    [push[0], pop[0], push[1], pop[1], push[2]].map(|count| count / ITEMS as f64)
}

/// Returns the instructions of a push into an empty queue and of the pop that empties it
/// again, and their read-modify-writes.
fn one_item<T: Payload, C: Contestant<T>>() -> [f64; 4] {
    // Keeps the operations off the end of a block.
    let mut queue = Used::<T, C>::new(5);
    let (mut item, mut got) = (queue.items.pop(), None);
    let push = steps(|| {
        if let Some(item) = item.take() {
            C::push(&mut queue.producer, item);
            C::flush(&mut queue.producer);
        }
    });
    let pop = steps(|| got = C::pop(&mut queue.consumer));
    assert!(got.is_some(), "the item came back");
    [push[0], pop[0], push[1], pop[1]]
}

/// Returns the instructions of `work`, the read-modify-writes among them, and the cache
/// lines that they write.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn steps(work: impl FnOnce()) -> [f64; 3] {
    let cost = papers::cost::cost(work);
    [
        cost.instructions,
        cost.read_modify_writes,
        cost.lines_written,
    ]
    .map(|count| count as f64)
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn steps(_: impl FnOnce()) -> [f64; 3] {
    panic!("counting instructions needs Linux on x86-64")
}

/// Returns the allocated bytes per queued item, of an empty queue, and of a queue after all
/// items are popped.
fn bytes<T: Payload, C: Contestant<T>>() -> [f64; 3] {
    const ITEMS: usize = 10_000;

    let mut items: Vec<T> = (0..ITEMS as u64).map(T::new).collect();
    let ((mut producer, mut consumer), empty, _) = counted(|| C::channel(ITEMS));
    let ((), filled, _) = counted(|| {
        push_all::<T, C>(&mut producer, &mut items);
        C::flush(&mut producer);
    });
    let ((), popped, _) = counted(|| pop_all::<T, C>(&mut consumer, &mut items));
    let queued = empty.wrapping_add(filled);
    let drained = queued.wrapping_add(popped);
    [queued as f64 / ITEMS as f64, empty as f64, drained as f64]
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
