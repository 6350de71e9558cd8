//! A push that is frozen before each of its instructions in turn, while another thread
//! pushes and pops.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use mpsc_queue::Pop;
use papers::Consume;
use papers::single_step::Stepped;

use super::claims::Named;
use super::contestants::Contestant;
use super::report::Line;

/// The time after which the other thread counts as blocked. It needs microseconds, and a
/// blocked thread is blocked until the push is thawed.
const TIMEOUT: Duration = Duration::from_millis(400);

/// The payload of the item whose push is frozen.
pub(crate) const FROZEN: u64 = u64::MAX;

/// The observations of freezing a push into an empty queue before each of its instructions.
pub(crate) struct Sweep {
    pub(crate) name: &'static str,
    observations: Vec<Observed>,
}

/// The progress of the other thread while the push was frozen before one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    /// It popped so many of its own items, and then this result.
    Delivered { items: usize, last: Last },
    /// A push or pop of the other thread did not return.
    Blocked,
}

/// The result of the last pop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Empty,
    Stalled,
}

impl Named for Sweep {
    fn name(&self) -> &str {
        self.name
    }
}

impl Sweep {
    /// Freezes the push before each instruction. The other thread pushes `others` items,
    /// and pops until a pop returns no item.
    pub(crate) fn of<Q: Contestant>(others: usize) -> Self {
        let mut observations = Vec::new();
        while let Some(observed) = frozen_before::<Q>(observations.len(), others) {
            observations.push(observed);
        }
        Self {
            name: Q::NAME,
            observations,
        }
    }

    /// Returns the number of instructions of the push.
    pub(crate) fn instructions(&self) -> usize {
        self.observations.len()
    }

    /// Returns what was observed before each instruction.
    pub(crate) fn observations(&self) -> impl Iterator<Item = Observed> {
        self.observations.iter().copied()
    }

    /// Returns the number of instructions at which what is `wanted` was observed.
    pub(crate) fn count(&self, wanted: impl Fn(Observed) -> bool) -> usize {
        self.observations().filter(|&one| wanted(one)).count()
    }

    /// Returns a line of `y` over the instructions.
    pub(crate) fn line(&self, y: fn(Observed) -> usize) -> Line {
        let points = self.observations().enumerate();
        Line {
            name: self.name.to_string(),
            points: points.map(|(at, o)| (at as f64, y(o) as f64)).collect(),
        }
    }
}

/// Calls `meanwhile` while another thread is frozen before this instruction of the push of an item,
/// and lets the push return. Returns `false` if the push has fewer instructions: then it has
/// returned before.
pub(crate) fn while_frozen<Q: Contestant, R>(
    queue: &Q,
    item: Q::Item,
    instruction: usize,
    meanwhile: impl FnOnce() -> R,
) -> (bool, R) {
    let stepped = &Stepped::freezing_before(instruction);
    thread::scope(|scope| {
        let producer = scope.spawn(move || {
            stepped.run(|| {
                let _ = queue.push(item);
            });
        });
        while !stepped.is_frozen() && !producer.is_finished() {
            thread::yield_now();
        }
        let frozen = stepped.is_frozen();
        let thaw = ThawOnDrop(stepped); // also if `meanwhile` panics, for which the scope would wait
        let result = meanwhile();
        drop(thaw);
        producer.join().expect("the frozen push returns");
        (frozen, result)
    })
}

struct ThawOnDrop<'a>(&'a Stepped);

impl Drop for ThawOnDrop<'_> {
    fn drop(&mut self) {
        self.0.thaw();
    }
}

/// Returns `None` if the push has fewer instructions.
fn frozen_before<Q: Contestant>(instruction: usize, others: usize) -> Option<Observed> {
    let queue = Box::new(Q::with_room(others + 2));
    // Allocates what the queue allocates lazily.
    let _ = queue.push(Q::item(0));
    let _ = queue.consumer().ok().map(|mut consumer| consumer.pop());

    let queue = &*queue;
    let (report, reported) = channel();
    thread::scope(|scope| {
        let (frozen, (rest, reported)) = while_frozen(queue, Q::item(FROZEN), instruction, || {
            let rest = scope.spawn(move || {
                for payload in 0..others {
                    let pushed = queue.push(Q::item(payload as u64));
                    assert!(pushed.is_ok(), "there is room for all");
                }
                let popped = pop_all(queue);
                // After the timeout nothing receives; the error is ignored.
                let _ = report.send((popped.others, popped.last));
                popped
            });
            (rest, reported.recv_timeout(TIMEOUT))
        });
        let early = rest.join().expect("the other thread returns");
        let late = pop_all(queue);
        assert_eq!(late.last, Last::Empty);
        assert_eq!(
            early.all + late.all,
            others + 1,
            "every item is delivered after the thaw"
        );
        let observed = match reported {
            Ok((items, last)) => Observed::Delivered { items, last },
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Observed::Blocked,
        };
        frozen.then_some(observed)
    })
}

struct Popped {
    all: usize,
    /// Without the item of the frozen push.
    others: usize,
    last: Last,
}

fn pop_all<Q: Contestant>(queue: &Q) -> Popped {
    let mut consumer = queue.consumer().expect("no other consumer exists");
    let (mut all, mut others) = (0, 0);
    let last = loop {
        match consumer.pop() {
            Pop::Item(item) => {
                all += 1;
                others += usize::from(Q::payload(&item) != FROZEN);
            }
            Pop::Empty | Pop::Closed => break Last::Empty,
            Pop::Stalled(_) => break Last::Stalled,
        }
    };
    Popped { all, others, last }
}
