//! Made-up findings of a default run, with all its scenarios and contestants.

use std::ops::Range;

use crate::report::Findings;
use crate::report::targets::samples;
use crate::rounds::{Outcome, Row};
use crate::scenario::{Cell, Group};
use crate::sleep::Figures;
use crate::{scenarios, sleep};

/// Returns findings with figures that look like those of a run.
pub(super) fn findings() -> Findings {
    let mut numbers = Numbers(1);
    let mut groups = scenarios::groups(&[]);
    groups.extend(sleep::groups(&[]));
    groups.retain(|group| group.core);
    let outcomes = groups.into_iter().map(|group| numbers.outcome(group));
    Findings {
        machine: vec![("processor", "made up".into())],
        outcomes: outcomes.collect(),
        ..Findings::default()
    }
}

/// A generator of numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    /// Returns the next number, with a uniform logarithm.
    fn next(&mut self, range: &Range<f64>) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let part = (self.0 >> 32) as f64 / f64::from(u32::MAX);
        range.start * (range.end / range.start).powf(part)
    }

    fn outcome(&mut self, mut group: Group) -> Outcome {
        // On each machine, some scenarios have more threads than cores, and others do not.
        group.oversubscribed = group.scenario.contains("/16");
        let nanos = match (group.load, group.payload) {
            (Some(_), _) => 200.0..60_000.0,
            (None, "") => 100.0..4000.0,
            (None, _) => 3.0..80.0,
        };
        let sleeps = group.load.is_some();
        let rows = group.cells.iter();
        let rows = rows.map(|cell| self.row(cell, &nanos, sleeps)).collect();
        Outcome { group, rows }
    }

    /// Ours is often among the best, as in a run; each loss makes the first screen longer.
    fn row(&mut self, cell: &Cell, nanos: &Range<f64>, sleeps: bool) -> Row {
        let middle = match cell.role.is_ours() {
            true => self.next(&(nanos.start..3.0 * nanos.start)),
            false => self.next(&(2.0 * nanos.start..nanos.end)),
        };
        let rounds = [0.9, 0.95, 0.99, 1.0, 1.02, 1.07, 1.2];
        let nanos: Vec<f64> = rounds.iter().map(|it| it * middle).collect();
        Row {
            name: cell.name,
            role: cell.role,
            sleep: sleeps.then(|| self.figures(cell, &nanos)),
            nanos,
            failure: None,
        }
    }

    /// Some others spend less CPU time than ours, which is compared with those only.
    fn figures(&mut self, cell: &Cell, nanos: &[f64]) -> Figures {
        let busy = match cell.role.is_ours() {
            true => self.next(&(1e4..1e6)),
            false => self.next(&(300.0..1e5)),
        };
        samples::sleeping(nanos, busy)
    }
}
