//! A contestant with its figures, as rows, lines and sentences.

use papers::statistics::Median;

use super::counted::{Counted, ROW};
use super::measured::{Nanos, WORK};
use super::modelled::{CONSUMERS, Cases, Moved, PRODUCERS};
use crate::experiments::claims::Named;
use crate::experiments::report::Line;

pub(super) struct Form {
    pub(super) name: &'static str,
    pub(super) cases: Cases,
    pub(super) counted: Counted,
    pub(super) nanos: Nanos,
}

impl Named for Form {
    fn name(&self) -> &str {
        self.name
    }
}

impl Form {
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let rows = CONSUMERS.iter().zip(&self.cases).map(|(consumer, cases)| {
            let mut row = vec![self.name.to_string(), consumer.name().to_string()];
            row.extend(cases.iter().map(|moved| Moved::text(*moved)));
            row.extend(self.times());
            row
        });
        rows.collect()
    }

    fn times(&self) -> [String; 3] {
        let Nanos {
            one,
            two,
            two_with_work,
        } = &self.nanos;
        [one, &two.nanos, &two_with_work.nanos].map(|nanos| {
            if nanos.is_empty() {
                return "-".into();
            }
            format!("{:.1}", Median::of(nanos))
        })
    }

    pub(super) fn line(&self, consumer: usize) -> Line {
        let points = PRODUCERS.iter().zip(&self.cases[consumer]);
        Line {
            name: self.name.to_string(),
            points: points
                .map(|(&producers, moved)| (producers as f64, moved.per_item()))
                .collect(),
        }
    }

    pub(super) fn finding(&self) -> String {
        let Counted {
            push,
            pops,
            pop_only,
            written,
        } = &self.counted;
        format!(
            "{}: a push takes {} instructions and {} read-modify-write; {ROW} pops in a row {:.1} \
             instructions each and {} read-modify-writes; the pop of the only item {} \
             instructions and {}. A push writes {} line of the item before. With {} ns of work, \
             two producers take {} ns per push, less the work.",
            self.name,
            push.instructions,
            push.read_modify_writes,
            pops.instructions as f64 / ROW as f64,
            pops.read_modify_writes,
            pop_only.instructions,
            pop_only.read_modify_writes,
            written.previous,
            WORK.0,
            self.times()[2]
        )
    }
}

impl Moved {
    fn text(self) -> String {
        format!("{:.2} + {:.2}", self.push, self.pop)
    }
}
