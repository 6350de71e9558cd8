//! What it costs a producer to make sure of the wake-up, while the consumer is
//! awake.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mpsc_queue::WakingQueue;

use super::{Cell, Group};
use crate::contestant::{Contestant, Item, Payload, Role};
use crate::contestants::{Crossbeam, Odin};
use crate::eventfd::{Event, Notify};
use crate::floor;

pub(super) fn group() -> Group {
    Group {
        scenario: "awake".into(),
        family: "",
        question: "One thread pushes an item to a consumer behind an eventfd that is awake, \
                   and pops it."
            .into(),
        unit: 1,
        oversubscribed: false,
        core: true,
        cells: vec![
            Cell::floor("swap + compare_exchange", floor::swap_and_compare_exchange),
            Cell::floor("eventfd write", floor::eventfd_write),
            Cell::floor("futex wake", floor::futex_wake),
            Cell {
                name: "mpsc-queue",
                role: Role::Ours,
                run: Box::new(ours),
            },
            Cell {
                name: "Odin's queue, eventfd per push",
                role: Role::Other,
                run: Box::new(notifying::<Box<Item>, Odin>),
            },
            Cell {
                name: "crossbeam-channel, eventfd per push",
                role: Role::Other,
                run: Box::new(notifying::<u64, Crossbeam>),
            },
        ],
    }
}

fn ours(items: u64) -> Duration {
    let event = Arc::new(Event::new());
    let queue = WakingQueue::with_waker(Notify(Arc::clone(&event)));
    let mut receiver = queue.receiver().expect("it is new");
    let mut item = <Box<Item> as Payload>::new(0);
    let start = Instant::now();
    for _ in 0..items {
        queue.push(item);
        item = receiver.pop_blocking().expect("one was pushed");
    }
    let elapsed = start.elapsed();
    assert_eq!(event.notified(), 0, "the consumer never slept");
    elapsed
}

fn notifying<T: Payload, C: Contestant<T>>(items: u64) -> Duration {
    let event = Event::new();
    let (mut producer, mut consumer) = C::open(1);
    let mut item = T::new(0);
    let start = Instant::now();
    for _ in 0..items {
        C::push(&mut producer, item);
        event.notify();
        item = C::pop(&mut consumer).expect("one was pushed");
    }
    start.elapsed()
}
