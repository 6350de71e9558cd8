//! The model against the time that was measured on this machine.

use super::figures::{Transfers, find};
use crate::rounds::{Outcome, Row};
use crate::scenarios::WORK_ALONE;
use papers::statistics::{Median, rank_correlation};
use papers::transfers::Consumer;

/// The scenario whose producers come closest to the model's: because of the work of random
/// length between the pushes, they take turns almost at random.
const SCENARIO: &str = "push/2+42";

/// The number of producers of the scenario.
const PRODUCERS: usize = 2;

/// Modelled transfers and measured times.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The contestants, by time.
    pub rows: Vec<Compared>,
    /// Spearman's rank correlation of transfers and times.
    pub rank_correlation: f64,
}

/// A contestant in a [`Comparison`].
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The name of the contestant.
    pub name: &'static str,
    /// The modelled transfers per push.
    pub transfers: f64,
    /// The measured nanoseconds per push, less those of the work.
    pub nanos: f64,
}

impl Comparison {
    /// Returns the result as a sentence, for the reports.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "Over the {} contestants of {SCENARIO}, the rank correlation (Spearman) of the \
             modelled transfers per push with the measured time less the work is {:.2}. It is 1 \
             if the model orders the contestants as the clock does, and about 0 if it says \
             nothing about the time.",
            self.rows.len(),
            self.rank_correlation
        )
    }

    /// Returns the name, the transfers and the nanoseconds of each contestant, for a table.
    #[must_use]
    pub fn cells(&self) -> Vec<[String; 3]> {
        let cells = self.rows.iter().map(|row| {
            let figures = [row.transfers, row.nanos].map(|figure| format!("{figure:.2}"));
            let [transfers, nanos] = figures;
            [row.name.to_owned(), transfers, nanos]
        });
        cells.collect()
    }
}

/// Compares the model with the samples, if they contain the scenario `push/2+42`.
#[must_use]
pub fn compare(transfers: &[Transfers], outcomes: &[Outcome]) -> Option<Comparison> {
    let is_compared = |outcome: &&Outcome| outcome.group.scenario == SCENARIO;
    of_rows(transfers, &outcomes.iter().find(is_compared)?.rows)
}

fn of_rows(transfers: &[Transfers], rows: &[Row]) -> Option<Comparison> {
    let work = rows.iter().find(|row| row.name == WORK_ALONE)?;
    let compared = rows.iter().filter_map(|row| {
        let modelled = find(transfers, row.name, PRODUCERS, Consumer::Afterwards)?;
        // Within each round, in which the machine's drift cancels out.
        let rounds = row.nanos.iter().zip(&work.nanos);
        let less_work: Vec<_> = rounds.map(|(nanos, work)| nanos - work).collect();
        Some(Compared {
            name: row.name,
            transfers: modelled.push,
            nanos: Median::of(&less_work).value,
        })
    });
    let mut rows: Vec<_> = compared.collect();
    rows.sort_by(|a, b| a.nanos.total_cmp(&b.nanos));
    let rank_correlation = rank_correlation(
        rows.iter().map(|row| row.transfers).collect(),
        rows.iter().map(|row| row.nanos).collect(),
    )?;
    Some(Comparison {
        rows,
        rank_correlation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestant::Role;

    fn row(name: &'static str, nanos: [f64; 2]) -> Row {
        Row {
            name,
            role: Role::Other,
            nanos: nanos.into(),
            sleep: None,
            failure: None,
        }
    }

    fn modelled(name: &str, producers: usize, push: f64) -> Transfers {
        Transfers {
            name: name.into(),
            producers,
            consumer: Consumer::Afterwards,
            push,
            pop: Some(1.0),
        }
    }

    #[test]
    fn work_is_subtracted_within_rounds() {
        let transfers = [
            modelled("slow", 16, 9.0),
            modelled("slow", 2, 2.0),
            modelled("fast", 2, 0.5),
            modelled("not measured", 2, 7.0),
        ];
        let rows = [
            row("slow", [121.0, 221.0]),
            row(WORK_ALONE, [21.0, 121.0]),
            row("fast", [26.0, 126.0]),
            row("not modelled", [26.0, 126.0]),
        ];
        let comparison = of_rows(&transfers, &rows).unwrap();
        let cells: Vec<_> = comparison.cells().iter().map(|row| row.join(" ")).collect();
        assert_eq!(cells, ["fast 0.50 5.00", "slow 2.00 100.00"]);
        assert!((comparison.rank_correlation - 1.0).abs() < 1e-9);
        assert_eq!(
            of_rows(&transfers, &rows[..1]),
            None,
            "the work was not measured"
        );
    }
}
