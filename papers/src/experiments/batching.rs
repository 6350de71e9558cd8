//! The cost of chains and batches, by length.

use mpsc_queue::{Chain, Pop};
use papers::Consume;
use papers::cost::{Cost, cost};

use super::contestants::{Contestant, Intrusive, Job, for_each};
use super::report::{Chart, Line, Report};

const LENGTHS: [usize; 8] = [1, 2, 4, 8, 16, 64, 256, 1024];

struct Way {
    name: String,
    costs: [Cost; LENGTHS.len()],
}

pub(crate) fn run() -> Report {
    let mut ways = vec![
        Way::measured("intrusive: build a chain and push it", push_chain),
        Way::measured("intrusive: push one by one", push_singly),
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

fn pops<Q: Contestant>() -> Way {
    Way::measured(&format!("{}: pop until empty", Q::NAME), pop_all::<Q>)
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
