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
const PRODUCERS: usize = 2;

/// The number of pushes of a producer, at most. The objects of all producers have a megabyte, so
/// that they fit into the cache of a core.
const EACH: usize = 8000;

/// The number of items of a sample, at most.
pub(crate) const ITEMS: usize = PRODUCERS * EACH;

/// Returns the number of pushes of a producer. With little work between the pushes there are more of
/// them, because one producer can push a thousand times in a row there.
fn each(work: Option<Work>) -> usize {
    match work {
        Some(Work(200..)) => EACH / 4,
        Some(_) | None => EACH,
    }
}

/// A place of an object to push. A loop takes them one by one, because a loop over a vector that is
/// emptied keeps its position in memory, and then the figure is in part that of the loop.
type Place = Option<Box<Object>>;

/// The objects that are pushed and popped in each sample, so that none of them is allocated or
/// freed in between.
pub(crate) struct Stock(Vec<Place>);

impl Stock {
    pub(crate) fn new() -> Self {
        Self((0..ITEMS).map(|_| Some(Object::boxed(0))).collect())
    }
}

/// Pushes of [`PRODUCERS`] producers into an empty queue.
pub(crate) struct Pushes {
    /// Nanoseconds of a producer per push, the work between the pushes included.
    pub(crate) nanos: f64,
    /// Set if both producers were under way for at least half of the time of the faster one.
    pub(crate) overlapped: bool,
    /// The producer of each item, in the order of the pops.
    pub(crate) order: Vec<u64>,
}

/// How often a sample is taken at most. It is taken again if the producers did not overlap, because
/// one of them was not running.
const TRIES: usize = 4;

/// Pushes with this work after each push, and pops all items. The number of the round determines
/// the lengths of the work. A queue that has been used before allocates least.
pub(crate) fn pushes<Q: Objects>(
    queue: &Q,
    stock: &mut Stock,
    work: Option<Work>,
    round: u64,
) -> Pushes {
    let mut sample = pushes_once(queue, stock, work, round);
    for _ in 1..TRIES {
        if sample.overlapped {
            break;
        }
        sample = pushes_once(queue, stock, work, round);
    }
    sample
}

fn pushes_once<Q: Objects>(queue: &Q, stock: &mut Stock, work: Option<Work>, round: u64) -> Pushes {
    let (nanos, overlapped) = timed(stock, work, round, |place| {
        let object = place.take().expect("each object is pushed once");
        assert!(queue.push(object).is_ok(), "there is room for all");
    });
    let mut consumer = queue.consumer().expect("no other consumer exists");
    let mut order = Vec::with_capacity(ITEMS);
    for place in stock.0.iter_mut().filter(|place| place.is_none()) {
        let Pop::Item(object) = consumer.pop() else {
            panic!("an item is lost");
        };
        order.push(object.value);
        *place = Some(object);
    }
    Pushes {
        nanos,
        overlapped,
        order,
    }
}

/// Returns the nanoseconds of a producer per item if it works and does not push.
pub(crate) fn work_alone(stock: &mut Stock, work: Work, round: u64) -> f64 {
    let (nanos, _) = timed(stock, Some(work), round, |place| {
        black_box(place);
    });
    nanos
}

/// Measures `push` on all producers at the same time. Returns the mean over the producers, in
/// nanoseconds per item, and whether they overlapped.
fn timed(
    stock: &mut Stock,
    work: Option<Work>,
    round: u64,
    push: impl Fn(&mut Place) + Sync,
) -> (f64, bool) {
    let each = each(work);
    let gate = Gate::of(PRODUCERS);
    let produce = &|number: u64, places: &mut [Place]| {
        cores::pin(number as usize);
        let chain = work.map(|work| work.chain(round * PRODUCERS as u64 + number));
        // Afterwards, the objects are in the cache of the producer's core.
        for object in places.iter_mut().flatten() {
            object.value = number;
        }
        gate.pass();
        match chain {
            None => Span::of(|| places.iter_mut().for_each(&push)),
            Some(mut chain) => Span::of(|| {
                for place in places {
                    push(place);
                    chain.work();
                }
            }),
        }
    };
    let spans: Vec<_> = thread::scope(|scope| {
        let parts = (0..).zip(stock.0.chunks_exact_mut(EACH));
        let threads: Vec<_> = parts
            .map(|(number, part)| scope.spawn(move || produce(number, &mut part[..each])))
            .collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        let spans = joined.map(|span| span.expect("no producer panics"));
        spans.collect()
    });
    let overlap = spans[0].overlap(&spans[1]);
    let lengths: Vec<_> = spans.into_iter().map(Span::length).collect();
    let overlapped = lengths.iter().any(|length| 2 * overlap >= *length);
    let times: Duration = lengths.iter().sum();
    let nanos = times.as_nanos() as f64 / (PRODUCERS * each) as f64;
    (nanos, overlapped)
}
