//! The cost of chains and batches, by length.

use mpsc_queue::{Chain, Pop};
use papers::cost::{Cost, cost};
use papers::treiber::Treiber;
use papers::{Consume, Mpsc, Node};

use super::contestants::{Intrusive, Job};
use super::report::{Chart, Line, Report, progress};

const LENGTHS: [usize; 8] = [1, 2, 4, 8, 16, 64, 256, 1024];

struct Way {
    name: &'static str,
    costs: Vec<Cost>,
}

pub(crate) fn run() -> Report {
    let bar = progress(LENGTHS.len() * 4);
    let way = |name, measure: fn(usize) -> Cost| {
        let measured = LENGTHS.iter().map(|&length| {
            bar.inc(1);
            measure(length)
        });
        Way {
            name,
            costs: measured.collect(),
        }
    };
    let ways = [
        way("intrusive: build a chain and push it", push_chain),
        way("intrusive: push one by one", push_singly),
        way("intrusive: pop until empty", pop_intrusive),
        way("treiber: pop until empty", pop_treiber),
    ];
    bar.finish_and_clear();

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
        findings: ways.iter().map(Way::finding).collect(),
        contradictions: Vec::new(),
        caveat: "the cost of a read-modify-write on a contended line, which batching saves.",
    }
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

fn pop_intrusive(length: usize) -> Cost {
    let queue = Box::new(Intrusive::new());
    for job in boxes(length) {
        let _ = queue.push(job);
    }
    pop_all(
        queue.consumer().expect("a new queue has no consumer"),
        length,
    )
}

fn pop_treiber(length: usize) -> Cost {
    let queue = Box::new(Treiber::new());
    for payload in 0..length {
        let _ = queue.push(Node::new(payload));
    }
    pop_all(
        queue.consumer().expect("a new queue has no consumer"),
        length,
    )
}

/// Keeps the items, so that freeing them is not counted.
fn pop_all<C: Consume>(mut consumer: C, length: usize) -> Cost {
    let mut items = Vec::with_capacity(length);
    let cost = cost(|| {
        while let Pop::Item(item) = consumer.pop() {
            items.push(item);
        }
    });
    assert_eq!(items.len(), length);
    cost
}

impl Way {
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |(cost, length): (&Cost, usize)| {
            vec![
                self.name.to_string(),
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
            name: self.name.to_string(),
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
