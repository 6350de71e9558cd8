//! Items per second, by workload, beside a floor. Michael and Scott's way: dedicated
//! processors first, then more threads than processors, with other work in between.

use std::hint::{black_box, spin_loop};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mpsc_queue::Pop;
use papers::{Consume, Full};

use super::contestants::{Contestant, Crossbeam, Locked, for_each};
use super::report::{Chart, Line, Report, progress};

/// Rounds, in each of which every contestant has its turn; the median is shown.
const ROUNDS: usize = 7;
/// Enough for a trial to outlast the scheduler's time slices.
const ITEMS: usize = 2_000_000;
/// Where there is other work.
const ITEMS_WITH_WORK: usize = 100_000;
const PRODUCERS: [usize; 5] = [1, 2, 4, 8, 16];
/// Turns of a loop between two operations, where there is other work.
const WORK: usize = 10;

/// The name of the row that shows the least that a push can cost.
const FLOOR: &str = "a bare fetch_add";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Workload {
    PushOnly,
    PopOnly,
    Pairs,
    Producers { producers: usize, work: usize },
}

const WORKLOADS: [Workload; 13] = {
    let mut all = [Workload::PushOnly; 13];
    all[1] = Workload::PopOnly;
    all[2] = Workload::Pairs;
    let mut n = 0;
    while n < PRODUCERS.len() {
        let producers = PRODUCERS[n];
        all[3 + n] = Workload::Producers { producers, work: 0 };
        all[8 + n] = Workload::Producers {
            producers,
            work: WORK,
        };
        n += 1;
    }
    all
};

struct Samples {
    name: &'static str,
    workload: Workload,
    /// Million items per second.
    rates: Vec<f64>,
}

pub(crate) fn run() -> Report {
    let bar = progress(WORKLOADS.len() * ROUNDS * 8);
    let mut all: Vec<Samples> = Vec::new();
    for workload in WORKLOADS {
        for _ in 0..ROUNDS {
            fn of<Q: Contestant>(
                workload: Workload,
                bar: &indicatif::ProgressBar,
            ) -> (&'static str, Duration) {
                bar.inc(1);
                (Q::NAME, measure::<Q>(workload))
            }
            let mut times = for_each!(of(workload, &bar), and Crossbeam, and Locked);
            bar.inc(1);
            let items = workload.items();
            times.push((FLOOR, floor(items)));
            for (name, time) in times {
                let rate = items as f64 / time.as_secs_f64() / 1e6;
                let same = |s: &&mut Samples| s.name == name && s.workload == workload;
                match all.iter_mut().find(same) {
                    Some(samples) => samples.rates.push(rate),
                    None => all.push(Samples {
                        name,
                        workload,
                        rates: vec![rate],
                    }),
                }
            }
        }
    }
    bar.finish_and_clear();
    for samples in &mut all {
        samples.rates.sort_by(f64::total_cmp);
    }

    Report {
        header: vec![
            "workload",
            "queue",
            "M items/s, median",
            "least",
            "most",
            "of the floor",
        ],
        rows: all.iter().map(|samples| samples.row(&all)).collect(),
        chart: Chart {
            x: "producers, no work in between",
            y: "million items per second",
            logarithmic: true,
            lines: lines(&all),
        },
        findings: WORKLOADS
            .iter()
            .map(|&workload| finding(workload, &all))
            .collect(),
        caveat: "scaling beyond the hardware threads at hand: more producers than those is \
                 oversubscription. Nor the allocator: items are made before and kept until after. \
                 The first two hand over a box, the others copy 8 bytes. Compare within one run \
                 only; a producer that waits for room (in the ring of 1024) yields.",
    }
}

fn measure<Q: Contestant>(workload: Workload) -> Duration {
    let items = workload.items();
    match workload {
        Workload::Producers { producers, work } => producers_to_one::<Q>(items, producers, work),
        Workload::Pairs => pairs::<Q>(items),
        Workload::PushOnly | Workload::PopOnly => one_side::<Q>(items, workload),
    }
}

fn one_side<Q: Contestant>(items: usize, timed: Workload) -> Duration {
    let queue = Box::new(Q::with_room(items));
    let mut consumer = queue.consumer().expect("it is new");
    let (made, mut kept) = (make::<Q>(items), Vec::with_capacity(items));
    let start = Instant::now();
    push_all(&*queue, made, 0);
    let between = Instant::now();
    pop_all::<Q>(&mut consumer, items, &mut kept, 0);
    if timed == Workload::PushOnly {
        between - start
    } else {
        between.elapsed()
    }
}

/// One and the same item, again and again.
fn pairs<Q: Contestant>(items: usize) -> Duration {
    let queue = Box::new(Q::with_room(2));
    let mut consumer = queue.consumer().expect("it is new");
    let mut hand = make::<Q>(1);
    let start = Instant::now();
    for _ in 0..items {
        push_all(&*queue, hand.pop(), 0);
        pop_all::<Q>(&mut consumer, 1, &mut hand, 0);
    }
    start.elapsed()
}

fn make<Q: Contestant>(items: usize) -> Vec<Q::Item> {
    (0..items).map(|payload| Q::item(payload as u64)).collect()
}

/// From when the first producer begins until the consumer has all items. (The consumer
/// may begin late: on a busy machine whoever releases a barrier is not the first to run.)
fn producers_to_one<Q: Contestant>(items: usize, producers: usize, work: usize) -> Duration {
    let queue = Box::new(Q::with_room(1024));
    let (queue, ready) = (&*queue, &Barrier::new(producers + 1));
    thread::scope(|scope| {
        let producers: Vec<_> = (0..producers)
            .map(|number| {
                let share = (number + 1) * items / producers - number * items / producers;
                scope.spawn(move || {
                    let made = make::<Q>(share);
                    ready.wait();
                    let begun = Instant::now();
                    push_all(queue, made, work);
                    begun
                })
            })
            .collect();
        let mut consumer = queue.consumer().expect("it is new");
        let mut kept = Vec::with_capacity(items);
        ready.wait();
        pop_all::<Q>(&mut consumer, items, &mut kept, work);
        let end = Instant::now();
        let begun = producers.into_iter().map(|producer| producer.join());
        let first = begun.flatten().min().expect("there is a producer");
        end - first
    })
}

fn push_all<Q: Contestant>(queue: &Q, items: impl IntoIterator<Item = Q::Item>, work: usize) {
    for mut item in items {
        while let Err(Full(back)) = queue.push(item) {
            item = back;
            thread::yield_now();
        }
        do_work(work);
    }
}

/// The items are kept, so that freeing them is not timed.
fn pop_all<Q: Contestant>(
    consumer: &mut Q::Consumer<'_>,
    items: usize,
    kept: &mut Vec<Q::Item>,
    work: usize,
) {
    let mut popped = 0;
    while popped < items {
        match consumer.pop() {
            Pop::Item(item) => {
                kept.push(item);
                popped += 1;
                do_work(work);
            }
            Pop::Empty | Pop::Stalled => thread::yield_now(),
        }
    }
}

fn do_work(turns: usize) {
    for _ in 0..turns {
        spin_loop();
    }
}

fn floor(items: usize) -> Duration {
    let counter = AtomicUsize::new(0);
    let start = Instant::now();
    for _ in 0..items {
        black_box(&counter).fetch_add(1, Ordering::Relaxed);
    }
    start.elapsed()
}

impl Workload {
    fn items(self) -> usize {
        match self {
            Self::Producers { work, .. } if work > 0 => ITEMS_WITH_WORK,
            _ => ITEMS,
        }
    }

    fn name(self) -> String {
        match self {
            Self::PushOnly => "push only".to_string(),
            Self::PopOnly => "pop only".to_string(),
            Self::Pairs => "push, pop".to_string(),
            Self::Producers { producers, work: 0 } => format!("{producers} to 1"),
            Self::Producers { producers, .. } => format!("{producers} to 1, with work"),
        }
    }
}

impl Samples {
    fn median(&self) -> f64 {
        self.rates[self.rates.len() / 2]
    }

    fn row(&self, all: &[Self]) -> Vec<String> {
        let same = |s: &&Self| s.workload == self.workload && s.name == FLOOR;
        let floor = all.iter().find(same).map_or(f64::NAN, Self::median);
        vec![
            self.workload.name(),
            self.name.to_string(),
            format!("{:.1}", self.median()),
            format!("{:.1}", self.rates[0]),
            format!("{:.1}", self.rates[self.rates.len() - 1]),
            format!("{:.2}", self.median() / floor),
        ]
    }
}

fn lines(all: &[Samples]) -> Vec<Line> {
    let of = |workload| {
        all.iter()
            .filter(move |samples| samples.workload == workload)
    };
    let contended = |producers| Workload::Producers { producers, work: 0 };
    of(contended(1))
        .filter(|samples| samples.name != FLOOR)
        .map(|first| Line {
            name: first.name.to_string(),
            points: PRODUCERS
                .iter()
                .flat_map(|&n| of(contended(n)).map(move |samples| (n, samples)))
                .filter(|(_, samples)| samples.name == first.name)
                .map(|(n, samples)| (n as f64, samples.median()))
                .collect(),
        })
        .collect()
}

fn finding(workload: Workload, all: &[Samples]) -> String {
    let mut field: Vec<_> = all
        .iter()
        .filter(|samples| samples.workload == workload && samples.name != FLOOR)
        .collect();
    field.sort_by(|a, b| b.median().total_cmp(&a.median()));
    let ranks: Vec<_> = field
        .iter()
        .map(|samples| format!("{} {:.1}", samples.name, samples.median()))
        .collect();
    format!("{}: {}.", workload.name(), ranks.join(", "))
}
