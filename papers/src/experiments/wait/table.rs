//! What each policy costs on each sequence.

use super::arrivals::Sequence;
use super::policies::{Policy, Ratio, mean_wait, median_wait};

/// The costs of all policies on a sequence, in times of the optimum.
pub(super) struct Costs {
    pub(super) sequence: Sequence,
    ratios: [Ratio; Policy::ALL.len()],
}

impl Costs {
    pub(super) fn of_sequence(sequence: Sequence) -> Self {
        let ratios = Policy::ALL.map(|policy| policy.ratio(&sequence.waits, sequence.sleep));
        Self { sequence, ratios }
    }

    pub(super) fn of(&self, policy: Policy) -> Ratio {
        let pairs = Policy::ALL.into_iter().zip(self.ratios);
        let mut found = pairs.filter(|(other, _)| *other == policy);
        found.next().expect("each policy has a ratio").1
    }

    /// Returns the policy that costs least.
    pub(super) fn cheapest(&self) -> Policy {
        let least = |a: &Policy, b: &Policy| self.of(*a).mean.total_cmp(&self.of(*b).mean);
        let cheapest = Policy::ALL.into_iter().min_by(least);
        cheapest.expect("there are policies")
    }

    pub(super) fn header() -> Vec<&'static str> {
        let mut header = vec!["waits", "number", "mean / C", "median / C"];
        header.extend(Policy::ALL.map(Policy::name));
        header.push("cheapest");
        header
    }

    pub(super) fn row(&self) -> Vec<String> {
        let Sequence {
            name, waits, sleep, ..
        } = &self.sequence;
        let mut row = vec![
            name.clone(),
            waits.len().to_string(),
            format!("{:.4}", mean_wait(waits, *sleep)),
            format!("{:.4}", median_wait(waits) / *sleep as f64),
        ];
        row.extend(self.ratios.map(|ratio| format!("{:.3}", ratio.mean)));
        row.push(self.cheapest().name().to_owned());
        row
    }
}
