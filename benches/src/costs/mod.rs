//! Costs that repeat exactly: instructions, read-modify-writes, memory.
//!
//! Child processes count, so that the process that measures time does not.

mod count;
mod memory;

pub use count::one;
pub use memory::Counting;

use crate::check::{self, Failure};
use crate::child;

/// The costs per item of a contestant with one payload kind.
#[derive(Debug, PartialEq)]
pub struct Cost {
    /// The payload kind.
    pub payload: String,
    /// The name of the contestant.
    pub name: String,
    /// One for each of [`COLUMNS`].
    pub figures: [f64; COLUMNS.len()],
}

/// The costs that are counted.
pub const COLUMNS: [&str; 13] = [
    "instructions per push",
    "per pop",
    PUSH_READ_MODIFY_WRITES,
    "per pop",
    "cache lines written per push",
    "instructions of a push into an empty queue",
    "of the pop of the last item",
    "read-modify-writes of a push into an empty queue",
    "of the pop of the last item",
    "bytes per queued item",
    "bytes of an empty queue",
    "bytes when drained",
    ALLOCATIONS,
];

/// The columns that targets are about.
pub(crate) const PUSH_READ_MODIFY_WRITES: &str = "read-modify-writes per push";
pub(crate) const ALLOCATIONS: &str = "allocations per item";

/// Set if this platform supports counting.
pub const IS_SUPPORTED: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// How the costs are counted, for the reports.
pub const METHOD: &str = "Counted on one thread by single-stepping the compiled code: 128 \
    pushes into a queue that has been used before, then 128 pops, so that no compare-exchange \
    fails. The loop around the operations is included. Cache lines have 64 bytes; those of the \
    stack are left out, those of the items are not. Into an empty queue, one item is pushed, \
    and popped as the last. Bytes are those requested from the allocator, for a queue with \
    room for 10,000 items: empty, with so many items, and after these are popped. They exclude \
    the heap objects, which contain the links of intrusive queues. Allocations are those of \
    the queue for 10,000 items in steady traffic, 100 at a time.";

/// Counts all contestants except those left out, each in a child process, which calls
/// [`one`]. Returns the failures as well.
#[must_use]
pub fn all(left_out: &[String]) -> (Vec<Cost>, Vec<Failure>) {
    let (mut costs, mut failures) = (Vec::new(), Vec::new());
    let mut names = check::names();
    names.retain(|name| !left_out.iter().any(|out| out == name));
    for (name, output) in child::run_all("count", &names) {
        match output.and_then(|output| parsed(&output)) {
            Ok(of_each_payload) => costs.extend(of_each_payload),
            Err(what) => failures.push(Failure {
                name: name.into(),
                what,
            }),
        }
    }
    // A stable sort keeps the order of the contestants.
    costs.sort_by(|a, b| a.payload.cmp(&b.payload));
    (costs, failures)
}

fn parsed(output: &str) -> Result<Vec<Cost>, String> {
    let costs = output.lines().map(|line| Cost::parsed(line).ok_or(line));
    costs
        .collect::<Result<_, _>>()
        .map_err(|line| format!("unexpected output: {line}"))
}

impl Cost {
    fn line(&self) -> String {
        let figures = self.figures.map(|figure| figure.to_string()).join("\t");
        format!("{}\t{}\t{figures}", self.payload, self.name)
    }

    fn parsed(line: &str) -> Option<Self> {
        let mut parts = line.split('\t');
        let (payload, name) = (parts.next()?.into(), parts.next()?.into());
        let figures: Option<Vec<f64>> = parts.map(|part| part.parse().ok()).collect();
        let figures = figures?.try_into().ok()?;
        Some(Self {
            payload,
            name,
            figures,
        })
    }

    /// Returns the figure of a column, or that of its first namesake.
    pub(crate) fn figure(&self, column: &str) -> f64 {
        let mut columns = COLUMNS.iter().zip(self.figures);
        let found = columns.find(|(name, _)| **name == column);
        found.expect("one of the columns").1
    }

    /// Returns payload kind, name and figures, for a table.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let figures = self.figures.iter().map(|&figure| {
            if figure.fract() == 0.0 {
                figure.to_string()
            } else {
                format!("{figure:.2}")
            }
        });
        [self.payload.clone(), self.name.clone()]
            .into_iter()
            .chain(figures)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::array;

    use super::*;

    #[test]
    fn parsed_line_equals_cost() {
        let cost = Cost {
            payload: "small value".into(),
            name: "mpsc-queue, boxing".into(),
            figures: array::from_fn(|number| number as f64 / 128.0),
        };
        assert_eq!(Cost::parsed(&cost.line()), Some(cost));
        assert_eq!(Cost::parsed("small value\tours\t1\t2"), None);
    }
}
