//! The rates at which items are pushed.

use std::fmt;
use std::time::Duration;

/// The rate of the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Items per second, by a schedule that does not wait for the consumer.
    PerSecond(u64),
    /// As fast as the producer can push.
    Saturation,
}

impl Load {
    /// All loads, from a consumer that sleeps before each item to one that never sleeps.
    pub const ALL: [Self; 5] = [
        Self::PerSecond(1_000),
        Self::PerSecond(10_000),
        Self::PerSecond(100_000),
        Self::PerSecond(500_000),
        Self::Saturation,
    ];

    /// The least number of items that have a distribution.
    const MIN_ITEMS: u64 = 50;

    /// Returns how many items a sample of this duration sends.
    pub(crate) fn items(self, sample: Duration) -> u64 {
        let per_second = match self {
            Self::PerSecond(count) => count,
            // A rate that almost every contestant sustains.
            Self::Saturation => 1_000_000,
        };
        let items = sample.as_secs_f64() * per_second as f64;
        (items as u64).max(Self::MIN_ITEMS)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerSecond(count) => write!(f, "{}k", count / 1000),
            Self::Saturation => f.write_str("saturation"),
        }
    }
}
