//! The cost of a push that wakes the consumer if necessary, while it is awake.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mpsc_queue::{ForwardLinked, WakingQueue};

use crate::contestant::{Contestant, Role};
use crate::contestants::{Crossbeam, Named, Odin};
use crate::eventfd::{Event, Notify};
use crate::floor;
use crate::payload::{Item, Payload};
use crate::scenario::{Cell, Group};

pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    let queues = [
        (
            ForwardLinked::NAME,
            Cell::new("mpsc-queue", Role::Ours, ours),
        ),
        notifying::<Box<Item>, Odin>("Odin's queue, eventfd per push"),
        notifying::<u64, Crossbeam>("crossbeam-channel, eventfd per push"),
    ];
    let queues = queues
        .into_iter()
        .filter(|(queue, _)| !left_out.iter().any(|failed| failed == queue));
    let floors = [
        Cell::floor("swap + compare_exchange", floor::swap_and_compare_exchange),
        Cell::floor("eventfd write", floor::eventfd_write),
        Cell::floor("futex wake", floor::futex_wake),
    ];
    vec![Group {
        scenario: "awake".into(),
        payload: "",
        question:
            "One thread pushes an item to a consumer that waits for an eventfd when idle, and \
                   pops it. The consumer never sleeps."
                .into(),
        unit: 1,
        load: None,
        oversubscribed: false,
        core: true,
        cells: floors
            .into_iter()
            .chain(queues.map(|(_, cell)| cell))
            .collect(),
    }]
}

fn ours(items: u64) -> Duration {
    let event = Arc::new(Event::new());
    let queue = WakingQueue::with_waker(Notify(Arc::clone(&event)));
    let mut receiver = queue.receiver().expect("a new queue has no receiver");
    let mut item = <Box<Item> as Payload>::new(0);
    let start = Instant::now();
    for _ in 0..items {
        queue.push(item).expect("the queue is never closed");
        item = receiver.pop_blocking().expect("the queue holds one item");
    }
    let elapsed = start.elapsed();
    assert_eq!(event.notified(), 0, "the consumer never slept");
    elapsed
}

/// Returns the name of the queue `C` in the self-check, and its cell.
fn notifying<T: Payload, C: Contestant<T>>(name: &'static str) -> (&'static str, Cell) {
    (C::NAME, Cell::new(name, C::ROLE, notify_each::<T, C>))
}

fn notify_each<T: Payload, C: Contestant<T>>(items: u64) -> Duration {
    let event = Event::new();
    let (mut producer, mut consumer) = C::channel(1);
    let mut item = T::new(0);
    let start = Instant::now();
    for _ in 0..items {
        C::push(&mut producer, item);
        event.notify();
        item = C::pop(&mut consumer).expect("the queue holds one item");
    }
    start.elapsed()
}
