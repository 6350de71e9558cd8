//! What the clients add to the counters of the server.

use std::ops::AddAssign;

/// A counter of the server.
#[derive(Clone, Copy)]
pub(super) enum Counter {
    Accepted,
    Requests,
    Refused,
    Overloaded,
    SendTimeouts,
    Suspensions,
    Resumed,
    Dropped,
    TimedOut,
    Abandoned,
}

/// The names of the counters in the metrics.
pub(super) const NAMES: [&str; 10] = [
    "accepted_connections_total",
    "requests_total",
    "refused_requests_total",
    "overloaded_requests_total",
    "send_timeouts_total",
    "suspensions_total",
    "suspensions_ended_total{by=\"resumed\"}",
    "suspensions_ended_total{by=\"dropped\"}",
    "suspensions_ended_total{by=\"timed_out\"}",
    "suspensions_ended_total{by=\"abandoned\"}",
];

/// Amounts by which the counters increase.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effects(pub(super) [u64; NAMES.len()]);

impl Effects {
    pub(super) fn of(amounts: &[(Counter, u64)]) -> Self {
        let mut effects = Self::default();
        for &(counter, amount) in amounts {
            effects.0[counter as usize] = amount;
        }
        effects
    }

    /// Returns the effects of a request that is served without a suspension.
    pub(super) fn served() -> Self {
        Self::of(&[(Counter::Requests, 1)])
    }

    /// Returns the effects of a request whose suspensions all end in this way.
    pub(super) fn suspended(times: u64, end: Counter) -> Self {
        let counters = [
            (Counter::Requests, 1),
            (Counter::Suspensions, times),
            (end, times),
        ];
        Self::of(&counters)
    }

    /// Returns the effects of a request that might suspend while too many are suspended.
    pub(super) fn overloaded() -> Self {
        Self::of(&[(Counter::Requests, 1), (Counter::Overloaded, 1)])
    }

    /// Returns the effects of a request that is malformed, too large or too slow.
    pub(super) fn refused() -> Self {
        Self::of(&[(Counter::Refused, 1)])
    }

    pub(super) fn get(&self, counter: Counter) -> u64 {
        self.0[counter as usize]
    }

    /// Returns whether a request with these effects is suspended.
    pub(super) fn suspends(&self) -> bool {
        self.get(Counter::Suspensions) > 0
    }

    /// Returns whether a request with these effects was not served.
    pub(super) fn refuses(&self) -> bool {
        [Counter::Refused, Counter::Overloaded, Counter::TimedOut]
            .iter()
            .any(|&counter| self.get(counter) > 0)
    }

    /// Adds the other ways in which the request may end.
    pub(super) fn or_ended_otherwise(mut self) -> Self {
        for counter in [Counter::Overloaded, Counter::TimedOut, Counter::Abandoned] {
            self.0[counter as usize] = 1;
        }
        self
    }
}

impl AddAssign for Effects {
    fn add_assign(&mut self, other: Self) {
        for (amount, more) in self.0.iter_mut().zip(other.0) {
            *amount += more;
        }
    }
}
