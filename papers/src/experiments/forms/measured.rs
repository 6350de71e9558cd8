//! The time of an item on two cores.

use std::thread;

use mpsc_queue::Pop;
use papers::backoff::Backoff;
use papers::span::{Gate, Span, spans, start};
use papers::work::Work;
use papers::{Consume, cores};

use crate::experiments::objects::{Object, Objects};
use crate::experiments::pushes::{ITEMS, Pushing, Stock, work_alone};
use crate::experiments::report::progress;

const ROUNDS: u64 = 100;

/// The work between two pushes, after which the producers take turns almost at random, as those of
/// the model do.
pub(super) const WORK: Work = Work(42);

/// The nanoseconds of a contestant, in each round.
#[derive(Default)]
pub(super) struct Nanos {
    /// Per item from one producer to the consumer, at the same time.
    pub(super) one: Vec<f64>,
    /// Per push of two producers, without work and without a consumer.
    pub(super) two: Contended,
    /// Per push of two producers with [`WORK`], less those of the work alone in the same round.
    pub(super) two_with_work: Contended,
}

/// Samples of two producers. Those whose pushes were not contended are only counted.
#[derive(Default)]
pub(super) struct Contended {
    pub(super) nanos: Vec<f64>,
    pub(super) taken: usize,
    pub(super) retakes: usize,
}

/// A contestant's functions that take samples.
pub(super) struct Samples {
    one: fn() -> f64,
    two: Pushing,
}

impl Samples {
    pub(super) fn of<Q: Objects + 'static>() -> Self {
        Self {
            one: one_to_one::<Q>,
            two: Pushing::of::<Q>(),
        }
    }

    fn add_two(&self, to: &mut Contended, stock: &mut Stock, work: Option<Work>, round: u64) {
        let alone = work.map_or(0.0, |work| work_alone(stock, work, round));
        let sample = self.two.sample(stock, work, round);
        to.taken += 1;
        to.retakes += sample.retakes;
        to.nanos
            .extend(sample.is_contended.then_some(sample.nanos - alone));
    }
}

/// Measures the contestants round by round, each of them in each round.
pub(super) fn measure(contestants: &[Samples]) -> Vec<Nanos> {
    let mut all: Vec<_> = contestants.iter().map(|_| Nanos::default()).collect();
    let mut stock = Stock::new();
    let bar = progress(ROUNDS as usize);
    for round in 0..ROUNDS {
        for (nanos, samples) in all.iter_mut().zip(contestants) {
            nanos.one.push((samples.one)());
        }
        for (nanos, samples) in all.iter_mut().zip(contestants) {
            samples.add_two(&mut nanos.two, &mut stock, None, round);
        }
        for (nanos, samples) in all.iter_mut().zip(contestants) {
            samples.add_two(&mut nanos.two_with_work, &mut stock, Some(WORK), round);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    all
}

/// Hands items from one thread to another, each on a core of its own. Returns the nanoseconds from
/// the first push to the last pop, per item.
fn one_to_one<Q: Objects>() -> f64 {
    let queue = Q::with_room(ITEMS);
    let gate = Gate::of(2);
    let span = thread::scope(|scope| {
        let producer = start(scope, || {
            cores::pin(0);
            let mut places: Vec<_> = (0..ITEMS).map(|_| Some(Object::boxed(0))).collect();
            gate.pass();
            Span::of(|| {
                for place in &mut places {
                    let object = place.take().expect("each object is pushed once");
                    assert!(queue.push(object).is_ok(), "there is room for all");
                }
            })
        });
        let consumer = start(scope, || {
            cores::pin(1);
            let mut consumer = queue.consumer().expect("a new queue has no consumer");
            let mut popped = Vec::with_capacity(ITEMS);
            gate.pass();
            Span::of(|| pop_all(&mut consumer, ITEMS, &mut popped))
        });
        spans([producer, consumer])
    });
    span.length().as_nanos() as f64 / ITEMS as f64
}

#[expect(clippy::vec_box, reason = "the queues carry boxes")]
fn pop_all(
    consumer: &mut impl Consume<Item = Box<Object>>,
    items: usize,
    popped: &mut Vec<Box<Object>>,
) {
    let mut backoff = Backoff::new();
    while popped.len() < items {
        if let Pop::Item(object) = consumer.pop() {
            popped.push(object);
            backoff = Backoff::new();
        } else {
            backoff.snooze();
        }
    }
}
