//! What does not depend on the clock: instructions, read-modify-writes, memory.
//!
//! Each contestant is counted in a process of its own, by this very program: the
//! processes that are timed neither step nor count.

mod count;
mod memory;

use std::process::Command;

pub use count::one;
pub use memory::Counting;

use crate::check;

/// What one contestant costs in one family, per item.
#[derive(Debug, PartialEq)]
pub struct Cost {
    /// What the queue carries.
    pub family: String,
    /// The contestant's name.
    pub name: String,
    /// In the order of [`COLUMNS`].
    pub figures: [f64; COLUMNS.len()],
}

/// What is counted.
pub const COLUMNS: [&str; 6] = [
    "instructions per push",
    "per pop",
    "read-modify-writes per push",
    "per pop",
    "bytes per queued item",
    "allocations per item",
];

/// How the figures come about, for the reports.
pub const METHOD: &str = "Counted on one thread by single-stepping the code as it was compiled: \
    128 pushes in a row into a queue that has been used before, then 128 pops, so that no \
    compare-exchange fails; the loop around them is included. Bytes are those asked of the \
    allocator for the queue and 10,000 items in it, without heap objects that are handed over \
    (an intrusive queue's link lies in them). Allocations are those of the queue, over 10,000 \
    items in steady traffic, 100 at a time.";

/// Counts all contestants but those left out. `ask` makes the command that calls
/// [`one`] with a name. Who could not be counted comes with the reason.
#[must_use]
pub fn all(left_out: &[String], ask: impl Fn(&str) -> Command) -> (Vec<Cost>, Vec<check::Failure>) {
    let (mut costs, mut failures) = (Vec::new(), Vec::new());
    for name in check::names() {
        if left_out.iter().any(|out| out == name) {
            continue;
        }
        match counted(ask(name)) {
            Ok(of_families) => costs.extend(of_families),
            Err(what) => failures.push(check::Failure {
                name: name.into(),
                what,
            }),
        }
    }
    // The families are never mixed; within one, the order is that of the contestants.
    costs.sort_by(|a, b| a.family.cmp(&b.family));
    (costs, failures)
}

fn counted(mut command: Command) -> Result<Vec<Cost>, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        return Err(format!("{}: {}", output.status, said.trim()));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let costs = said.lines().map(|line| Cost::parsed(line).ok_or(line));
    costs
        .collect::<Result<_, _>>()
        .map_err(|line| format!("said {line}"))
}

impl Cost {
    fn line(&self) -> String {
        let figures = self.figures.map(|figure| figure.to_string()).join("\t");
        format!("{}\t{}\t{figures}", self.family, self.name)
    }

    fn parsed(line: &str) -> Option<Self> {
        let mut parts = line.split('\t');
        let (family, name) = (parts.next()?.into(), parts.next()?.into());
        let figures: Option<Vec<f64>> = parts.map(|part| part.parse().ok()).collect();
        let figures = figures?.try_into().ok()?;
        Some(Self {
            family,
            name,
            figures,
        })
    }

    /// Family, name and figures, for a table.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let figures = self.figures.iter().map(|figure| format!("{figure:.2}"));
        [self.family.clone(), self.name.clone()]
            .into_iter()
            .chain(figures)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_understood() {
        let cost = Cost {
            family: "small value".into(),
            name: "mpsc-queue, boxing".into(),
            figures: [1.5, 2.0, 1.0, 0.0078125, 16.0, 1.0],
        };
        assert_eq!(Cost::parsed(&cost.line()), Some(cost));
        assert_eq!(Cost::parsed("small value\tours\t1\t2"), None);
    }
}
