//! One or more producers and one consumer, each on a thread.

use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::backoff::Backoff;
use crate::contestant::Contestant;
use crate::cores;
use crate::floor;
use crate::payload::{Container, Payload};
use crate::scenario::{Cell, Scenario};
use crate::work::{Chain, Work};

/// The side that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The producers push; then the consumer starts.
    Push,
    /// The consumer pops the items, which the producers have pushed before.
    Pop,
    /// Both at the same time.
    Both,
}

/// `count` producers and one consumer.
#[derive(Clone, Copy)]
pub(crate) struct Producers {
    pub(crate) side: Side,
    pub(crate) count: u64,
    /// What each producer does between two pushes.
    pub(crate) work: Option<Work>,
}

/// The floor of producers that work.
pub(crate) const WORK_ALONE: &str = "the work alone";

impl Scenario for Producers {
    fn name(self) -> String {
        let side = match self.side {
            Side::Push => "push",
            Side::Pop => "pop",
            Side::Both => "both",
        };
        let work = self
            .work
            .map_or(String::new(), |work| format!("+{}", work.0));
        format!("{side}/{}{work}", self.count)
    }

    fn question(self) -> String {
        let consumer = match self.side {
            Side::Push => "No consumer runs.",
            Side::Pop => "One consumer pops after all pushes.",
            Side::Both => "One consumer pops at the same time.",
        };
        let work = self.work.map_or(String::new(), |Work(nanos)| {
            format!(
                " After each push, the producer works: a dependent chain of multiplications of \
                 uniformly random length, about {nanos} ns on average. The figures include the \
                 work, which the producers do at the same time. The work touches no memory, so \
                 the scenario does not show what work with memory evicts from the caches."
            )
        });
        format!("Producers: {}. {consumer}{work}", self.count)
    }

    fn unit(self) -> u64 {
        let items = if self.oversubscribed() {
            40_000 // long enough for threads to be descheduled within an iteration
        } else {
            2000 * self.count // as many as a core's cache holds
        };
        items.next_multiple_of(self.count)
    }

    fn threads(self) -> usize {
        let producers = self.count as usize;
        match self.side {
            Side::Push => producers,
            Side::Pop => 1,
            Side::Both => producers + 1,
        }
    }

    fn run<T: Payload, C: Contestant<T>>(self, items: u64) -> Duration {
        let unit = self.unit();
        let (producer, mut consumer) = C::channel(unit as usize);
        let mut stock: Vec<T> = (0..unit).map(T::new).collect();
        let times = (0..items / unit).map(|iteration| {
            self.iteration::<T, C>(&producer, &mut consumer, &mut stock, iteration)
        });
        times.sum()
    }

    fn floors<T: Payload>(self) -> Vec<Cell> {
        if let Some(work) = self.work {
            return self.floors_with(work);
        }
        let threads = self.count as usize;
        match self.side {
            Side::Pop => vec![Cell::floor(T::Container::FLOOR, floor::walk::<T>)],
            Side::Push | Side::Both => vec![
                Cell::floor("swap", move |items| floor::swap_on(threads, items)),
                Cell::floor("swap + link", move |items| {
                    floor::swap_and_link_on(threads, items)
                }),
                Cell::floor("fetch_add", move |items| {
                    floor::fetch_add_on(threads, items)
                }),
            ],
        }
    }
}

impl Producers {
    /// Sends all items of `stock` through the queue and back into `stock`, with an equal
    /// part for each producer. The number of the iteration determines the producers' work.
    /// Returns the time that the measured side took.
    pub(crate) fn iteration<T: Payload, C: Contestant<T>>(
        self,
        producer: &C::Producer,
        consumer: &mut C::Consumer,
        stock: &mut Vec<T>,
        iteration: u64,
    ) -> Duration {
        let items = stock.len();
        let each = items / self.count as usize;
        let at_once = self.side == Side::Both;
        let gate = Gate::of(self.count as usize + usize::from(at_once));
        let (pushes, pops) = thread::scope(|scope| {
            let producers: Vec<_> = (0..self.count)
                .map(|number| {
                    let mut producer = producer.clone();
                    let mut part = stock.split_off(stock.len() - each);
                    let work = self.work.map(|work| self.chain(work, number, iteration));
                    let gate = &gate;
                    scope.spawn(move || {
                        self.pin(number);
                        write_all(&mut part, number);
                        let mut part = places(part);
                        gate.pass();
                        Span::of(|| match work {
                            None => push_all::<T, C>(&mut producer, &mut part),
                            Some(work) => {
                                push_all_working::<T, C>(&mut producer, &mut part, work);
                            }
                        })
                    })
                })
                .collect();
            let pop = || {
                self.pin(self.count);
                if at_once {
                    gate.pass();
                }
                Span::of(|| pop_all::<T, C>(consumer, items, stock))
            };
            if at_once {
                let consumer = scope.spawn(pop);
                (spans(producers), spans([consumer]))
            } else {
                (spans(producers), spans([scope.spawn(pop)]))
            }
        });
        match self.side {
            Side::Push => pushes.length(),
            Side::Pop => pops.length(),
            Side::Both => pushes.and(pops).length(),
        }
    }

    /// Returns the floors of producers that work.
    fn floors_with(self, work: Work) -> Vec<Cell> {
        vec![
            Cell::floor(WORK_ALONE, move |items| {
                self.without_queue(work, items, || {})
            }),
            Cell::floor("the work + swap", move |items| {
                let word = CachePadded::new(AtomicPtr::new(ptr::null_mut()));
                self.without_queue(work, items, || {
                    let mut item = 0_u64;
                    // Pairs with the swap of another thread.
                    black_box(word.swap(black_box(&raw mut item), Ordering::AcqRel));
                })
            }),
        ]
    }

    /// Measures the producers of `items` items with an operation in place of a push.
    fn without_queue(self, work: Work, items: u64, operation: impl Fn() + Sync) -> Duration {
        let each = self.unit() / self.count;
        let iteration = |iteration| {
            let gate = Gate::of(self.count as usize);
            thread::scope(|scope| {
                let producers: Vec<_> = (0..self.count)
                    .map(|number| {
                        let mut work = self.chain(work, number, iteration);
                        let (gate, operation) = (&gate, &operation);
                        scope.spawn(move || {
                            self.pin(number);
                            gate.pass();
                            Span::of(|| {
                                for _ in 0..each {
                                    operation();
                                    work.work();
                                }
                            })
                        })
                    })
                    .collect();
                spans(producers).length()
            })
        };
        (0..items / self.unit()).map(iteration).sum()
    }

    /// Returns the work of a producer, which differs from that of other producers and iterations.
    fn chain(self, work: Work, number: u64, iteration: u64) -> Chain {
        work.chain(iteration * self.count + number)
    }

    /// Pins the thread to its own core, unless there are more threads than cores.
    fn pin(self, number: u64) {
        if !self.oversubscribed() {
            cores::pin(number as usize);
        }
    }

    fn oversubscribed(self) -> bool {
        self.threads() > cores::count()
    }
}

/// Joins the threads, and returns the span of their work.
fn spans<'a>(threads: impl IntoIterator<Item = ScopedJoinHandle<'a, Span>>) -> Span {
    let spans = threads
        .into_iter()
        .map(|thread| thread.join().expect("the thread does not panic"));
    spans.reduce(Span::and).expect("at least one thread ran")
}

/// Writes the number of the producer and ascending numbers into its items, which are in
/// its core's cache afterwards.
pub(super) fn write_all<T: Payload>(items: &mut [T], number: u64) {
    for (item, index) in items.iter_mut().zip(0..) {
        item.write(number << 32 | index);
    }
}

/// Moves the items into places, from which a loop takes them one by one.
///
/// A loop over a vector that is emptied keeps its position in memory if a push may unwind, and
/// then the measured figure is in part that of the loop. A loop over places does not.
pub(super) fn places<T>(items: impl IntoIterator<Item = T>) -> Vec<Option<T>> {
    items.into_iter().map(Some).collect()
}

/// Pushes the items of all places.
pub(super) fn push_all<T, C: Contestant<T>>(producer: &mut C::Producer, places: &mut [Option<T>]) {
    for place in places {
        C::push(producer, place.take().expect("each item is pushed once"));
    }
    C::flush(producer);
}

/// Pushes the items of all places, and works after each push.
fn push_all_working<T, C: Contestant<T>>(
    producer: &mut C::Producer,
    places: &mut [Option<T>],
    mut work: Chain,
) {
    for place in places {
        C::push(producer, place.take().expect("each item is pushed once"));
        work.work();
    }
    C::flush(producer);
}

/// Pops until `got` holds `count` items, and reads each item, as its user would.
pub(super) fn pop_all<T: Payload, C: Contestant<T>>(
    consumer: &mut C::Consumer,
    count: usize,
    got: &mut Vec<T>,
) {
    let mut backoff = Backoff::new();
    while got.len() < count {
        match C::pop(consumer) {
            Some(item) => {
                black_box(item.value());
                got.push(item);
                backoff = Backoff::new();
            }
            None => backoff.snooze(),
        }
    }
}

/// A barrier that does not sleep, because sleeping threads would wake up one after the
/// other.
struct Gate(AtomicUsize);

impl Gate {
    fn of(threads: usize) -> Self {
        Self(AtomicUsize::new(threads))
    }

    fn pass(&self) {
        // Relaxed, also below: the gate synchronises the threads' start, not their data.
        self.0.fetch_sub(1, Ordering::Relaxed);
        let mut backoff = Backoff::new();
        while self.0.load(Ordering::Relaxed) > 0 {
            backoff.snooze();
        }
    }
}

/// The time from the first start to the last end of some threads' work.
struct Span {
    start: Instant,
    end: Instant,
}

impl Span {
    fn of(work: impl FnOnce()) -> Self {
        let start = Instant::now();
        work();
        let end = Instant::now();
        Self { start, end }
    }

    fn and(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    fn length(self) -> Duration {
        self.end - self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestants::Seg;

    #[test]
    fn work_takes_time() {
        let time = |work| {
            let producers = Producers {
                side: Side::Push,
                count: 1,
                work,
            };
            producers.run::<u64, Seg>(20 * producers.unit())
        };
        // The work is over ten times that of a push, also in an unoptimised build.
        assert!(time(Some(Work(2000))) > 2 * time(None));
    }
}
