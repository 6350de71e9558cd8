//! The model of one contestant, in a child process: which core executes which operation, and how
//! many lines it fetches.

use std::hint::black_box;
use std::iter;
use std::mem;
use std::thread;

use papers::accesses::{Access, AccessKind, Recorder};

use super::figures::{Consumer, PRODUCERS, Transfers};
use super::mesi::{Caches, Served};
use super::turns::{Core, Turn};
use crate::contestant::Contestant;
use crate::contestants::{Contested, Visitor};
use crate::floor;
use crate::payload::{Item, Payload};

/// The number of pushes by which a consumer of [`Consumer::Behind`] is behind, unless that is less
/// than a batch.
const BACKLOG: usize = 64;

/// The number of turns of a round, unless that is less than one for each producer.
const TURNS: usize = 256;

/// Rounds before those that count: queues allocate what they need, and caches fill.
const WARM_UP: usize = 1;

/// Rounds that count.
const ROUNDS: usize = 1;

/// Prints a line for each number of producers and each kind of consumer.
pub fn one(name: &str) {
    for producers in PRODUCERS {
        let floor = match name {
            "swap" => Some(of_floor(producers, floor::swaps())),
            "swap + link" => Some(of_floor(producers, floor::linking_swaps(producers))),
            "fetch_add" => Some(of_floor(producers, floor::fetch_adds())),
            _ => None,
        };
        if let Some(counts) = floor {
            print(name, producers, Consumer::Afterwards, &counts);
        }
    }
    <Box<Item>>::visit(&mut Model(name));
}

struct Model<'a>(&'a str);

impl<T: Payload> Visitor<T> for Model<'_> {
    fn visit<C: Contestant<T>>(&mut self) {
        if C::NAME != self.0 {
            return;
        }
        for consumer in Consumer::ALL {
            for producers in PRODUCERS {
                print(
                    C::NAME,
                    producers,
                    consumer,
                    &of_contestant::<T, C>(producers, consumer),
                );
            }
        }
    }
}

fn print(name: &str, producers: usize, consumer: Consumer, counts: &Counts) {
    let transfers = Transfers {
        name: name.into(),
        producers,
        consumer,
        push: counts.pushes.transfers_each(),
        pop: (counts.pops.operations > 0).then(|| counts.pops.transfers_each()),
    };
    println!("{}", transfers.line());
}

/// What the operations of one kind needed.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    operations: usize,
    transfers: usize,
    /// Lines that no cache had.
    from_memory: usize,
}

impl Count {
    fn transfers_each(self) -> f64 {
        self.transfers as f64 / self.operations as f64
    }

    /// Adds the accesses of a core.
    fn add(&mut self, caches: &mut Caches, core: usize, accesses: &[Access]) {
        // Other threads do not access what is thread-local.
        for access in accesses.iter().filter(|access| !access.is_thread_local) {
            for line in access.lines() {
                let served = match access.kind {
                    AccessKind::Read => caches.read(core, line),
                    AccessKind::Write | AccessKind::ReadModifyWrite => caches.write(core, line),
                };
                match served {
                    Served::Own => {}
                    Served::Transfer => self.transfers += 1,
                    Served::Memory => self.from_memory += 1,
                }
            }
        }
    }
}

/// The counts of each kind of operation.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// The user's writes to items before they are pushed.
    writes: Count,
    pushes: Count,
    pops: Count,
}

/// Models the pushes of a floor.
fn of_floor(producers: usize, push: impl Fn(usize, u64) + Sync) -> Counts {
    // Fewer than the nodes of a producer, so that each is used again.
    const ITERATIONS: u64 = 8;

    let push = &push;
    thread::scope(|scope| {
        let cores: Vec<Core<()>> = (0..producers)
            .map(|core| {
                let mut iterations = (0..ITERATIONS).cycle();
                Core::spawn(scope, move |turn, recorder| {
                    let iteration = iterations.next().unwrap_or(0);
                    recorder.record(&mut turn.accesses, || push(core, iteration));
                })
            })
            .collect();
        let mut caches = Caches::of(producers);
        let mut counts = Counts::default();
        let mut random = fastrand::Rng::with_seed(producers as u64);
        let mut turn = Turn::new();
        for _ in 0..=ITERATIONS {
            counts = Counts::default();
            for core in round(producers, TURNS, &mut random) {
                turn = cores[core].execute(turn);
                counts.pushes.operations += 1;
                counts.pushes.add(&mut caches, core, &turn.accesses);
            }
        }
        counts
    })
}

/// Models a contestant.
fn of_contestant<T: Payload, C: Contestant<T>>(producers: usize, consumer: Consumer) -> Counts {
    let turns = (TURNS / C::BATCH).next_multiple_of(producers);
    let backlog = BACKLOG.div_ceil(C::BATCH);
    let (producer, mut popping) = C::channel((turns + backlog) * C::BATCH);
    thread::scope(|scope| {
        let mut traffic = Traffic {
            producers: iter::repeat_with(|| {
                let mut producer = producer.clone();
                Core::spawn(scope, move |turn, recorder| {
                    push_all::<T, C>(&mut producer, turn, recorder);
                })
            })
            .take(producers)
            .collect(),
            consumer: Core::spawn(scope, move |turn, recorder| {
                pop_some::<T, C>(&mut popping, turn, recorder);
            }),
            caches: Caches::of(producers + 1),
            counts: Counts::default(),
            // The whole backlog may be of one producer.
            stocks: stocks(producers, (turns / producers + backlog) * C::BATCH),
            turn: Turn::new(),
            batch: C::BATCH,
        };
        let mut random = fastrand::Rng::with_seed(producers as u64);
        if consumer == Consumer::Behind {
            for core in round(producers, backlog, &mut random) {
                traffic.push(core);
            }
        }
        for number in 0..WARM_UP + ROUNDS {
            if number == WARM_UP {
                traffic.counts = Counts::default();
            }
            for core in round(producers, turns, &mut random) {
                traffic.push(core);
                if consumer != Consumer::Afterwards {
                    traffic.pop();
                }
            }
            if consumer == Consumer::Afterwards {
                (0..turns).for_each(|_| traffic.pop());
            }
        }
        traffic.counts
    })
}

/// Returns the producers of a round's turns: each equally often, in random order.
fn round(producers: usize, turns: usize, random: &mut fastrand::Rng) -> Vec<usize> {
    let mut order: Vec<_> = (0..turns.next_multiple_of(producers))
        .map(|turn| turn % producers)
        .collect();
    random.shuffle(&mut order);
    order
}

/// Returns the items of each producer, with the number of the producer as their value.
fn stocks<T: Payload>(producers: usize, each: usize) -> Vec<Vec<T>> {
    (0..producers as u64)
        .map(|number| iter::repeat_with(|| T::new(number)).take(each).collect())
        .collect()
}

/// The cores with their queue, caches and items.
struct Traffic<T> {
    producers: Vec<Core<T>>,
    consumer: Core<T>,
    /// The consumer has the last one.
    caches: Caches,
    counts: Counts,
    /// The items of each producer. The last one was popped last.
    stocks: Vec<Vec<T>>,
    turn: Turn<T>,
    batch: usize,
}

impl<T: Payload> Traffic<T> {
    /// Pushes a batch.
    fn push(&mut self, core: usize) {
        let mut turn = mem::replace(&mut self.turn, Turn::new());
        let stock = &mut self.stocks[core];
        turn.items.extend(stock.drain(stock.len() - self.batch..));
        turn = self.producers[core].execute(turn);
        self.counts.pushes.operations += self.batch;
        self.counts.writes.operations += self.batch;
        self.counts.writes.add(&mut self.caches, core, &turn.writes);
        self.counts
            .pushes
            .add(&mut self.caches, core, &turn.accesses);
        self.turn = turn;
    }

    /// Pops a batch, and returns the items to their producers.
    fn pop(&mut self) {
        let mut turn = mem::replace(&mut self.turn, Turn::new());
        turn.operations = self.batch;
        turn = self.consumer.execute(turn);
        assert_eq!(turn.items.len(), self.batch, "each item is popped");
        self.counts.pops.operations += self.batch;
        let core = self.producers.len();
        self.counts.pops.add(&mut self.caches, core, &turn.accesses);
        for item in turn.items.drain(..) {
            self.stocks[item.value() as usize].push(item);
        }
        self.turn = turn;
    }
}

/// Writes to the items of a turn and pushes them.
fn push_all<T: Payload, C: Contestant<T>>(
    producer: &mut C::Producer,
    turn: &mut Turn<T>,
    recorder: &mut Recorder,
) {
    for item in &mut turn.items {
        let value = item.value();
        recorder.record(&mut turn.writes, || item.write(black_box(value)));
    }
    for item in turn.items.drain(..) {
        // On this thread's stack, because other threads use the vector as well.
        let mut place = Some(item);
        recorder.record(&mut turn.accesses, || {
            C::push(producer, place.take().expect("each item is pushed once"));
        });
    }
}

/// Pops as many items as the turn has operations, and reads each, as its user would.
fn pop_some<T: Payload, C: Contestant<T>>(
    consumer: &mut C::Consumer,
    turn: &mut Turn<T>,
    recorder: &mut Recorder,
) {
    for _ in 0..turn.operations {
        let mut place = None;
        recorder.record(&mut turn.accesses, || {
            place = C::pop(consumer);
            if let Some(item) = &place {
                black_box(item.value());
            }
        });
        turn.items.extend(place);
    }
}
