//! Metrics, and their text format for Prometheus.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use Metric::*;

/// A metric of a server.
///
/// Each suspension, counted when it begins, ends in exactly one of the six ways whose names
/// begin with `Ended`. Until then it counts as [`Suspended`](Self::Suspended).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(usize)]
pub enum Metric {
    /// Requests received completely.
    Requests,
    /// Requests refused because they were malformed, too large or too slow.
    RefusedRequests,
    /// Requests answered with 503 because too many were suspended.
    OverloadedRequests,
    /// Connections accepted.
    AcceptedConnections,
    /// Connections currently open.
    OpenConnections,
    /// Calls of `mark_async`.
    Suspensions,
    /// Requests currently suspended.
    Suspended,
    /// Suspensions ended by a resume.
    EndedResumed,
    /// Suspensions ended by the handler's `cancel_async`.
    EndedCancelled,
    /// Suspensions ended by the drop of the pending request.
    EndedDropped,
    /// Suspensions ended by their deadline.
    EndedTimedOut,
    /// Suspensions ended because the client disconnected or the handler panicked.
    EndedAbandoned,
    /// Suspensions ended by the shutdown.
    EndedShutDown,
    /// Resumes and drops of pending requests that arrived after their request had ended.
    LateResumes,
    /// Failed `accept` calls, usually because the process is out of file descriptors.
    AcceptFailures,
    /// Iterations of event loops.
    LoopIterations,
    /// System calls that woke an event loop.
    WakeUps,
    /// Event-loop iterations that found the resume queue stalled.
    StalledIterations,
}

/// The number of metrics.
const COUNT: usize = StalledIterations as usize + 1;

/// A metric family of Prometheus: one value, or one per label.
struct MetricFamily {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    members: Members,
}

type Members = &'static [(Metric, &'static str)];

const FAMILIES: [MetricFamily; 13] = [
    counter(
        "requests_total",
        "Requests received completely.",
        &[(Requests, "")],
    ),
    counter(
        "refused_requests_total",
        "Requests refused because they were malformed, too large or too slow.",
        &[(RefusedRequests, "")],
    ),
    counter(
        "overloaded_requests_total",
        "Requests answered with 503 because too many were suspended.",
        &[(OverloadedRequests, "")],
    ),
    counter(
        "accepted_connections_total",
        "Connections accepted.",
        &[(AcceptedConnections, "")],
    ),
    gauge(
        "open_connections",
        "Connections currently open.",
        &[(OpenConnections, "")],
    ),
    counter(
        "suspensions_total",
        "Suspensions of requests.",
        &[(Suspensions, "")],
    ),
    gauge(
        "suspended_requests",
        "Requests currently suspended.",
        &[(Suspended, "")],
    ),
    counter(
        "suspensions_ended_total",
        "Suspensions ended, by cause.",
        &[
            (EndedResumed, "{by=\"resumed\"}"),
            (EndedCancelled, "{by=\"cancelled\"}"),
            (EndedDropped, "{by=\"dropped\"}"),
            (EndedTimedOut, "{by=\"timed_out\"}"),
            (EndedAbandoned, "{by=\"abandoned\"}"),
            (EndedShutDown, "{by=\"shut_down\"}"),
        ],
    ),
    counter(
        "late_resumes_total",
        "Resumes that arrived after their request had ended.",
        &[(LateResumes, "")],
    ),
    counter(
        "accept_failures_total",
        "Failed accept calls.",
        &[(AcceptFailures, "")],
    ),
    counter(
        "loop_iterations_total",
        "Iterations of event loops.",
        &[(LoopIterations, "")],
    ),
    counter(
        "wake_ups_total",
        "System calls that woke an event loop.",
        &[(WakeUps, "")],
    ),
    counter(
        "stalled_iterations_total",
        "Event-loop iterations that found the resume queue stalled.",
        &[(StalledIterations, "")],
    ),
];

const fn counter(name: &'static str, help: &'static str, members: Members) -> MetricFamily {
    let kind = "counter";
    MetricFamily {
        name,
        kind,
        help,
        members,
    }
}

const fn gauge(name: &'static str, help: &'static str, members: Members) -> MetricFamily {
    let kind = "gauge";
    MetricFamily {
        name,
        kind,
        help,
        members,
    }
}

/// The metrics of a server, over all its event loops.
///
/// `Display` formats them for Prometheus. Event loops may count while they are read, so a
/// value is exact only for an event loop that reads its own, or is idle.
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

    /// Returns the counters of one event loop.
    pub(crate) fn of_loop(&self, index: usize) -> &Counters {
        &self.loops[index]
    }

    /// Returns the sum over all event loops.
    #[must_use]
    pub fn total(&self, metric: Metric) -> u64 {
        self.loops.iter().map(|counters| counters.get(metric)).sum()
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for MetricFamily {
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

/// The counters of one event loop, on cache lines of their own so that event loops do not
/// slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters([AtomicU64; COUNT]);

// Relaxed throughout: these are counts, and no other memory access depends on them.
impl Counters {
    /// Adds one. Only the event loop's own thread may call this: with a single writer, a
    /// load and a store suffice.
    pub(crate) fn count(&self, metric: Metric) {
        self.set(metric, self.get(metric) + 1);
    }

    /// Adds one, on any thread. Must not be mixed with [`count`](Self::count) for a metric.
    pub(crate) fn count_from_any_thread(&self, metric: Metric) {
        self.0[metric as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Sets a gauge. Only the event loop's own thread may call this.
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
    fn display_shows_each_metric_once() {
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
