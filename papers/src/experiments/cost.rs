//! The read-modify-writes, instructions and cache lines of an operation.

use mpsc_queue::Pop;
use papers::Consume;
use papers::cost::{Cost, cost};

use super::contestants::{Contestant, Crossbeam, Locked, for_each};
use super::report::{Chart, Line, Report};

/// Two blocks of 128 slots.
const MANY: usize = 256;

struct Outcome {
    name: &'static str,
    /// In the order of `OPERATIONS`, with the number of operations that were measured.
    costs: [(Cost, usize); 5],
}

const OPERATIONS: [&str; 5] = [
    "push to empty",
    "pop of the last",
    "pop of nothing",
    "push, of 256 in a row",
    "pop, of 256 in a row",
];

pub(crate) fn run() -> Report {
    let outcomes = for_each!(measure(), and Crossbeam, and Locked);

    Report {
        header: vec![
            "queue",
            "operation",
            "read-modify-writes",
            "instructions",
            "cache lines",
            "written",
        ],
        rows: outcomes.iter().flat_map(Outcome::rows).collect(),
        chart: Chart {
            x: "1: push to empty, 2: pop of the last, 3: of nothing, 4: push, 5: pop of 256 in a row",
            y: "instructions per operation",
            logarithmic: false,
            lines: outcomes.iter().map(Outcome::line).collect(),
        },
        findings: outcomes.iter().map(Outcome::finding).collect(),
        contradictions: Vec::new(),
        caveat: "contention: on one thread no compare-exchange fails, and no line is fetched from \
                 another core. Lines of 64 bytes outside the stack are counted, the item's own \
                 included. The figures depend on the compiler.",
    }
}

fn measure<Q: Contestant>() -> Outcome {
    let queue = Box::new(Q::with_room(MANY));
    let mut consumer = queue.consumer().expect("a new queue has no consumer");
    // Allocates what the queue allocates lazily, lets it recycle blocks, and keeps the
    // single operations off the end of a block.
    for items in [MANY, MANY, MANY, MANY / 8] {
        for _ in 0..items {
            let _ = queue.push(Q::item(0));
        }
        while let Pop::Item(_) = consumer.pop() {}
    }
    let mut item = Some(Q::item(0));
    let push = cost(|| push_one(&*queue, item.take()));
    let last = cost(|| pop_into(&mut consumer, &mut item));
    let nothing = cost(|| pop_into(&mut consumer, &mut None));
    let mut items: Vec<_> = (0..MANY).map(|_| Some(Q::item(0))).collect();
    let pushes = cost(|| {
        items
            .iter_mut()
            .for_each(|item| push_one(&*queue, item.take()))
    });
    let pops = cost(|| {
        items
            .iter_mut()
            .for_each(|item| pop_into(&mut consumer, item))
    });
    assert!(items.iter().all(Option::is_some), "every item is popped");
    Outcome {
        name: Q::NAME,
        costs: [
            (push, 1),
            (last, 1),
            (nothing, 1),
            (pushes, MANY),
            (pops, MANY),
        ],
    }
}

fn push_one<Q: Contestant>(queue: &Q, item: Option<Q::Item>) {
    if let Some(item) = item {
        let _ = queue.push(item);
    }
}

fn pop_into<C: Consume>(consumer: &mut C, item: &mut Option<C::Item>) {
    if let Pop::Item(popped) = consumer.pop() {
        *item = Some(popped);
    }
}

fn per(count: usize, operations: usize) -> String {
    if operations == 1 {
        count.to_string()
    } else {
        format!("{:.2}", count as f64 / operations as f64)
    }
}

impl Outcome {
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |(&(cost, n), operation): (&(Cost, usize), &str)| {
            vec![
                self.name.to_string(),
                operation.to_string(),
                per(cost.read_modify_writes, n),
                per(cost.instructions, n),
                per(cost.lines, n),
                per(cost.lines_written, n),
            ]
        };
        self.costs.iter().zip(OPERATIONS).map(row).collect()
    }

    fn line(&self) -> Line {
        let points = self.costs.iter().enumerate();
        Line {
            name: self.name.to_string(),
            points: points
                .map(|(at, (cost, n))| (at as f64 + 1.0, cost.instructions as f64 / *n as f64))
                .collect(),
        }
    }

    fn finding(&self) -> String {
        let [.., (pushes, n), (pops, m)] = self.costs;
        format!(
            "{}: {} read-modify-writes per push and {} per pop, in a row.",
            self.name,
            per(pushes.read_modify_writes, n),
            per(pops.read_modify_writes, m)
        )
    }
}
