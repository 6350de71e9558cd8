//! One or more producers and one consumer, each on a thread.

use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use super::passing::{places, pop_all, push_all, read, write_all};
use crate::contestant::Contestant;
use crate::contestants::{Chained, Contested};
use crate::floor;
use crate::payload::{Bytes64, Bytes256, Container, Item, Payload};
use crate::scenario::{Cell, Group, Scenario};
use papers::cores;
use papers::span::{Gate, Span, spans, start};
use papers::work::Work;

/// Returns the groups without work for each payload kind, and those with work for heap objects.
pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    use Side::{Both, Pop, Push};

    let objects = [
        (Push, 1),
        (Push, 2),
        (Push, 16),
        (Pop, 2),
        (Both, 1),
        (Both, 2),
        (Both, 16),
    ];
    // What more producers or a consumer that starts late add does not depend on the payload.
    let values = [(Push, 2), (Both, 1), (Both, 2)];
    let mut groups = without_work::<Box<Item>>(&objects, left_out);
    groups.extend(producers_work(left_out));
    groups.extend(consumer_works(left_out));
    groups.extend(without_work::<u64>(&values, left_out));
    groups.extend(without_work::<Bytes64>(&values, left_out));
    groups.extend(without_work::<Bytes256>(&values, left_out));
    groups
}

/// The numbers of producers.
const COUNTS: [u64; 5] = [1, 2, 4, 8, 16];

/// The mean lengths of the work, in nanoseconds.
const WORKS: [Work; 2] = [Work(12), Work(42)];

fn without_work<T: Contested>(core: &[(Side, u64)], left_out: &[String]) -> Vec<Group> {
    let mut groups = Vec::new();
    for side in [Side::Push, Side::Pop, Side::Both] {
        for count in COUNTS {
            let scenario = Producers::new(side, count);
            let core = core.contains(&(side, count));
            groups.push(Group::of::<T>(scenario, core, left_out));
        }
    }
    groups
}

/// Returns the groups whose producers work between two pushes.
fn producers_work(left_out: &[String]) -> Vec<Group> {
    let mut groups = Vec::new();
    for side in [Side::Push, Side::Both] {
        for count in COUNTS {
            for work in WORKS {
                let scenario = Producers {
                    work: Some(work),
                    ..Producers::new(side, count)
                };
                let core = matches!(count, 2 | 16);
                groups.push(Group::of::<Box<Item>>(scenario, core, left_out));
            }
        }
    }
    groups
}

/// Returns the groups whose consumer works with each item.
fn consumer_works(left_out: &[String]) -> Vec<Group> {
    let mut groups = Vec::new();
    for work in WORKS {
        for count in COUNTS {
            let scenario = Producers {
                consumer_work: Some(work),
                ..Producers::new(Side::Pop, count)
            };
            groups.push(Group::of::<Box<Item>>(scenario, count == 2, left_out));
        }
        let scenario = Producers {
            work: Some(work),
            consumer_work: Some(work),
            ..Producers::new(Side::Both, 1)
        };
        groups.push(Group::of::<Box<Item>>(scenario, work == Work(42), left_out));
    }
    groups
}

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
    /// The work of each producer between two pushes.
    pub(crate) work: Option<Work>,
    /// The work of the consumer with each item. It begins with the item's value.
    pub(crate) consumer_work: Option<Work>,
}

/// The floor of producers that work: what is left if the pushes share nothing. Each producer links
/// its items to a chain of its own, and pushes the chain at its end.
pub(crate) const WORK_ITSELF: &str = "the work + a chain";

/// The floor of producers or a consumer that work, without a queue.
pub(crate) const WORK_ALONE: &str = "the work alone";

impl Scenario for Producers {
    fn name(self) -> String {
        let side = match self.side {
            Side::Push => "push",
            Side::Pop => "pop",
            Side::Both => "both",
        };
        let works = [self.work, self.consumer_work].into_iter().flatten();
        let works: String = works.map(|work| format!("+{}", work.0)).collect();
        format!("{side}/{}{works}", self.count)
    }

    fn question(self) -> String {
        let consumer = match self.side {
            Side::Push => "No consumer runs.",
            Side::Pop => "One consumer pops after all pushes.",
            Side::Both => "One consumer pops at the same time.",
        };
        format!(
            "Producers: {}. {consumer}{}",
            self.count,
            self.describe_work()
        )
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
        let threads = self.count as usize;
        match (self.side, self.work, self.consumer_work) {
            (Side::Pop, _, None) => {
                vec![Cell::floor(T::Container::FLOOR, |items| {
                    floor::walk(items, read::<T>)
                })]
            }
            (Side::Pop, _, Some(work)) => walk_and_work::<T>(work),
            (_, None, _) => vec![
                Cell::floor("swap", move |items| floor::swap_on(threads, items)),
                Cell::floor("swap + link", move |items| {
                    floor::swap_and_link_on(threads, items)
                }),
                Cell::floor("fetch_add", move |items| {
                    floor::fetch_add_on(threads, items)
                }),
            ],
            (_, Some(work), _) => self.floors_with(work),
        }
    }
}

impl Producers {
    /// Returns a scenario without work.
    pub(crate) fn new(side: Side, count: u64) -> Self {
        Self {
            side,
            count,
            work: None,
            consumer_work: None,
        }
    }

    fn describe_work(self) -> String {
        const HOW: &str = "a dependent chain of multiplications of uniformly random length";
        const LIMITS: &str = "The figures include the work. It touches no memory, so the scenario \
            does not show what work with memory evicts from the caches.";

        match (self.work, self.consumer_work) {
            (None, None) => String::new(),
            (Some(Work(nanos)), None) => format!(
                " After each push, the producer works: {HOW}, about {nanos} ns on average. All \
                 producers work at the same time. {LIMITS}"
            ),
            (None, Some(Work(nanos))) => format!(
                " The consumer works with each item: {HOW}, about {nanos} ns on average, that \
                 begins with the item's value. {LIMITS}"
            ),
            (Some(Work(producer)), Some(Work(consumer))) => format!(
                " After each push, the producer works, and the consumer works with each item: \
                 {HOW}, about {producer} and {consumer} ns on average. The consumer's chain begins \
                 with the item's value. Both sides work at the same time. {LIMITS}"
            ),
        }
    }

    /// Sends all items of `stock` through the queue and back into `stock`, with an equal
    /// part for each producer. The number of the iteration determines the threads' work.
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
                    let part = stock.split_off(stock.len() - each);
                    let seed = self.seed(number, iteration);
                    let gate = &gate;
                    start(scope, move || {
                        self.pin(number);
                        self.push_part::<T, C>(&mut producer, part, number, seed, gate)
                    })
                })
                .collect();
            let pop = || {
                self.pin(self.count);
                let seed = self.seed(self.count, iteration);
                self.pop_stock::<T, C>(consumer, items, stock, seed, at_once.then_some(&gate))
            };
            if at_once {
                let consumer = start(scope, pop);
                (spans(producers), spans([consumer]))
            } else {
                (spans(producers), spans([start(scope, pop)]))
            }
        });
        match self.side {
            Side::Push => pushes.length(),
            Side::Pop => pops.length(),
            Side::Both => pushes.and(pops).length(),
        }
    }

    /// Writes the items of one producer, and pushes them when all threads are ready.
    fn push_part<T: Payload, C: Contestant<T>>(
        self,
        producer: &mut C::Producer,
        mut part: Vec<T>,
        number: u64,
        seed: u64,
        gate: &Gate,
    ) -> Span {
        let work = self.work.map(|work| work.chain(seed));
        write_all(&mut part, number);
        let mut part = places(part);
        gate.pass();
        Span::of(|| match work {
            None => push_all::<T, C>(producer, &mut part, || ()),
            Some(mut work) => push_all::<T, C>(producer, &mut part, || work.work()),
        })
    }

    /// Pops until `stock` holds all items. Begins when all threads are ready, if there is a gate.
    fn pop_stock<T: Payload, C: Contestant<T>>(
        self,
        consumer: &mut C::Consumer,
        items: usize,
        stock: &mut Vec<T>,
        seed: u64,
        gate: Option<&Gate>,
    ) -> Span {
        let work = self.consumer_work.map(|work| work.chain(seed));
        if let Some(gate) = gate {
            gate.pass();
        }
        Span::of(|| match work {
            None => pop_all::<T, C>(consumer, items, stock, read),
            Some(mut work) => pop_all::<T, C>(consumer, items, stock, |item| {
                work.work_with(item.value());
            }),
        })
    }

    /// Returns the floors of producers that work.
    fn floors_with(self, work: Work) -> Vec<Cell> {
        let alone = Cell::floor(WORK_ALONE, move |items| {
            self.without_queue(work, items, || {})
        });
        let swap = Cell::floor("the work + swap", move |items| {
            let word = CachePadded::new(AtomicPtr::new(ptr::null_mut()));
            self.without_queue(work, items, || {
                let mut item = 0_u64;
                // Pairs with the swap of another thread.
                black_box(word.swap(black_box(&raw mut item), Ordering::AcqRel));
            })
        });
        if self.consumer_work.is_some() {
            return vec![alone, swap]; // a chain would let the consumer begin at the end
        }
        let itself = Cell::floor(WORK_ITSELF, move |items| {
            self.run::<Box<Item>, Chained<{ usize::MAX }>>(items)
        });
        vec![itself, alone, swap]
    }

    /// Measures the producers of `items` items with an operation in place of a push, and at the
    /// same time the consumer's work, if it works.
    fn without_queue(self, work: Work, items: u64, operation: impl Fn() + Sync) -> Duration {
        let each = self.unit() / self.count;
        let threads = self.count as usize + usize::from(self.consumer_work.is_some());
        let iteration = |iteration| {
            let gate = Gate::of(threads);
            let chain = |work: Work, number| work.chain(self.seed(number, iteration));
            thread::scope(|scope| {
                let mut workers: Vec<_> = (0..self.count)
                    .map(|number| {
                        let mut work = chain(work, number);
                        let (gate, operation) = (&gate, &operation);
                        start(scope, move || {
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
                if let Some(work) = self.consumer_work {
                    let mut work = chain(work, self.count);
                    let gate = &gate;
                    workers.push(start(scope, move || {
                        self.pin(self.count);
                        gate.pass();
                        Span::of(|| (0..self.unit()).for_each(|value| work.work_with(value)))
                    }));
                }
                spans(workers).length()
            })
        };
        (0..items / self.unit()).map(iteration).sum()
    }

    /// Returns the seed of a thread's work. Other threads and iterations have other seeds.
    fn seed(self, number: u64, iteration: u64) -> u64 {
        iteration * (self.count + 1) + number
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

/// Returns the floors of a consumer that works with items that were pushed before.
fn walk_and_work<T: Payload>(work: Work) -> Vec<Cell> {
    vec![
        Cell::floor("a walk + the work", move |items| {
            let mut work = work.chain(0);
            floor::walk(items, |item: &T| work.work_with(item.value()))
        }),
        Cell::floor(WORK_ALONE, move |items| {
            let mut work = work.chain(0);
            Span::of(|| (0..items).for_each(|value| work.work_with(value))).length()
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestants::Seg;

    // Over ten times as long as a push or a pop, also in an unoptimised build.
    const LONG: Option<Work> = Some(Work(2000));

    /// Returns `true` if an item took so long that the work is included. Other processes only
    /// prolong it. The bound is a quarter of the work, because they prolong the calibration too.
    fn includes_work(nanos_per_item: f64) -> bool {
        nanos_per_item > 500.0
    }

    fn nanos_per_item(producers: Producers) -> f64 {
        let items = 20 * producers.unit();
        producers.run::<u64, Seg>(items).as_nanos() as f64 / items as f64
    }

    #[test]
    fn work_takes_time() {
        let idle = Producers::new(Side::Push, 1);
        let working = Producers { work: LONG, ..idle };
        assert!(includes_work(nanos_per_item(working)));
    }

    #[test]
    fn consumer_work_takes_time() {
        for side in [Side::Pop, Side::Both] {
            let working = Producers {
                consumer_work: LONG,
                ..Producers::new(side, 1)
            };
            assert!(includes_work(nanos_per_item(working)));
        }
    }

    #[test]
    fn floors_include_the_work_of_the_consumer() {
        let both = Producers {
            work: Some(Work(12)),
            consumer_work: LONG,
            ..Producers::new(Side::Both, 1)
        };
        let floors = both.floors::<Box<Item>>();
        let alone = floors.iter().find(|floor| floor.name == WORK_ALONE);
        let alone = alone.expect("this floor exists");
        assert!(includes_work(alone.nanos(10 * both.unit())));
    }

    #[test]
    fn names_state_the_work_of_each_side() {
        let name = |side, work: Option<u64>, consumer_work: Option<u64>| {
            let (work, consumer_work) = (work.map(Work), consumer_work.map(Work));
            let scenario = Producers {
                side,
                count: 2,
                work,
                consumer_work,
            };
            scenario.name()
        };
        assert_eq!(name(Side::Push, None, None), "push/2");
        assert_eq!(name(Side::Push, Some(12), None), "push/2+12");
        assert_eq!(name(Side::Pop, None, Some(42)), "pop/2+42");
        assert_eq!(name(Side::Both, Some(12), Some(42)), "both/2+12+42");
    }

    #[test]
    fn default_groups_are_few() {
        let (core, others): (Vec<_>, Vec<_>) = groups(&[]).into_iter().partition(|it| it.core);
        let of = |kind| {
            let groups = core.iter().filter(move |group| group.payload == kind);
            groups.map(|group| &*group.scenario).collect::<Vec<_>>()
        };
        assert_eq!(
            of(<Box<Item>>::KIND),
            [
                "push/1",
                "push/2",
                "push/16",
                "pop/2",
                "both/1",
                "both/2",
                "both/16",
                "push/2+12",
                "push/2+42",
                "push/16+12",
                "push/16+42",
                "both/2+12",
                "both/2+42",
                "both/16+12",
                "both/16+42",
                "pop/2+12",
                "pop/2+42",
                "both/1+42+42",
            ]
        );
        for kind in [u64::KIND, Bytes64::KIND, Bytes256::KIND] {
            assert_eq!(of(kind), ["push/2", "both/1", "both/2"], "{kind}");
        }
        assert!(others.iter().any(|group| group.scenario == "pop/16+12"));
    }
}
