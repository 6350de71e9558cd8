//! One producer frozen in the middle of a push: what the others still get through.

use super::contestants::{Contestant, Crossbeam, Locked, for_each};
use super::frozen::{Meanwhile, at_each_instruction};
use super::report::{Chart, Line, Report, progress};

/// What the others push while the one is frozen.
const OTHERS: usize = 100;

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
        sweep(Q::NAME, at_each_instruction::<Q>(OTHERS))
    }
    let outcomes = for_each!(of(&sweep), and Crossbeam, and Locked);
    bar.finish_and_clear();

    Report {
        header: vec![
            "queue",
            "instructions of the push",
            "frozen there: all delivered",
            "some or none delivered",
            "a push or pop blocks",
            "least delivered of 100",
        ],
        rows: outcomes.iter().map(Outcome::row).collect(),
        chart: Chart {
            x: "frozen before this instruction of the push",
            y: "delivered of 100 pushed meanwhile",
            logarithmic: false,
            lines: outcomes.iter().map(Outcome::line).collect(),
        },
        findings: outcomes.iter().map(Outcome::finding).collect(),
        caveat: "how often a thread is really stopped there, which is the width of the gap \
                 in time over the time between two pushes.",
    }
}

fn delivered(meanwhile: &Meanwhile) -> usize {
    match *meanwhile {
        Meanwhile::Delivered { items, .. } => items,
        Meanwhile::Blocked => 0,
    }
}

impl Outcome {
    fn count(&self, which: fn(&Meanwhile) -> bool) -> usize {
        // The last is the push that was not frozen.
        self.frozen().filter(|meanwhile| which(meanwhile)).count()
    }

    fn frozen(&self) -> impl Iterator<Item = &Meanwhile> {
        self.all.iter().take(self.all.len() - 1)
    }

    fn gap(&self) -> usize {
        self.count(|meanwhile| delivered(meanwhile) < OTHERS)
    }

    fn blocked(&self) -> usize {
        self.count(|meanwhile| *meanwhile == Meanwhile::Blocked)
    }

    fn least(&self) -> usize {
        self.frozen().map(delivered).min().unwrap_or(OTHERS)
    }

    fn row(&self) -> Vec<String> {
        let (gap, blocked) = (self.gap(), self.blocked());
        vec![
            self.name.to_string(),
            (self.all.len() - 1).to_string(),
            (self.all.len() - 1 - gap).to_string(),
            (gap - blocked).to_string(),
            blocked.to_string(),
            self.least().to_string(),
        ]
    }

    fn line(&self) -> Line {
        let points = self.all.iter().enumerate();
        Line {
            name: self.name.to_string(),
            points: points
                .map(|(at, m)| (at as f64, delivered(m) as f64))
                .collect(),
        }
    }

    fn finding(&self) -> String {
        let name = self.name;
        match (self.gap(), self.blocked()) {
            (0, _) => format!("{name}: a frozen push delays nobody, wherever it is frozen."),
            (gap, 0) => format!(
                "{name}: frozen before one of {gap} instructions, the push holds up what comes \
                 behind it ({} of {OTHERS} delivered); nobody blocks.",
                self.least()
            ),
            (gap, blocked) => format!(
                "{name}: frozen before one of {gap} instructions, the push holds up what comes \
                 behind it; before {blocked} of these another thread does not return."
            ),
        }
    }
}
