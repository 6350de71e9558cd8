//! The model of one contestant, in a child process.

use std::iter;
use std::sync::Mutex;
use std::thread;

use papers::accesses::Recorder;
use papers::mesi::Caches;
use papers::transfers::{
    Consumer, Core, Counts, Items, Plan, TURNS, Turn, model, round, stay_on_this_core,
};

use super::figures::{PRODUCERS, Transfers};
use crate::contestant::Contestant;
use crate::contestants::{Contested, Visitor};
use crate::floor;
use crate::payload::{Item, Payload};

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
    let plan = Plan::of(producers, consumer, C::BATCH);
    let (producer, mut popping) = C::channel(plan.room());
    let items = Items {
        new: T::new,
        value: T::value,
        write: T::write,
    };
    let push = || {
        let mut producer = producer.clone();
        move |item| C::push(&mut producer, item)
    };
    let pushes = iter::repeat_with(push).take(producers).collect();
    model(recorder, plan, items, pushes, move || C::pop(&mut popping))
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
