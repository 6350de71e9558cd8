//! The model of one contestant, in a child process: which core executes which operation, and how
//! many lines it fetches.

use std::hint::black_box;
use std::iter;
use std::sync::Mutex;
use std::thread;

use papers::accesses::{Access, AccessKind, Recorder};
use papers::mesi::{Caches, Served};

use super::figures::{Consumer, PRODUCERS, Transfers};
use super::turns::{Core, Turn};
use crate::contestant::Contestant;
use crate::contestants::{Contested, Visitor};
use crate::floor;
use crate::payload::{Item, Payload};
use papers::cores;

/// The number of pushes by which a consumer of [`Consumer::Behind`] is behind, unless that is less
/// than a batch.
const BACKLOG: usize = 64;

/// The number of turns of a round, unless that is less than one for each producer.
const TURNS: usize = 256;

/// Prints a line for each number of producers and each kind of consumer.
pub fn one(name: &str) {
    stay_on_this_core();
    // One recorder for all models, so that each instruction is copied once.
    let recorder = Mutex::default();
    for producers in PRODUCERS {
        let floor = match name {
            "swap" => of_floor(&recorder, producers, floor::swaps()),
            "swap + link" => of_floor(&recorder, producers, floor::linking_swaps(producers)),
            "fetch_add" => of_floor(&recorder, producers, floor::fetch_adds()),
            _ => break,
        };
        print(name, producers, Consumer::Afterwards, &floor);
    }
    let recorder = &recorder;
    <Box<Item>>::visit(&mut Model { name, recorder });
}

/// Pins this thread and those that it starts. Only one executes at a time, and the next one starts
/// sooner on the same core.
fn stay_on_this_core() {
    // SAFETY: a system call without arguments.
    let core = unsafe { libc::sched_getcpu() };
    cores::pin(usize::try_from(core).unwrap_or(0));
}

struct Model<'a> {
    name: &'a str,
    recorder: &'a Mutex<Recorder>,
}

impl<T: Payload> Visitor<T> for Model<'_> {
    fn visit<C: Contestant<T>>(&mut self) {
        if C::NAME != self.name {
            return;
        }
        for consumer in Consumer::ALL {
            for producers in PRODUCERS {
                let counts = of_contestant::<T, C>(self.recorder, producers, consumer);
                print(C::NAME, producers, consumer, &counts);
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

/// The operations of one kind, and the cache lines that they needed.
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
fn of_floor(
    recorder: &Mutex<Recorder>,
    producers: usize,
    push: impl Fn(usize, u64) + Sync,
) -> Counts {
    // Fewer than the nodes of a producer, so that each is used again.
    const ITERATIONS: u64 = 2;

    let push = &push;
    thread::scope(|scope| {
        let cores: Vec<Core<()>> = (0..producers)
            .map(|core| {
                let mut iterations = (0..ITERATIONS).cycle();
                Core::spawn(scope, recorder, move |turn, recorder| {
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
fn of_contestant<T: Payload, C: Contestant<T>>(
    recorder: &Mutex<Recorder>,
    producers: usize,
    consumer: Consumer,
) -> Counts {
    let turns = (TURNS / C::BATCH).next_multiple_of(producers);
    let backlog = BACKLOG.div_ceil(C::BATCH);
    let (producer, mut popping) = C::channel((turns + backlog) * C::BATCH);
    thread::scope(|scope| {
        let mut traffic = Traffic {
            producers: iter::repeat_with(|| {
                let mut producer = producer.clone();
                Core::spawn(scope, recorder, move |turn, recorder| {
                    push_all::<T, C>(&mut producer, turn, recorder);
                })
            })
            .take(producers)
            .collect(),
            consumer: Core::spawn(scope, recorder, move |turn, recorder| {
                pop_some::<T, C>(&mut popping, turn, recorder);
            }),
            caches: Caches::of(producers + 1),
            counts: Counts::default(),
            // The whole backlog may be of one producer.
            stocks: stocks(producers, (turns / producers + backlog) * C::BATCH),
            turn: Some(Turn::new()),
            batch: C::BATCH,
        };
        let mut random = fastrand::Rng::with_seed(producers as u64);
        if consumer == Consumer::Behind {
            for core in round(producers, backlog, &mut random) {
                traffic.push(core);
            }
        }
        // In the first round, the queue allocates what it needs, and the caches fill.
        for _ in 0..2 {
            traffic.counts = Counts::default();
            traffic.pass(&round(producers, turns, &mut random), consumer);
        }
        traffic.counts
    })
}

/// Returns the producers of a round's turns in random order. Each has equally many, if the number
/// of turns is a multiple of theirs.
fn round(producers: usize, turns: usize, random: &mut fastrand::Rng) -> Vec<usize> {
    let mut order: Vec<_> = (0..turns).map(|turn| turn % producers).collect();
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
    /// `None` while a core executes it.
    turn: Option<Turn<T>>,
    batch: usize,
}

impl<T: Payload> Traffic<T> {
    /// Pushes a batch in each turn, and pops as many batches.
    fn pass(&mut self, turns: &[usize], consumer: Consumer) {
        for &core in turns {
            self.push(core);
            if consumer != Consumer::Afterwards {
                self.pop();
            }
        }
        if consumer == Consumer::Afterwards {
            turns.iter().for_each(|_| self.pop());
        }
    }

    /// Pushes a batch.
    fn push(&mut self, core: usize) {
        let mut turn = self.turn.take().expect("no core has the turn");
        let stock = &mut self.stocks[core];
        turn.items.extend(stock.drain(stock.len() - self.batch..));
        turn = self.producers[core].execute(turn);
        self.counts.pushes.operations += self.batch;
        self.counts.writes.operations += self.batch;
        self.counts.writes.add(&mut self.caches, core, &turn.writes);
        self.counts
            .pushes
            .add(&mut self.caches, core, &turn.accesses);
        self.turn = Some(turn);
    }

    /// Pops a batch, and returns the items to their producers.
    fn pop(&mut self) {
        let mut turn = self.turn.take().expect("no core has the turn");
        turn.operations = self.batch;
        turn = self.consumer.execute(turn);
        assert_eq!(turn.items.len(), self.batch, "each item is popped");
        self.counts.pops.operations += self.batch;
        let core = self.producers.len();
        self.counts.pops.add(&mut self.caches, core, &turn.accesses);
        for item in turn.items.drain(..) {
            self.stocks[item.value() as usize].push(item);
        }
        self.turn = Some(turn);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestants::{Chained, Cordyceps, Seg, Sharded, Single};

    /// A pop reads the link of its item. In a debug build, the pop also marks the link.
    const TRANSFERS_PER_POP: usize = if cfg!(debug_assertions) { 2 } else { 1 };

    fn model<C: Contestant<Box<Item>>>(producers: usize, consumer: Consumer) -> Counts {
        of_contestant::<_, C>(&Mutex::default(), producers, consumer)
    }

    /// Returns how often the producer in a round's order differs from the one before, in the last
    /// of this number of rounds.
    fn changes(producers: usize, rounds: usize) -> usize {
        let mut random = fastrand::Rng::with_seed(producers as u64);
        let order: Vec<_> = (0..rounds)
            .flat_map(|_| round(producers, TURNS, &mut random))
            .collect();
        let pairs = order.windows(2).skip(order.len() - 1 - TURNS);
        pairs.filter(|pair| pair[0] != pair[1]).count()
    }

    #[test]
    fn swap_is_transferred_when_the_producer_changes() {
        for producers in [2, 16] {
            let counts = of_floor(&Mutex::default(), producers, floor::swaps());
            assert_eq!(counts.pushes.operations, TURNS);
            assert_eq!(counts.pushes.transfers, changes(producers, 3));
            assert_eq!(counts.pushes.from_memory, 0);
        }
    }

    #[test]
    fn linking_swap_writes_to_two_nodes() {
        for producers in [2_usize, 16] {
            let counts = of_floor(
                &Mutex::default(),
                producers,
                floor::linking_swaps(producers),
            );
            let expected = 3.0 * (producers - 1) as f64 / producers as f64;
            let figure = counts.pushes.transfers_each();
            assert!((figure - expected).abs() < 0.15, "{figure}");
        }
    }

    #[test]
    fn accesses_to_shared_memory_are_replayed_by_line() {
        let write = |address, is_thread_local| Access {
            address,
            bytes: 8,
            kind: AccessKind::Write,
            on_stack: false,
            is_thread_local,
        };
        let (mut count, mut caches) = (Count::default(), Caches::of(2));
        for core in [0, 1] {
            // The first is within a line, the second in two, the last not shared.
            let accesses = [write(0, false), write(124, false), write(256, true)];
            count.add(&mut caches, core, &accesses);
        }
        assert_eq!((count.transfers, count.from_memory), (3, 3));
    }

    #[test]
    fn forward_linked_push_transfers_back_and_previous_item() {
        let counts = model::<Single>(16, Consumer::Afterwards);
        let near = |found: usize, expected: usize| {
            // A few more where the queue becomes empty, which happens once per round.
            assert!(
                (expected..expected + 8).contains(&found),
                "{found}, not {expected}"
            );
        };
        near(counts.pushes.transfers, 2 * changes(16, 2));
        near(counts.pops.transfers, TRANSFERS_PER_POP * TURNS);
    }

    #[test]
    fn single_producer_pushes_without_transfers() {
        let counts = model::<Single>(1, Consumer::Behind);
        assert_eq!(counts.pushes.transfers, 0);
        assert_eq!(counts.pops.transfers, TRANSFERS_PER_POP * TURNS);
        assert_eq!(counts.pops.from_memory, 0);
    }

    #[test]
    fn sharded_producers_share_nothing() {
        let counts = model::<Sharded>(16, Consumer::Behind);
        assert!(counts.pushes.transfers_each() < 0.5, "{counts:?}");
    }

    #[test]
    fn each_item_is_fetched_back_once() {
        for counts in [
            model::<Single>(4, Consumer::AtOnce),
            model::<Cordyceps>(4, Consumer::AtOnce),
            model::<Seg>(4, Consumer::Afterwards),
        ] {
            assert_eq!(counts.writes.transfers, counts.writes.operations);
        }
    }

    #[test]
    fn chains_share_their_transfers() {
        let counts = model::<Chained<64>>(4, Consumer::Afterwards);
        assert!(counts.pushes.transfers_each() <= 2.0 / 64.0);
        assert_eq!(counts.pushes.operations, 4 * 64);
    }
}
