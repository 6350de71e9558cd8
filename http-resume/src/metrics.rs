//! What a server counts, and the text in which Prometheus reads it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use Metric::*;

/// Something that a server counts.
///
/// Each suspension, counted as it begins, ends in exactly one of the six ways of
/// which the names begin with `Ended`; until then it is [`Suspended`](Self::Suspended).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(usize)]
pub enum Metric {
    /// Requests that were understood.
    Requests,
    /// Requests that were refused: malformed, too large or too slow.
    Refused,
    /// Requests turned away with 503, because too many were suspended.
    Overloaded,
    /// Connections that were accepted.
    Accepted,
    /// Connections that are open.
    Open,
    /// Calls of `mark_async`.
    Suspensions,
    /// Requests that are suspended.
    Suspended,
    /// Suspensions that were resumed in time.
    EndedResumed,
    /// Suspensions that the handler took back.
    EndedCancelled,
    /// Suspensions of which the pending response was dropped.
    EndedDropped,
    /// Suspensions that took too long.
    EndedTimedOut,
    /// Suspensions whose client went away, or whose handler panicked.
    EndedAbandoned,
    /// Suspensions that a stop did not wait for.
    EndedShutDown,
    /// Pending responses that came back when nobody waited any more.
    Late,
    /// Attempts to accept a connection that failed: mostly for want of a descriptor.
    AcceptFailures,
    /// Turns of a loop.
    Turns,
    /// System calls that woke a loop.
    WakeUps,
    /// Turns of a loop that found its queue stalled.
    Stalls,
}

/// A metric as Prometheus sees it: one value, or several with a label.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    members: Members,
}

const FAMILIES: [Family; 13] = [
    counter("requests_total", "Requests understood.", &[(Requests, "")]),
    counter("refused_total", "Requests refused.", &[(Refused, "")]),
    counter(
        "overloaded_total",
        "Requests turned away.",
        &[(Overloaded, "")],
    ),
    counter("accepted_total", "Connections accepted.", &[(Accepted, "")]),
    gauge("open_connections", "Connections open.", &[(Open, "")]),
    counter("suspensions_total", "Suspensions.", &[(Suspensions, "")]),
    gauge("suspended", "Requests suspended.", &[(Suspended, "")]),
    counter(
        "suspensions_ended_total",
        "Suspensions that are over.",
        &[
            (EndedResumed, "{by=\"resumed\"}"),
            (EndedCancelled, "{by=\"cancelled\"}"),
            (EndedDropped, "{by=\"dropped\"}"),
            (EndedTimedOut, "{by=\"timed_out\"}"),
            (EndedAbandoned, "{by=\"abandoned\"}"),
            (EndedShutDown, "{by=\"shut_down\"}"),
        ],
    ),
    counter("late_total", "Returns too late.", &[(Late, "")]),
    counter(
        "accept_failures_total",
        "Attempts to accept a connection that failed.",
        &[(AcceptFailures, "")],
    ),
    counter("turns_total", "Turns of loops.", &[(Turns, "")]),
    counter("wake_ups_total", "Wake-ups of loops.", &[(WakeUps, "")]),
    counter("stalls_total", "Turns that stalled.", &[(Stalls, "")]),
];

/// How many metrics there are.
const COUNT: usize = Stalls as usize + 1;

type Members = &'static [(Metric, &'static str)];

const fn counter(name: &'static str, help: &'static str, members: Members) -> Family {
    let kind = "counter";
    Family {
        name,
        kind,
        help,
        members,
    }
}

const fn gauge(name: &'static str, help: &'static str, members: Members) -> Family {
    let kind = "gauge";
    Family {
        name,
        kind,
        help,
        members,
    }
}

/// The counts of a server, over all its loops.
///
/// Its `Display` is the text format of Prometheus. Loops count on while they are
/// read: a sum is exact for a loop that reads its own, or one that rests.
#[derive(Debug)]
pub struct Metrics {
    loops: Box<[Counters]>,
}

impl Metrics {
    pub(crate) fn new(loops: usize) -> Self {
        Self {
            loops: (0..loops).map(|_| Counters::default()).collect(),
        }
    }

    /// The counters of one loop.
    pub(crate) fn of_loop(&self, index: usize) -> &Counters {
        &self.loops[index]
    }

    /// The sum over all loops.
    #[must_use]
    pub fn total(&self, metric: Metric) -> u64 {
        // A gauge of one loop is never negative; so neither is the sum.
        self.loops.iter().map(|counters| counters.get(metric)).sum()
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Family {
            name,
            kind,
            help,
            members,
        } in FAMILIES
        {
            writeln!(f, "# HELP http_resume_{name} {help}")?;
            writeln!(f, "# TYPE http_resume_{name} {kind}")?;
            for (metric, label) in members {
                writeln!(f, "http_resume_{name}{label} {}", self.total(*metric))?;
            }
        }
        Ok(())
    }
}

/// What one loop counts. On cache lines of its own, so that loops which count do
/// not slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters([AtomicU64; COUNT]);

// Relaxed throughout: these are counts, and nothing is read because of them.
impl Counters {
    /// Counts one. Only on the loop's own thread: with one writer, a load and a
    /// store do, and no read-modify-write is needed.
    pub(crate) fn count(&self, metric: Metric) {
        self.set(metric, self.get(metric) + 1);
    }

    /// Counts one, on any thread. Only for what nobody counts by
    /// [`count`](Self::count).
    pub(crate) fn count_from_anywhere(&self, metric: Metric) {
        self.0[metric as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Sets a gauge. Only on the loop's own thread.
    pub(crate) fn set(&self, metric: Metric, value: u64) {
        self.0[metric as usize].store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, metric: Metric) -> u64 {
        self.0[metric as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_shows_each_metric_once() {
        let metrics = Metrics::new(2);
        for (index, counter) in metrics.of_loop(1).0.iter().enumerate() {
            counter.store(1000 + index as u64, Ordering::Relaxed);
        }
        let text = metrics.to_string();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let mut values: Vec<usize> = samples
            .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        values.sort_unstable();
        assert_eq!(values, (1000..1000 + COUNT).collect::<Vec<_>>());
    }
}
