//! From the beginning of a push to the end of the pop, as a distribution.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mpsc_queue::Pop;
use papers::{Consume, Full};

use super::contestants::{Contestant, Crossbeam, Locked, for_each};
use super::report::{Chart, Line, Report, progress};

/// Rounds, in each of which every contestant has its turn; all go in one histogram.
const ROUNDS: usize = 5;
const EACH: usize = 5_000;
const PRODUCERS: [usize; 2] = [1, 4];
/// More nanoseconds than any item is under way; a histogram does not grow by itself.
const A_MINUTE: u64 = 60_000_000_000;
/// Between two pushes of a producer.
const PAUSE: Duration = Duration::from_micros(5);

struct Outcome {
    name: &'static str,
    producers: usize,
    nanoseconds: Histogram<u64>,
}

pub(crate) fn run() -> Report {
    let bar = progress(PRODUCERS.len() * ROUNDS * 7);
    let mut all: Vec<Outcome> = Vec::new();
    for producers in PRODUCERS {
        for _ in 0..ROUNDS {
            fn of<Q: Contestant>(producers: usize, bar: &indicatif::ProgressBar) -> Outcome {
                bar.inc(1);
                measure::<Q>(producers)
            }
            for outcome in for_each!(of(producers, &bar), and Crossbeam, and Locked) {
                let same = |o: &&mut Outcome| o.name == outcome.name && o.producers == producers;
                match all.iter_mut().find(same) {
                    Some(known) => known.nanoseconds += outcome.nanoseconds,
                    None => all.push(outcome),
                }
            }
        }
    }
    bar.finish_and_clear();

    Report {
        header: vec![
            "queue",
            "producers",
            "p50 ns",
            "p99 ns",
            "p99.9 ns",
            "max ns",
        ],
        rows: all.iter().map(Outcome::row).collect(),
        chart: Chart {
            x: "nines: 1 is p90, 2 is p99, 3 is p99.9 (one producer)",
            y: "nanoseconds",
            logarithmic: false,
            lines: all
                .iter()
                .filter(|o| o.producers == 1)
                .map(Outcome::line)
                .collect(),
        },
        findings: all.iter().map(Outcome::finding).collect(),
        caveat: "a quiet machine, unless it is one: from p99 on the scheduler is measured, and \
                 four producers and a consumer are more than two processors. The consumer polls \
                 and yields; it never sleeps. Reading the clock is included.",
    }
}

fn measure<Q: Contestant>(producers: usize) -> Outcome {
    let queue = Box::new(Q::with_room(1024));
    let queue = &*queue;
    let start = Instant::now();
    let mut nanoseconds = Histogram::new_with_max(A_MINUTE, 3).expect("the bounds are in order");
    thread::scope(|scope| {
        for _ in 0..producers {
            scope.spawn(move || {
                for _ in 0..EACH {
                    push_stamped(queue, start);
                    pause();
                }
            });
        }
        let mut consumer = queue.consumer().expect("it is new");
        let mut popped = 0;
        while popped < producers * EACH {
            match consumer.pop() {
                Pop::Item(item) => {
                    let underway = stamp(start) - Q::payload(&item);
                    nanoseconds.record(underway).expect("it is within a minute");
                    popped += 1;
                }
                Pop::Empty | Pop::Stalled => thread::yield_now(),
            }
        }
    });
    Outcome {
        name: Q::NAME,
        producers,
        nanoseconds,
    }
}

fn push_stamped<Q: Contestant>(queue: &Q, start: Instant) {
    let mut item = Q::item(stamp(start));
    while let Err(Full(back)) = queue.push(item) {
        item = back;
        thread::yield_now();
    }
}

/// Nanoseconds since the start: 2^64 of them are 584 years.
fn stamp(start: Instant) -> u64 {
    start.elapsed().as_nanos() as u64
}

fn pause() {
    let begun = Instant::now();
    while begun.elapsed() < PAUSE {
        std::hint::spin_loop();
    }
}

impl Outcome {
    fn quantiles(&self) -> [u64; 4] {
        [0.5, 0.99, 0.999, 1.0].map(|quantile| self.nanoseconds.value_at_quantile(quantile))
    }

    fn row(&self) -> Vec<String> {
        let mut row = vec![self.name.to_string(), self.producers.to_string()];
        row.extend(self.quantiles().map(|value| value.to_string()));
        row
    }

    fn line(&self) -> Line {
        let points = (0..=12).map(|step| {
            let nines = f64::from(step) / 4.0;
            let quantile = 1.0 - 10_f64.powf(-nines);
            (nines, self.nanoseconds.value_at_quantile(quantile) as f64)
        });
        Line {
            name: self.name.to_string(),
            points: points.collect(),
        }
    }

    fn finding(&self) -> String {
        let [half, _, most, _] = self.quantiles();
        format!(
            "{} with {} producers: half within {half} ns, all but one in a thousand within \
             {most} ns.",
            self.name, self.producers
        )
    }
}
