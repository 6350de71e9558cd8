//! Medians with distribution-free confidence intervals, and correlations of ranks.

use std::fmt;

use statrs::distribution::{Binomial, DiscreteCDF};
use statrs::statistics::{Data, OrderStatistics, RankTieBreaker, Statistics};

/// A median with its confidence interval of at least 95 %. With fewer samples than that takes, fewer
/// than six for one median, the interval is their whole range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Median {
    /// The median of the samples.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Median {
    /// Returns the median of independent samples.
    ///
    /// The ends of the interval are order statistics, because the number of samples
    /// below the true median is binomial with probability one half.
    ///
    /// # Panics
    ///
    /// Panics if there is no sample.
    #[must_use]
    pub fn of(samples: &[f64]) -> Self {
        Self::of_one_among(samples, 1)
    }

    /// Returns one of so many medians whose intervals contain the true ones all at once, with the
    /// confidence of one (C. Bonferroni's correction). Fewer than nine samples are too few for seven.
    ///
    /// # Panics
    ///
    /// Panics if there is no sample.
    #[must_use]
    pub fn of_one_among(samples: &[f64], medians: usize) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let below = Binomial::new(0.5, count as u64).expect("one half is a probability");
        // The number of ranks whose tail has at most 2.5 %, on either side.
        let most = 0.025 / medians as f64;
        let tail = (0..count as u64).take_while(|&rank| below.cdf(rank) <= most);
        let rank = tail.count();
        Self {
            value: (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0,
            low: sorted[rank.saturating_sub(1)],
            high: sorted[count - rank.max(1)],
        }
    }

    /// Returns the median of the ratios within each round, in which the machine's drift
    /// cancels out.
    ///
    /// # Panics
    ///
    /// Panics if there is no round.
    #[must_use]
    pub fn of_ratios(numerators: &[f64], denominators: &[f64]) -> Self {
        Self::of(&ratios(numerators, denominators))
    }
}

impl fmt::Display for Median {
    /// Writes the median and its interval, by default with two digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, low, high } = self;
        let digits = f.precision().unwrap_or(2);
        write!(f, "{value:.digits$} [{low:.digits$} to {high:.digits$}]")
    }
}

/// Returns the ratios within each round.
#[must_use]
pub fn ratios(numerators: &[f64], denominators: &[f64]) -> Vec<f64> {
    let rounds = numerators.iter().zip(denominators);
    rounds.map(|(n, d)| n / d).collect()
}

/// Returns Spearman's coefficient: the linear correlation of the ranks, where equal figures share
/// their mean rank. `None` if all figures of a kind are equal.
#[must_use]
pub fn rank_correlation(a: Vec<f64>, b: Vec<f64>) -> Option<f64> {
    let correlation = coefficient(&ranks(a), &ranks(b));
    correlation.is_finite().then_some(correlation)
}

/// Returns the probability that figures without any connection correlate as strongly as these or more
/// strongly, with either sign: the part of all orders of one kind of figure that do. The time grows
/// with the factorial of the number of figures.
#[must_use]
pub fn chance_of_correlation(a: Vec<f64>, b: Vec<f64>) -> f64 {
    let (a, mut b) = (ranks(a), ranks(b));
    let found = coefficient(&a, &b).abs();
    let (mut orders, mut as_strong) = (0_u32, 0_u32);
    for_each_order(&mut b, 0, &mut |b| {
        orders += 1;
        // Less than any step between two coefficients, more than the error of one.
        as_strong += u32::from(coefficient(&a, b).abs() > found - 1e-9);
    });
    f64::from(as_strong) / f64::from(orders)
}

fn ranks(figures: Vec<f64>) -> Vec<f64> {
    Data::new(figures).ranks(RankTieBreaker::Average)
}

fn coefficient(a: &[f64], b: &[f64]) -> f64 {
    a.covariance(b) / (a.std_dev() * b.std_dev())
}

/// Calls `visit` with each order of the values from `first` on.
fn for_each_order(values: &mut [f64], first: usize, visit: &mut impl FnMut(&[f64])) {
    if first == values.len() {
        return visit(values);
    }
    for other in first..values.len() {
        values.swap(first, other);
        for_each_order(values, first + 1, visit);
        values.swap(first, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_ranks_match_published_tables() {
        // n = 5: 2/32 is more than 5 %, so the range. n = 6: ranks 1 and 6; n = 8: 1 and 8;
        // n = 9: 2 and 8; n = 15: 4 and 12; n = 20: 6 and 15.
        for (count, low, high) in [
            (1, 1, 1),
            (5, 1, 5),
            (6, 1, 6),
            (8, 1, 8),
            (9, 2, 8),
            (15, 4, 12),
            (20, 6, 15),
        ] {
            let samples: Vec<f64> = (1..=count).rev().map(f64::from).collect();
            let median = Median::of(&samples);
            assert_eq!(
                (median.low, median.high),
                (low.into(), high.into()),
                "of {count}"
            );
            assert_eq!(median.value, f64::from(count + 1) / 2.0);
        }
    }

    #[test]
    fn interval_of_one_among_several_is_wider() {
        let samples: Vec<f64> = (1..=20).map(f64::from).collect();
        // Tails of 2.5 and of 0.36 %: P(X <= 5) = 2.07 %, P(X <= 3) = 0.13 %, P(X <= 4) = 0.59 %.
        let among = |medians| Median::of_one_among(&samples, medians);
        assert_eq!((among(1).low, among(1).high), (6.0, 15.0));
        assert_eq!((among(7).low, among(7).high), (4.0, 17.0));
        assert_eq!(among(7).value, 10.5);
    }

    #[test]
    fn ratios_cancel_drift() {
        let other = [10.0, 20.0, 30.0];
        let ours = other.map(|nanos| nanos / 2.0);
        let ratio = Median::of_ratios(&ours, &other);
        assert_eq!((ratio.low, ratio.value, ratio.high), (0.5, 0.5, 0.5));
    }

    #[test]
    fn correlation_of_ranks_ignores_distances() {
        let ranks = |a: [f64; 4], b: [f64; 4]| rank_correlation(a.into(), b.into());
        let close = |found: Option<f64>, expected: f64| {
            assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?}");
        };
        close(ranks([1.0, 2.0, 3.0, 4.0], [1.0, 10.0, 11.0, 90.0]), 1.0);
        close(ranks([1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]), -1.0);
        // 1 - 6 * (1 + 1) / (4 * 15)
        close(ranks([1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 3.0, 4.0]), 0.8);
        // Of the ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4.
        close(
            ranks([1.0, 2.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]),
            0.9_f64.sqrt(),
        );
        assert_eq!(ranks([1.0; 4], [1.0, 2.0, 3.0, 4.0]), None);
    }

    #[test]
    fn chance_counts_the_orders_that_correlate_as_strongly() {
        let chance = |b: [f64; 4]| chance_of_correlation(vec![1.0, 2.0, 3.0, 4.0], b.into());
        // Of 24 orders, 2 have a coefficient of 1 or -1, and 3 more on either side have 0.8.
        assert_eq!(chance([1.0, 2.0, 3.0, 4.0]), 2.0 / 24.0);
        assert_eq!(chance([2.0, 1.0, 3.0, 4.0]), 8.0 / 24.0);
        // With a pair of equal figures: each order counts twice.
        assert_eq!(chance([1.0, 2.0, 2.0, 3.0]), 4.0 / 24.0);
    }
}
