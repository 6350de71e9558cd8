//! The cost of chains and batches, by length.

use mpsc_queue::{Chain, Pop};
use papers::cost::{Cost, cost};
use papers::io_uring::IoUring;
use papers::treiber::Treiber;
use papers::vyukov::Vyukov;
use papers::{Consume, Node};

use super::claims::{Claim, Named, Verdict, named};
use super::contestants::{Contestant, Intrusive, Job, for_each};
use super::report::{Chart, Line, Report};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "No atomic operation per pop except for the last item",
        by: "2010-vyukov-mpsc",
        falsified: "`vyukov` or our queue takes more than one read-modify-write for 1024 pops \
            in a row",
    },
    Claim {
        text: "A FIFO queue spares the reversal of `llist`",
        by: "2026-axboe-io-uring",
        falsified: "`io_uring` takes as many instructions per pop as `treiber`, which reverses",
    },
];

const LENGTHS: [usize; 8] = [1, 2, 4, 8, 16, 64, 256, 1024];

struct Way {
    name: String,
    costs: [Cost; LENGTHS.len()],
}

pub(crate) fn run() -> Report {
    let mut ways = vec![
        Way::measured("forward-linked: build a chain and push it", push_chain),
        Way::measured("forward-linked: push one by one", push_singly),
    ];
    ways.extend(for_each!(pops()));

    Report {
        header: vec![
            "way",
            "items",
            "read-modify-writes",
            "per item",
            "instructions per item",
        ],
        rows: ways.iter().flat_map(Way::rows).collect(),
        chart: Chart {
            x: "items at once",
            y: "read-modify-writes per item",
            logarithmic: true,
            lines: ways.iter().map(Way::line).collect(),
        },
        attached: Vec::new(),
        findings: ways.iter().map(Way::finding).collect(),
        verdicts: verdicts(&ways),
        caveat: "the cost of a read-modify-write on a contended line, which batching saves.",
    }
}

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(ways: &[Way]) -> Vec<Verdict> {
    let of = |name| named(ways, &pop_name(name)).costs[LENGTHS.len() - 1];
    let most = LENGTHS[LENGTHS.len() - 1];
    let (vyukov, ours) = (of(Vyukov::<Node<u64>>::NAME), of(Intrusive::NAME));
    let (io_uring, treiber) = (
        of(IoUring::<Node<u64>>::NAME),
        of(Treiber::<Node<u64>>::NAME),
    );
    let per_pop = |cost: Cost| cost.instructions as f64 / most as f64;
    vec![
        Verdict::of(
            vyukov.read_modify_writes.max(ours.read_modify_writes) <= 1,
            format!(
                "{most} pops in a row take {} read-modify-writes (`vyukov`) and {} (ours).",
                vyukov.read_modify_writes, ours.read_modify_writes
            ),
        ),
        Verdict::of(
            io_uring.instructions < treiber.instructions,
            format!(
                "Of {most} pops in a row, each takes {:.0} instructions (`io_uring`; ours: {:.0}) \
                 against {:.0} (`treiber`).",
                per_pop(io_uring),
                per_pop(ours),
                per_pop(treiber)
            ),
        ),
    ]
}

#[expect(clippy::vec_box, reason = "the queue takes boxes")]
fn boxes(length: usize) -> Vec<Box<Job>> {
    (0..length)
        .map(|payload| Job::boxed(payload as u64))
        .collect()
}

fn push_chain(length: usize) -> Cost {
    let queue = Box::new(Intrusive::new());
    let mut jobs = boxes(length);
    cost(|| {
        let _ = queue.push_chain(jobs.drain(..).collect::<Chain<_>>());
    })
}

fn push_singly(length: usize) -> Cost {
    let queue = Box::new(Intrusive::new());
    let mut jobs = boxes(length);
    cost(|| {
        for job in jobs.drain(..) {
            let _ = queue.push(job);
        }
    })
}

fn pops<Q: Contestant>() -> Way {
    Way::measured(&pop_name(Q::NAME), pop_all::<Q>)
}

fn pop_name(queue: &str) -> String {
    format!("{queue}: pop until empty")
}

/// Keeps the items, so that freeing them is not counted.
fn pop_all<Q: Contestant>(length: usize) -> Cost {
    let queue = Box::new(Q::with_room(length));
    for payload in 0..length {
        let _ = queue.push(Q::item(payload as u64));
    }
    let mut consumer = queue.consumer().expect("a new queue has no consumer");
    let mut items = Vec::with_capacity(length);
    let cost = cost(|| {
        while let Pop::Item(item) = consumer.pop() {
            items.push(item);
        }
    });
    assert_eq!(items.len(), length);
    cost
}

impl Named for Way {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Way {
    fn measured(name: &str, measure: fn(usize) -> Cost) -> Self {
        Self {
            name: name.to_string(),
            costs: LENGTHS.map(measure),
        }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |(cost, length): (&Cost, usize)| {
            vec![
                self.name.clone(),
                length.to_string(),
                cost.read_modify_writes.to_string(),
                format!("{:.3}", cost.read_modify_writes as f64 / length as f64),
                format!("{:.1}", cost.instructions as f64 / length as f64),
            ]
        };
        self.costs.iter().zip(LENGTHS).map(row).collect()
    }

    fn line(&self) -> Line {
        let points = self.costs.iter().zip(LENGTHS);
        Line {
            name: self.name.clone(),
            points: points
                .map(|(cost, length)| {
                    (
                        length as f64,
                        cost.read_modify_writes as f64 / length as f64,
                    )
                })
                .collect(),
        }
    }

    fn finding(&self) -> String {
        let last = self.costs[LENGTHS.len() - 1];
        format!(
            "{}: {} read-modify-writes for {} items.",
            self.name,
            last.read_modify_writes,
            LENGTHS[LENGTHS.len() - 1]
        )
    }
}
