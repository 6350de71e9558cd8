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

/// Returns the number of pushes of a producer in a sample. With little work between the pushes there are more of
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
    /// Set if the pushes were contended: both producers were under way for at least half of the time
    /// of the faster one, and one of them pushed between two pushes of the other one.
    pub(crate) is_contended: bool,
    /// The producer of each item, in the order of the pops.
    pub(crate) order: Vec<u64>,
    /// How often the sample was taken again.
    pub(crate) retakes: usize,
}

/// A contestant: its name, and the function that takes its samples.
pub(crate) struct Pushing {
    pub(crate) name: &'static str,
    sample: Box<Sample>,
}

type Sample = dyn Fn(&mut Stock, Option<Work>, u64) -> Pushes;

impl Pushing {
    /// Samples of one queue, which allocates least because it has been used before.
    pub(crate) fn of<Q: Objects + 'static>() -> Self {
        let queue = Q::with_room(ITEMS);
        Self {
            name: Q::NAME,
            sample: Box::new(move |stock, work, round| pushes(&queue, stock, work, round)),
        }
    }

    /// Pushes with this work after each push, and pops all items. The number of the round determines
    /// the lengths of the work.
    pub(crate) fn sample(&self, stock: &mut Stock, work: Option<Work>, round: u64) -> Pushes {
        (self.sample)(stock, work, round)
    }
}

/// How often a sample is taken again at most, if its pushes were not contended.
const RETAKES: usize = 3;

fn pushes<Q: Objects>(queue: &Q, stock: &mut Stock, work: Option<Work>, round: u64) -> Pushes {
    let mut sample = pushes_once(queue, stock, work, round);
    while !sample.is_contended && sample.retakes < RETAKES {
        let retakes = sample.retakes + 1;
        sample = Pushes {
            retakes,
            ..pushes_once(queue, stock, work, round)
        };
    }
    sample
}

/// Describes how many samples are left out, and how often samples were taken again.
pub(crate) fn taken(samples: usize, contended: usize, retakes: usize) -> String {
    format!(
        "Of {samples} samples of two producers, {contended} are contended: both were under way for \
         at least half of the time of the faster one, and one pushed between two pushes of the \
         other. The others are left out. Samples were taken again {retakes} times, at most \
         {RETAKES} times each."
    )
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
    let changes = order.windows(2).filter(|pair| pair[0] != pair[1]).count();
    Pushes {
        nanos,
        is_contended: overlapped && changes >= 2,
        order,
        retakes: 0,
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
