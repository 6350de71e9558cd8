//! Rounds of pushes while the consumer is awake, and of pushes that wake it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use papers::cores;
use papers::statistics::Median;

use crate::experiments::claims::Named;
use crate::experiments::contestants::Job;
use crate::experiments::park::asleep::ThreadId;
use crate::experiments::park::protocols::{Added, Called, Counted, Flagged, Protocol, Told};
use crate::experiments::report::progress;

const ROUNDS: usize = 30;

/// Pushes in a row of one round, while the consumer is awake.
const PUSHES: usize = 2000;

/// Sleeps of one round.
const SLEEPS: usize = 30;

/// The cores of the consumer and of the producer.
const CONSUMER: usize = 0;
const PRODUCER: usize = 1;

/// The times of one protocol.
pub(super) struct Times {
    pub(super) name: &'static str,
    round: fn(&mut Times),
    /// Nanoseconds per push while the consumer is awake, one for each round.
    pub(super) awake: Vec<f64>,
    /// The median of each round, in nanoseconds: of pushes that wake the consumer, and of the
    /// times from the begin of such a push to the return of the consumer's pop.
    pub(super) waking: Vec<f64>,
    pub(super) latency: Vec<f64>,
    /// All of them, in nanoseconds.
    latencies: Vec<f64>,
}

impl Named for Times {
    fn name(&self) -> &str {
        self.name
    }
}

impl Times {
    fn new<P: Protocol>() -> Self {
        Self {
            name: P::NAME,
            round: Self::round::<P>,
            awake: Vec::new(),
            waking: Vec::new(),
            latency: Vec::new(),
            latencies: Vec::new(),
        }
    }

    fn round<P: Protocol>(&mut self) {
        self.awake.push(nanos_awake::<P>());
        let Sleeps { waking, latency } = sleeps::<P>();
        self.waking.push(Median::of(&waking).value);
        self.latency.push(Median::of(&latency).value);
        self.latencies.extend(latency);
    }

    /// Returns the time above which so many of 1000 latencies are.
    pub(super) fn quantile(&self, above: usize) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = sorted.len() * (1000 - above) / 1000;
        sorted[rank.min(sorted.len() - 1)]
    }
}

/// Interleaves the protocols, round by round.
pub(super) fn measured() -> Vec<Times> {
    let mut all = vec![
        Times::new::<Told>(),
        Times::new::<Flagged>(),
        Times::new::<Counted>(),
        Times::new::<Added>(),
        Times::new::<Called>(),
    ];
    let bar = progress(ROUNDS);
    for _ in 0..ROUNDS {
        for times in &mut all {
            (times.round)(times);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    all
}

/// Returns the nanoseconds per push while the consumer is awake.
fn nanos_awake<P: Protocol>() -> f64 {
    thread::scope(|scope| {
        let pushes = || {
            cores::pin(PRODUCER);
            let protocol = Box::new(P::default());
            let mut sleeper = protocol.base().sleeper();
            protocol.push(Job::boxed(0));
            drop(protocol.pop(&mut sleeper));
            // Places, because a loop over a vector that is emptied keeps its position in memory.
            let mut places: Vec<_> = (0..PUSHES).map(|_| Some(Job::boxed(0))).collect();
            let start = Instant::now();
            for place in &mut places {
                protocol.push(place.take().expect("each item is pushed once"));
            }
            start.elapsed().as_nanos() as f64 / PUSHES as f64
        };
        scope.spawn(pushes).join().expect("the pushes return")
    })
}

/// In nanoseconds, one for each sleep.
struct Sleeps {
    waking: Vec<f64>,
    latency: Vec<f64>,
}

fn sleeps<P: Protocol>() -> Sleeps {
    let protocol = &*Box::new(P::default());
    let (begun, base) = (&AtomicUsize::new(0), Instant::now());
    let now = move || base.elapsed().as_nanos() as u64;
    thread::scope(|scope| {
        let (send, receive) = channel();
        let consumer = scope.spawn(move || {
            cores::pin(CONSUMER);
            send.send(ThreadId::of_this_thread())
                .expect("the producer waits");
            let mut sleeper = protocol.base().sleeper();
            let sleep = |number| {
                // Pairs with the acquire below: what came before has ended.
                begun.store(number, Ordering::Release);
                let item = protocol.pop(&mut sleeper);
                (now() - item.payload()) as f64
            };
            (1..=SLEEPS).map(sleep).collect()
        });
        let producer = scope.spawn(move || {
            cores::pin(PRODUCER);
            let thread = receive.recv().expect("the consumer starts");
            let wake = |number| {
                while begun.load(Ordering::Acquire) < number {
                    thread::yield_now();
                }
                thread.wait_until_asleep();
                let mut item = Job::boxed(0);
                let start = now();
                item.set_payload(start);
                protocol.push(item);
                (now() - start) as f64
            };
            (1..=SLEEPS).map(wake).collect()
        });
        Sleeps {
            waking: producer.join().expect("the producer returns"),
            latency: consumer.join().expect("the consumer gets all items"),
        }
    })
}
