//! A push that is frozen before each of its instructions in turn, and what becomes of
//! the queue meanwhile.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use mpsc_queue::Pop;
use papers::Consume;

use super::contestants::Contestant;
use papers::step::Stepped;

/// How long the others may take before they count as blocked. They need microseconds,
/// and are blocked for as long as the push is frozen.
const PATIENCE: Duration = Duration::from_millis(400);

/// The payload of the item whose push is frozen.
const FROZEN: u64 = u64::MAX;

/// What happened while the push was frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    /// The pops delivered so many of the items pushed meanwhile, and then said this.
    Delivered { items: usize, last: Last },
    /// A push or pop did not return.
    Blocked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Empty,
    Stalled,
}

/// For each instruction of a push into an empty queue: freezes the push before it,
/// pushes `others` items, and pops until there is no item. The last element is the
/// push that is not frozen.
pub(crate) fn at_each_instruction<Q: Contestant>(others: usize) -> Vec<Meanwhile> {
    let mut all = Vec::new();
    loop {
        let (meanwhile, frozen) = frozen_before::<Q>(all.len(), others);
        all.push(meanwhile);
        if !frozen {
            return all;
        }
    }
}

fn frozen_before<Q: Contestant>(instruction: usize, others: usize) -> (Meanwhile, bool) {
    let queue = Box::new(Q::with_room(others + 2));
    // So that no lazily allocated part of the queue is missing.
    let _ = queue.push(Q::item(0));
    let _ = queue.consumer().ok().map(|mut consumer| consumer.pop());

    let stepped = Stepped::freezing_before(instruction);
    let (queue, stepped) = (&*queue, &stepped);
    let (report, reported) = channel();
    thread::scope(|scope| {
        let first = Q::item(FROZEN);
        let producer = scope.spawn(move || {
            stepped.run(|| {
                let _ = queue.push(first);
            });
        });
        while !stepped.is_frozen() && !producer.is_finished() {
            thread::yield_now();
        }
        let frozen = stepped.is_frozen();
        let rest = scope.spawn(move || {
            for payload in 0..others {
                let pushed = queue.push(Q::item(payload as u64));
                assert!(pushed.is_ok(), "there is room for all");
            }
            let popped = pop_all(queue);
            // Nobody waits for it any more if it comes after the thaw.
            let _ = report.send((popped.others, popped.last));
            popped
        });
        let meanwhile = reported.recv_timeout(PATIENCE);
        stepped.thaw();
        producer.join().expect("a push does not panic");
        let early = rest.join().expect("neither do pops");
        let late = pop_all(queue);
        assert_eq!(late.last, Last::Empty);
        assert_eq!(
            early.all + late.all,
            others + 1,
            "every item comes out in the end"
        );
        let meanwhile = match meanwhile {
            Ok((items, last)) => Meanwhile::Delivered { items, last },
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Meanwhile::Blocked,
        };
        (meanwhile, frozen)
    })
}

struct Popped {
    all: usize,
    /// Without that of the frozen push.
    others: usize,
    last: Last,
}

fn pop_all<Q: Contestant>(queue: &Q) -> Popped {
    let mut consumer = queue.consumer().expect("there is no other consumer");
    let (mut all, mut others) = (0, 0);
    let last = loop {
        match consumer.pop() {
            Pop::Item(item) => {
                all += 1;
                others += usize::from(Q::payload(&item) != FROZEN);
            }
            Pop::Empty => break Last::Empty,
            Pop::Stalled => break Last::Stalled,
        }
    };
    Popped { all, others, last }
}
