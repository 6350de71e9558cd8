//! What several producers cost each other, and the consumer.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::{Cell, Patience, Scenario};
use crate::contestant::{Contestant, Payload};
use crate::floor;

/// Which side is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The producers push; the consumer waits for them.
    Push,
    /// The consumer pops what the producers have pushed.
    Pop,
    /// Both at the same time.
    Both,
}

/// So many producers, and one consumer.
#[derive(Clone, Copy)]
pub(crate) struct Producers {
    pub(crate) side: Side,
    pub(crate) count: u64,
}

impl Scenario for Producers {
    fn name(self) -> String {
        let side = match self.side {
            Side::Push => "push",
            Side::Pop => "pop",
            Side::Both => "both",
        };
        format!("{side}/{}", self.count)
    }

    fn question(self) -> String {
        let count = self.count;
        match self.side {
            Side::Push => format!("Producers: {count}. Nobody pops meanwhile."),
            Side::Pop => format!("One consumer pops what {count} producer(s) have pushed."),
            Side::Both => format!("Producers: {count}. One consumer pops meanwhile."),
        }
    }

    fn unit(self) -> u64 {
        self.count
    }

    fn least(self) -> u64 {
        20_000_u64.next_multiple_of(self.count)
    }

    fn most(self) -> u64 {
        400_000
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
        let mut got = Vec::with_capacity(items as usize);
        self.deliver::<T, C>(items, &mut got)
    }

    fn floors<T: Payload>(self) -> Vec<Cell> {
        let threads = self.count as usize;
        match self.side {
            Side::Pop => vec![Cell::floor(T::POP_FLOOR.0, T::POP_FLOOR.1)],
            Side::Push | Side::Both => vec![
                Cell::floor("swap", move |items| floor::swap_on(threads, items)),
                Cell::floor("fetch_add", move |items| {
                    floor::fetch_add_on(threads, items)
                }),
            ],
        }
    }
}

impl Producers {
    /// Sends `items` items through a new queue into `got`. How long the measured
    /// side took.
    pub(crate) fn deliver<T: Payload, C: Contestant<T>>(
        self,
        items: u64,
        got: &mut Vec<T>,
    ) -> Duration {
        let (producer, mut consumer) = C::open(items as usize);
        let each = items / self.count;
        let at_once = self.side == Side::Both;
        let barrier = Barrier::new(self.count as usize + usize::from(at_once));
        let mut pops = None;
        let pushes = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.count)
                .map(|number| {
                    let mut producer = producer.clone();
                    let barrier = &barrier;
                    scope.spawn(move || {
                        let items = items_of(number, each);
                        barrier.wait();
                        Span::of(|| push_all::<T, C>(&mut producer, items))
                    })
                })
                .collect();
            if at_once {
                barrier.wait();
                pops = Some(Span::of(|| pop_all::<T, C>(&mut consumer, items, got)));
            }
            let spans = threads
                .into_iter()
                .map(|thread| thread.join().expect("it does not panic"));
            spans.reduce(Span::and).expect("there is a producer")
        });
        let pops = pops.unwrap_or_else(|| Span::of(|| pop_all::<T, C>(&mut consumer, items, got)));
        match self.side {
            Side::Push => pushes.length(),
            Side::Pop => pops.length(),
            Side::Both => pushes.and(pops).length(),
        }
    }
}

/// What producer `number` pushes: recognisable, and in ascending order.
fn items_of<T: Payload>(number: u64, count: u64) -> Vec<T> {
    (0..count).map(|item| T::new(number << 32 | item)).collect()
}

fn push_all<T, C: Contestant<T>>(producer: &mut C::Producer, items: Vec<T>) {
    for item in items {
        C::push(producer, item);
    }
    C::flush(producer);
}

fn pop_all<T, C: Contestant<T>>(consumer: &mut C::Consumer, count: u64, got: &mut Vec<T>) {
    let mut patience = Patience::new();
    while (got.len() as u64) < count {
        match C::pop(consumer) {
            Some(item) => {
                got.push(item);
                patience = Patience::new();
            }
            None => patience.wait(),
        }
    }
}

/// From the first to the last moment of some threads' work.
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
