//! The traffic of a queue: which core executes which operation, and how many lines it fetches.

use std::hint::black_box;
use std::iter;
use std::sync::Mutex;
use std::thread;

use super::consumer::Consumer;
use super::core::{Core, Turn};
use super::count::Counts;
use crate::accesses::Recorder;
use crate::cores;
use crate::mesi::Caches;

/// The number of pushes by which a consumer of [`Consumer::Behind`] is behind, unless that is less
/// than a batch.
const BACKLOG: usize = 64;

/// The number of turns of a round, unless that is less than one for each producer.
pub const TURNS: usize = 256;

/// Pins this thread and those that it starts to one core. Only one of the threads of a model
/// executes at a time, and the next one starts sooner on the same core.
pub fn stay_on_this_core() {
    // SAFETY: a system call without arguments.
    let core = unsafe { libc::sched_getcpu() };
    cores::pin(usize::try_from(core).unwrap_or(0));
}

/// The turns of the cores.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    producers: usize,
    consumer: Consumer,
    /// The number of items that a push pushes.
    batch: usize,
    /// The turns of a round.
    turns: usize,
    /// The turns by which the consumer is behind.
    backlog: usize,
}

impl Plan {
    /// Plans the turns of producers that push `batch` items at a time.
    #[must_use]
    pub fn of(producers: usize, consumer: Consumer, batch: usize) -> Self {
        Self {
            producers,
            consumer,
            batch,
            turns: (TURNS / batch).next_multiple_of(producers),
            backlog: BACKLOG.div_ceil(batch),
        }
    }

    /// Returns the number of items for which a bounded queue needs room.
    #[must_use]
    pub fn room(&self) -> usize {
        (self.turns + self.backlog) * self.batch
    }
}

/// The items of the model, as their user accesses them.
pub struct Items<T> {
    /// Creates an item with a value.
    pub new: fn(u64) -> T,
    /// Returns the value.
    pub value: fn(&T) -> u64,
    /// Writes a value.
    pub write: fn(&mut T, u64),
}

impl<T> Clone for Items<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Items<T> {}

/// Models a queue: `pushes` has the push of each producer.
pub fn model<T: Send>(
    recorder: &Mutex<Recorder>,
    plan: Plan,
    items: Items<T>,
    pushes: Vec<impl FnMut(T) + Send>,
    mut pop: impl FnMut() -> Option<T> + Send,
) -> Counts {
    let Plan {
        producers,
        consumer,
        batch,
        turns,
        backlog,
    } = plan;
    assert_eq!(pushes.len(), producers, "each producer has a push");
    thread::scope(|scope| {
        let push = |mut push| {
            Core::spawn(scope, recorder, move |turn, recorder| {
                push_all(items, &mut push, turn, recorder);
            })
        };
        let mut traffic = Traffic {
            producers: pushes.into_iter().map(push).collect(),
            consumer: Core::spawn(scope, recorder, move |turn, recorder| {
                pop_some(items, &mut pop, turn, recorder);
            }),
            caches: Caches::of(producers + 1),
            counts: Counts::default(),
            // The whole backlog may be of one producer.
            stocks: stocks(items, producers, (turns / producers + backlog) * batch),
            turn: Some(Turn::new()),
            batch,
            items,
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
pub fn round(producers: usize, turns: usize, random: &mut fastrand::Rng) -> Vec<usize> {
    let mut order: Vec<_> = (0..turns).map(|turn| turn % producers).collect();
    random.shuffle(&mut order);
    order
}

/// Returns the items of each producer, with the number of the producer as their value.
fn stocks<T>(items: Items<T>, producers: usize, each: usize) -> Vec<Vec<T>> {
    let stock = |number| {
        iter::repeat_with(|| (items.new)(number))
            .take(each)
            .collect()
    };
    (0..producers as u64).map(stock).collect()
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
    items: Items<T>,
}

impl<T: Send> Traffic<T> {
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
            self.stocks[(self.items.value)(&item) as usize].push(item);
        }
        self.turn = Some(turn);
    }
}

/// Writes to the items of a turn and pushes them.
fn push_all<T>(
    items: Items<T>,
    push: &mut impl FnMut(T),
    turn: &mut Turn<T>,
    recorder: &mut Recorder,
) {
    for item in &mut turn.items {
        let value = (items.value)(item);
        recorder.record(&mut turn.writes, || (items.write)(item, black_box(value)));
    }
    for item in turn.items.drain(..) {
        // On this thread's stack, because other threads use the vector as well.
        let mut place = Some(item);
        recorder.record(&mut turn.accesses, || {
            push(place.take().expect("each item is pushed once"));
        });
    }
}

/// Pops as many items as the turn has operations, and reads each, as its user would.
fn pop_some<T>(
    items: Items<T>,
    pop: &mut impl FnMut() -> Option<T>,
    turn: &mut Turn<T>,
    recorder: &mut Recorder,
) {
    for _ in 0..turn.operations {
        let mut place = None;
        recorder.record(&mut turn.accesses, || {
            place = pop();
            if let Some(item) = &place {
                black_box((items.value)(item));
            }
        });
        turn.items.extend(place);
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    use crossbeam_utils::CachePadded;

    use super::*;

    type Item = Box<CachePadded<u64>>;

    /// Models a queue of one word, which holds at most one item.
    fn model_of_word(producers: usize) -> Counts {
        let word = CachePadded::new(AtomicPtr::new(ptr::null_mut()));
        let items = Items::<Item> {
            new: |value| Box::new(CachePadded::new(value)),
            value: |item| ***item,
            write: |item, value| ***item = value,
        };
        let push = |_| {
            // Release pairs with the acquire in `pop`.
            |item| word.store(Box::into_raw(item), Ordering::Release)
        };
        let pop = || {
            // Acquire pairs with the release of the push.
            let item: *mut CachePadded<u64> = word.swap(ptr::null_mut(), Ordering::Acquire);
            // SAFETY: the push has given the box away, and only this pop has taken it.
            (!item.is_null()).then(|| unsafe { Box::from_raw(item) })
        };
        let plan = Plan::of(producers, Consumer::AtOnce, 1);
        let pushes = (0..producers).map(push).collect();
        model(&Mutex::default(), plan, items, pushes, pop)
    }

    #[test]
    fn word_and_item_move_from_core_to_core() {
        for producers in [1, 4] {
            let counts = model_of_word(producers);
            assert_eq!(counts.pushes.operations, TURNS);
            assert_eq!(counts.pushes.transfers, TURNS, "the word");
            assert_eq!(counts.pops.transfers, 2 * TURNS, "the word and the item");
            assert_eq!(counts.writes.transfers, TURNS, "the item, which comes back");
        }
    }

    #[test]
    fn each_producer_has_equally_many_turns() {
        let order = round(4, TURNS, &mut fastrand::Rng::with_seed(1));
        for producer in 0..4 {
            let turns = order.iter().filter(|&&turn| turn == producer).count();
            assert_eq!(turns, TURNS / 4);
        }
        assert!(order.windows(2).any(|pair| pair[0] == pair[1]), "random");
    }
}
