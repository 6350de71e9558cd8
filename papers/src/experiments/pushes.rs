//! Producers that push at the same time, without a consumer: the time of a push, and the order in
//! which the pushes took effect.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use mpsc_queue::Pop;
use papers::span::{Gate, Span};
use papers::work::Work;
use papers::{Consume, cores};

use super::objects::{Object, Objects};

/// The number of producers, each on a core of its own.
pub(crate) const PRODUCERS: usize = 2;

/// The number of pushes of a producer. The objects of all producers fit into a core's cache.
const EACH: usize = 2000;

/// Pushes of [`PRODUCERS`] producers into a new queue.
pub(crate) struct Pushes {
    /// Nanoseconds of a producer per push, the work between the pushes included.
    pub(crate) nanos: f64,
    /// The producer of each item, in the order of the pops.
    pub(crate) order: Vec<u64>,
}

/// Pushes with this work after each push. The number of the round determines the lengths of the
/// work.
pub(crate) fn pushes<Q: Objects>(work: Option<Work>, round: u64) -> Pushes {
    let queue = Q::with_room(PRODUCERS * EACH);
    let nanos = timed(work, round, |place| {
        let object = place.take().expect("each object is pushed once");
        assert!(queue.push(object).is_ok(), "there is room for all");
    });
    let mut consumer = queue.consumer().expect("a new queue has no consumer");
    let mut order = Vec::with_capacity(PRODUCERS * EACH);
    while let Pop::Item(object) = consumer.pop() {
        order.push(object.value);
    }
    assert_eq!(order.len(), PRODUCERS * EACH, "each item is popped");
    Pushes { nanos, order }
}

/// Returns the nanoseconds of a producer per item if it works and does not push.
pub(crate) fn work_alone(work: Work, round: u64) -> f64 {
    timed(Some(work), round, |place| {
        black_box(place);
    })
}

/// A place of an object to push. A loop takes them one by one, because a loop over a vector that is
/// emptied keeps its position in memory, and then the figure is in part that of the loop.
type Place = Option<Box<Object>>;

/// Measures `push` on all producers at the same time. Returns the mean over the producers, in
/// nanoseconds per item.
fn timed(work: Option<Work>, round: u64, push: impl Fn(&mut Place) + Sync) -> f64 {
    let gate = Gate::of(PRODUCERS);
    let produce = &|number: u64| {
        cores::pin(number as usize);
        let chain = work.map(|work| work.chain(round * PRODUCERS as u64 + number));
        let mut places: Vec<_> = (0..EACH).map(|_| Some(Object::boxed(number))).collect();
        gate.pass();
        let span = match chain {
            None => Span::of(|| places.iter_mut().for_each(&push)),
            Some(mut chain) => Span::of(|| {
                for place in &mut places {
                    push(place);
                    chain.work();
                }
            }),
        };
        span.length()
    };
    let times: Duration = thread::scope(|scope| {
        let threads: Vec<_> = (0..PRODUCERS as u64)
            .map(|number| scope.spawn(move || produce(number)))
            .collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|time| time.expect("no producer panics")).sum()
    });
    times.as_nanos() as f64 / (PRODUCERS * EACH) as f64
}
