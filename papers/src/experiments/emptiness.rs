//! The false empty of a pop with two answers, and its absence with three.

use super::contestants::{Contestant, Crossbeam, WithOption, for_each};
use super::frozen::{Last, Meanwhile, at_each_instruction};
use super::report::{Chart, Line, Report, progress};

struct Outcome {
    name: &'static str,
    all: Vec<Meanwhile>,
}

pub(crate) fn run() -> Report {
    let bar = progress(7);
    let sweep = |name, all| {
        bar.set_message(name);
        bar.inc(1);
        Outcome { name, all }
    };
    fn of<Q: Contestant>(sweep: &dyn Fn(&'static str, Vec<Meanwhile>) -> Outcome) -> Outcome {
        sweep(Q::NAME, at_each_instruction::<Q>(1))
    }
    let outcomes = for_each!(of(&sweep), and WithOption, and Crossbeam);
    bar.finish_and_clear();

    Report {
        header: vec![
            "queue",
            "instructions of the push",
            "delivered",
            "Stalled",
            "false Empty",
            "does not return",
        ],
        rows: outcomes.iter().map(Outcome::row).collect(),
        chart: Chart {
            x: "another push is frozen before this instruction",
            y: "1: the pop says Empty after one's own push",
            logarithmic: false,
            lines: outcomes.iter().map(Outcome::line).collect(),
        },
        findings: outcomes.iter().map(Outcome::finding).collect(),
        caveat: "how often this happens by itself.",
    }
}

/// The push of the one item has returned, on the same thread; and yet.
fn is_false_empty(meanwhile: &Meanwhile) -> bool {
    let last = Last::Empty;
    *meanwhile == Meanwhile::Delivered { items: 0, last }
}

impl Outcome {
    fn count(&self, which: fn(&Meanwhile) -> bool) -> usize {
        let frozen = &self.all[..self.all.len() - 1];
        frozen.iter().filter(|meanwhile| which(meanwhile)).count()
    }

    fn row(&self) -> Vec<String> {
        let last = Last::Stalled;
        let stalled = self
            .all
            .iter()
            .filter(|&&m| m == Meanwhile::Delivered { items: 0, last });
        vec![
            self.name.to_string(),
            (self.all.len() - 1).to_string(),
            self.count(|m| matches!(m, Meanwhile::Delivered { items: 1, .. }))
                .to_string(),
            stalled.count().to_string(),
            self.count(is_false_empty).to_string(),
            self.count(|m| *m == Meanwhile::Blocked).to_string(),
        ]
    }

    fn line(&self) -> Line {
        let points = self.all.iter().enumerate();
        Line {
            name: self.name.to_string(),
            points: points
                .map(|(at, m)| (at as f64, f64::from(u8::from(is_false_empty(m)))))
                .collect(),
        }
    }

    fn finding(&self) -> String {
        match self.count(is_false_empty) {
            0 => format!("{}: Empty is never said after one's own push.", self.name),
            n => format!(
                "{}: `push(b); pop()` says Empty while another push is frozen before one of {n} \
                 instructions.",
                self.name
            ),
        }
    }
}
