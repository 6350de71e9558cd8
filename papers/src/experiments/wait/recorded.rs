//! The waits of a consumer on this machine, recorded, and the cost of a sleep.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use mpsc_queue::{Consumer, Pop, Queue};
use papers::cores;
use papers::statistics::Median;
use papers::work::Work;

use super::arrivals::{Kind, Sequence};
use crate::experiments::objects::Object;

/// The number of waits of a recording, at most.
const WAITS: usize = 500;

/// The number of waits without which a recording is left out.
pub(super) const LEAST: usize = 100;

/// The time of a recording, after which the wait that it is in ends it. On a busy machine the
/// producers may not run for long.
const TIME: Duration = Duration::from_secs(3);

/// The number of pushes of a producer, at most. It bounds the backlog of a consumer that never
/// waits.
const PUSHES: usize = 200_000;

/// The core of the producers, and that of the consumer.
const PRODUCERS_CORE: usize = 0;
const CONSUMER_CORE: usize = 1;

/// Records the waits for one and two producers with each length of work, and leaves out recordings
/// of fewer than [`LEAST`] waits. `sleep` is the cost of a sleep.
pub(super) fn record(sleep: u64) -> Vec<Sequence> {
    let works = [None, Some(Work(2000)), Some(Work(20_000))];
    let settings = [1, 2]
        .into_iter()
        .flat_map(|producers| works.map(|work| (producers, work)));
    let sequence = |(producers, work): (u64, Option<Work>)| Sequence {
        name: name(producers, work),
        kind: Kind::Recorded,
        waits: waits(producers, work),
        sleep,
    };
    let sequences = settings.map(sequence);
    sequences
        .filter(|sequence| sequence.waits.len() >= LEAST)
        .collect()
}

fn name(producers: u64, work: Option<Work>) -> String {
    let producers = match producers {
        1 => "1 producer".to_owned(),
        more => format!("{more} producers"),
    };
    match work {
        None => format!("recorded, {producers}"),
        Some(Work(nanos)) => format!("recorded, {producers}, {} µs of work", nanos / 1000),
    }
}

/// Returns the nanoseconds of each wait of a consumer that spins.
fn waits(producers: u64, work: Option<Work>) -> Vec<u64> {
    let queue = Queue::<Box<Object>>::new();
    let (enough, running) = (AtomicBool::new(false), AtomicUsize::new(producers as usize));
    thread::scope(|scope| {
        for number in 0..producers {
            let (queue, enough, running) = (&queue, &enough, &running);
            scope.spawn(move || {
                cores::pin(PRODUCERS_CORE);
                let mut chain = work.map(|work| work.chain(number));
                for _ in 0..PUSHES {
                    // Relaxed, as the store: no other memory is read by it.
                    if enough.load(Ordering::Relaxed) {
                        break;
                    }
                    let _ = queue.push(Object::boxed(number));
                    if let Some(chain) = &mut chain {
                        chain.work();
                    }
                }
                // Release pairs with the acquire in `consume`: the pushes.
                running.fetch_sub(1, Ordering::Release);
            });
        }
        let consumer = scope.spawn(|| {
            cores::pin(CONSUMER_CORE);
            let consumer = queue.consumer().expect("a new queue has no consumer");
            let waits = consume(consumer, &running);
            enough.store(true, Ordering::Relaxed);
            waits
        });
        consumer.join().expect("the consumer does not panic")
    })
}

/// Pops until there are [`WAITS`] waits, until the [`TIME`] is over, or until all producers have
/// ended.
fn consume(mut consumer: Consumer<&Queue<Box<Object>>>, running: &AtomicUsize) -> Vec<u64> {
    let start = Instant::now();
    let mut waits = Vec::with_capacity(WAITS);
    loop {
        match consumer.pop() {
            Pop::Item(object) => drop(object),
            Pop::Stalled(_) => spin_loop(),
            Pop::Empty | Pop::Closed => {
                let began = Instant::now();
                while consumer.queue().is_empty() {
                    // Acquire pairs with the release of a producer that ends: its pushes.
                    if running.load(Ordering::Acquire) == 0 && consumer.queue().is_empty() {
                        return waits;
                    }
                    spin_loop();
                }
                waits.push(began.elapsed().as_nanos() as u64);
                if waits.len() == WAITS || start.elapsed() >= TIME {
                    return waits;
                }
            }
        }
    }
}

/// Measures the cost of a sleep, in nanoseconds: half the time in which two threads on two cores
/// wake each other up once.
pub(super) fn sleep_cost() -> Median {
    const ROUND_TRIPS: u64 = 1000;

    // Odd while it is the second thread's turn.
    let turn = &AtomicU64::new(0);
    let wait_for = &|wanted: u64| {
        // Acquire pairs with the release of the other thread's store.
        while turn.load(Ordering::Acquire) != wanted {
            thread::park();
        }
    };
    let answer = move |first: Thread| {
        cores::pin(CONSUMER_CORE);
        for round in 0..ROUND_TRIPS {
            wait_for(2 * round + 1);
            // Release pairs with the acquire in `wait_for`.
            turn.store(2 * round + 2, Ordering::Release);
            first.unpark();
        }
    };
    thread::scope(|scope| {
        let first = scope.spawn(move || {
            cores::pin(PRODUCERS_CORE);
            let current = thread::current();
            let second = scope.spawn(move || answer(current));
            let round_trip = |round| {
                let start = Instant::now();
                // Release pairs with the acquire in `wait_for`.
                turn.store(2 * round + 1, Ordering::Release);
                second.thread().unpark();
                wait_for(2 * round + 2);
                start.elapsed().as_nanos() as f64 / 2.0
            };
            let times: Vec<_> = (0..ROUND_TRIPS).map(round_trip).collect();
            Median::of(&times)
        });
        first.join().expect("the thread does not panic")
    })
}
