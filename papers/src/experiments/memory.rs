//! Bytes per item, by an allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mpsc_queue::Pop;
use papers::Consume;

use super::contestants::{Contestant, Crossbeam, Locked, for_each};
use super::report::{Chart, Line, Report, progress};

/// Counts the bytes that are allocated, as they were asked for, while this experiment
/// runs. In the others its counters would be one more contended line for each box.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ON: AtomicBool = AtomicBool::new(false);
/// Bytes; wraps around below 0 if older blocks are freed. Only differences count.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes on to the system's allocator what it is asked. (The counters order
// nothing, so relaxed.)
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Ordering::Relaxed) {
            LIVE.fetch_add(layout.size(), Ordering::Relaxed);
            CALLS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ON.load(Ordering::Relaxed) {
            LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

const LENGTHS: [usize; 4] = [0, 1, 1_000, 1_000_000];

struct Outcome {
    name: &'static str,
    /// With so many items in it.
    bytes: [usize; LENGTHS.len()],
    /// Emptied, after each of these lengths.
    drained: [usize; LENGTHS.len()],
    /// Allocations in ten thousand pushes and pops, a hundred at a time.
    allocations: usize,
}

pub(crate) fn run() -> Report {
    ON.store(true, Ordering::Relaxed);
    let bar = progress(7);
    fn of<Q: Contestant>(bar: &indicatif::ProgressBar) -> Outcome {
        bar.inc(1);
        measure::<Q>()
    }
    let outcomes = for_each!(of(&bar), and Crossbeam, and Locked);
    bar.finish_and_clear();
    ON.store(false, Ordering::Relaxed);

    Report {
        header: vec![
            "queue",
            "items",
            "bytes",
            "bytes per item",
            "bytes when drained",
            "allocations per 10000, steady",
        ],
        rows: outcomes.iter().flat_map(Outcome::rows).collect(),
        chart: Chart {
            x: "items in the queue",
            y: "bytes per item",
            logarithmic: true,
            lines: outcomes.iter().map(Outcome::line).collect(),
        },
        findings: outcomes.iter().map(Outcome::finding).collect(),
        caveat: "what the allocator adds to each block. The items of the first two are boxes \
                 with a link (16 bytes: link and payload), allocated by whoever pushes; the \
                 others copy 8 bytes in. The ring is made as large as each row needs.",
    }
}

fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

fn measure<Q: Contestant>() -> Outcome {
    let mut outcome = Outcome {
        name: Q::NAME,
        bytes: [0; 4],
        drained: [0; 4],
        allocations: 0,
    };
    for (number, length) in LENGTHS.into_iter().enumerate() {
        let before = live();
        let queue = Box::new(Q::with_room(length));
        for payload in 0..length {
            assert!(queue.push(Q::item(payload as u64)).is_ok(), "there is room");
        }
        outcome.bytes[number] = live().wrapping_sub(before);
        pop_all(&*queue);
        outcome.drained[number] = live().wrapping_sub(before);
    }
    outcome.allocations = steady::<Q>();
    outcome
}

fn steady<Q: Contestant>() -> usize {
    let queue = Box::new(Q::with_room(128));
    let round = |items: Vec<Q::Item>| {
        let before = CALLS.load(Ordering::Relaxed);
        for item in items {
            assert!(queue.push(item).is_ok(), "there is room");
        }
        pop_all(&*queue);
        CALLS.load(Ordering::Relaxed) - before
    };
    let items = || (0..100).map(Q::item).collect();
    for _ in 0..20 {
        round(items());
    }
    (0..100).map(|_| round(items())).sum()
}

fn pop_all<Q: Contestant>(queue: &Q) {
    let mut consumer = queue.consumer().expect("there is no other consumer");
    while let Pop::Item(_) = consumer.pop() {}
}

impl Outcome {
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |(number, length): (usize, usize)| {
            let bytes = self.bytes[number];
            let per_item = match length {
                0 => "-".to_string(),
                length => format!("{:.1}", bytes as f64 / length as f64),
            };
            vec![
                self.name.to_string(),
                length.to_string(),
                bytes.to_string(),
                per_item,
                self.drained[number].to_string(),
                self.allocations.to_string(),
            ]
        };
        LENGTHS.into_iter().enumerate().map(row).collect()
    }

    fn line(&self) -> Line {
        // Single items would dwarf the rest.
        let points = (2..LENGTHS.len()).map(|n| {
            let length = LENGTHS[n] as f64;
            (length, self.bytes[n] as f64 / length)
        });
        Line {
            name: self.name.to_string(),
            points: points.collect(),
        }
    }

    fn finding(&self) -> String {
        let [empty, .., million] = self.bytes;
        format!(
            "{}: {empty} bytes empty, {:.1} bytes per item of a million, {} bytes after they \
             are drained; {} allocations by the queue in 10000 items of steady traffic.",
            self.name,
            million as f64 / 1e6,
            self.drained[3],
            self.allocations
        )
    }
}
