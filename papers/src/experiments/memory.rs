//! The bytes of a queue, counted by the global allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mpsc_queue::Pop;
use papers::Consume;

use super::contestants::{Contestant, Crossbeam, Locked, for_each};
use super::report::{Chart, Line, Report};

/// The system's allocator. Counts the requested bytes while this experiment runs; in the
/// others the counters would add read-modify-writes.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ON: AtomicBool = AtomicBool::new(false);
/// The live bytes. Only differences matter: freeing older memory makes this wrap.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: forwards every call to the system's allocator. The counters are relaxed because
// they order nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Ordering::Relaxed) {
            LIVE.fetch_add(layout.size(), Ordering::Relaxed);
            CALLS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller guarantees a valid layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ON.load(Ordering::Relaxed) {
            LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        // SAFETY: the caller guarantees that `block` was allocated with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

const LENGTHS: [usize; 4] = [0, 1, 1_000, 1_000_000];

struct Outcome {
    name: &'static str,
    /// The bytes with each number of items.
    bytes: [usize; LENGTHS.len()],
    /// The bytes after these items are popped.
    drained: [usize; LENGTHS.len()],
    /// Allocations in 10,000 pushes and pops, 100 at a time.
    allocations: usize,
}

pub(crate) fn run() -> Report {
    ON.store(true, Ordering::Relaxed);
    let outcomes = for_each!(measure(), and Crossbeam, and Locked);
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
        contradictions: Vec::new(),
        caveat: "the allocator's overhead. The items of `intrusive` and `treiber` are boxes of \
                 16 bytes (link and payload) that the producer allocates; the other queues copy \
                 8 bytes. The ring has the capacity that each row needs.",
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
            assert!(
                queue.push(Q::item(payload as u64)).is_ok(),
                "the queue has room"
            );
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
            assert!(queue.push(item).is_ok(), "the queue has room");
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
    let mut consumer = queue.consumer().expect("no other consumer exists");
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
        // The figures of 0 and 1 items would dwarf the rest.
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
            "{}: {empty} bytes empty, {:.1} bytes per item of a million, {} bytes after draining \
             these; {} allocations in 10000 items of steady traffic.",
            self.name,
            million as f64 / 1e6,
            self.drained[3],
            self.allocations
        )
    }
}
