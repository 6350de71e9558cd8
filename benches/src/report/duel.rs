//! A row of ours against the best of its rivals.

use super::standing::{busy_ratio, fastest, ratio_of, rounded};
use crate::contestant::Role;
use crate::rounds::{Outcome, Row};
use papers::statistics::Median;

/// A row of ours in a scenario, and the best of its rivals.
pub(super) struct Duel<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) ours: &'a Row,
    pub(super) other: &'a Row,
    pub(super) ratio: Median,
}

/// The others with which a row is compared: those that pay no more for their speed.
#[derive(Clone, Copy)]
pub(super) enum Rivals {
    /// All others, and the queues of the literature.
    All,
    /// The queues that a program can depend on, and locks.
    Published,
    /// Of these, those that do not keep a core while they wait.
    NotSpinning,
    /// Of these, those that sleep at once.
    Parking,
    /// The published ones whose consumer does not spend clearly more CPU time.
    SpendingNoMore,
    /// Of these, those that wait by their own means, and not by those of `mpsc-queue`.
    SpendingNoMoreByOwnMeans,
}

impl Rivals {
    fn admit(self, ours: &Row, row: &Row) -> bool {
        let spins = row.name.ends_with(", spinning");
        let adapts = row.name.ends_with(", adaptive");
        let is_published = row.role == Role::Other;
        match self {
            Self::All => row.role.is_other(),
            Self::Published => is_published,
            Self::NotSpinning => is_published && !spins,
            Self::Parking => is_published && !spins && !adapts,
            Self::SpendingNoMore => {
                let spent = busy_ratio(ours, row);
                is_published && spent.is_some_and(|ratio| ratio.high >= 1.0)
            }
            Self::SpendingNoMoreByOwnMeans => {
                !spins && !adapts && Self::SpendingNoMore.admit(ours, row)
            }
        }
    }
}

impl<'a> Duel<'a> {
    /// Returns the duel of the row `ours`, unless it or its rivals are missing.
    pub(super) fn of(outcome: &'a Outcome, ours: &'a Row, rivals: Rivals) -> Option<Self> {
        let other = fastest(outcome.measured().filter(|row| rivals.admit(ours, row)))?;
        Some(Self {
            outcome,
            ours,
            other,
            ratio: ratio_of(ours, other),
        })
    }

    /// Returns the duel of the form of ours that is best in a scenario. Where a consumer sleeps, each
    /// form meets the rivals that spend no more CPU time; else all. Chains are not a form.
    pub(super) fn of_best_form(outcome: &'a Outcome) -> Option<Self> {
        let rivals = match outcome.group.load {
            Some(_) => Rivals::SpendingNoMore,
            None => Rivals::All,
        };
        let forms = outcome.measured().filter(|row| row.role == Role::Ours);
        let duels = forms.filter_map(|ours| Self::of(outcome, ours, rivals));
        duels.min_by(|a, b| a.ratio.value.total_cmp(&b.ratio.value))
    }

    /// Set if ours takes longer, with the whole interval of the ratio above 1.
    pub(super) fn is_lost(&self) -> bool {
        self.ratio.low > 1.0
    }

    /// Returns the ratio, the scenario and the rival.
    pub(super) fn described(&self) -> String {
        format!(
            "{} (`{}`, `{}`)",
            rounded(self.ratio.value),
            self.outcome.group.scenario,
            self.other.name
        )
    }
}
