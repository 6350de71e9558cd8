//! Medians with distribution-free confidence intervals.

use statrs::distribution::{Binomial, DiscreteCDF};

/// A median with its confidence interval of at least 95 %. With fewer than six samples
/// the interval is their whole range.
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
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let below = Binomial::new(0.5, count as u64).expect("one half is a probability");
        // The number of ranks whose tail has at most 2.5 %, on either side.
        let tail = (0..count as u64).take_while(|&rank| below.cdf(rank) <= 0.025);
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
        let rounds = numerators.iter().zip(denominators);
        Self::of(&rounds.map(|(n, d)| n / d).collect::<Vec<_>>())
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
    fn ratios_cancel_drift() {
        let other = [10.0, 20.0, 30.0];
        let ours = other.map(|nanos| nanos / 2.0);
        let ratio = Median::of_ratios(&ours, &other);
        assert_eq!((ratio.low, ratio.value, ratio.high), (0.5, 0.5, 0.5));
    }
}
