//! Metrics, and their text format for Prometheus.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Defines the metrics: their documentation is also the help text for Prometheus.
macro_rules! metrics {
    ($(#[doc = $help:literal] $metric:ident: $kind:ident $name:literal $label:literal,)*) => {
        /// A metric of a server.
        ///
        /// Each suspension, counted when it begins, ends in exactly one of the six ways whose
        /// names begin with `Ended`. Until then it counts as [`Suspended`](Self::Suspended).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Metric {
            $(#[doc = $help] $metric,)*
        }

        const SAMPLES: &[Sample] = &[$(Sample {
            metric: Metric::$metric,
            name: $name,
            label: $label,
            kind: stringify!($kind),
            help: $help,
        },)*];
    };
}

metrics! {
    /// Requests received completely, or answered by middleware before their bodies.
    Requests: counter "requests_total" "",
    /// Requests refused because they were malformed, too large or too slow.
    RefusedRequests: counter "refused_requests_total" "",
    /// Requests answered with 503 because too many were suspended, or too many bytes pending.
    OverloadedRequests: counter "overloaded_requests_total" "",
    /// Connections accepted.
    AcceptedConnections: counter "accepted_connections_total" "",
    /// Connections currently open.
    OpenConnections: gauge "open_connections" "",
    /// Calls of `mark_async`.
    Suspensions: counter "suspensions_total" "",
    /// Requests currently suspended.
    Suspended: gauge "suspended_requests" "",
    /// Suspensions ended by a resume.
    EndedResumed: counter "suspensions_ended_total" "{by=\"resumed\"}",
    /// Suspensions ended by the handler's `cancel_async`.
    EndedCancelled: counter "suspensions_ended_total" "{by=\"cancelled\"}",
    /// Suspensions ended by the drop of the pending request.
    EndedDropped: counter "suspensions_ended_total" "{by=\"dropped\"}",
    /// Suspensions ended by their deadline.
    EndedTimedOut: counter "suspensions_ended_total" "{by=\"timed_out\"}",
    /// Suspensions ended because the client disconnected or the handler panicked.
    EndedAbandoned: counter "suspensions_ended_total" "{by=\"abandoned\"}",
    /// Suspensions ended by the shutdown.
    EndedShutDown: counter "suspensions_ended_total" "{by=\"shut_down\"}",
    /// Resumes and drops of pending requests after the end of their request or event loop.
    LateResumes: counter "late_resumes_total" "",
    /// Failed `accept` calls, usually because the process is out of file descriptors.
    AcceptFailures: counter "accept_failures_total" "",
    /// Bytes of suspended requests, of responses that are not sent, and of requests being received.
    PendingBytes: gauge "pending_bytes" "",
    /// Connections closed because the client accepted no byte of a response in time.
    SendTimeouts: counter "send_timeouts_total" "",
    /// Timers of connections, those of closed ones included.
    Timers: gauge "timers" "",
    /// Iterations of event loops.
    LoopIterations: counter "loop_iterations_total" "",
    /// System calls that woke an event loop.
    WakeUps: counter "wake_ups_total" "",
}

/// A metric for Prometheus. Adjacent samples with the same name are a metric family.
struct Sample {
    metric: Metric,
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    help: &'static str,
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
        let mut family = "";
        for sample in SAMPLES {
            let Sample { name, label, .. } = sample;
            if *name != family {
                family = name;
                let help = match *label {
                    "" => sample.help.trim(),
                    _ => "Suspensions ended, by cause.",
                };
                writeln!(f, "# HELP http_resume_{name} {help}")?;
                writeln!(f, "# TYPE http_resume_{name} {}", sample.kind)?;
            }
            let total = self.total(sample.metric);
            writeln!(f, "http_resume_{name}{label} {total}")?;
        }
        Ok(())
    }
}

/// The counters of one event loop, on cache lines of their own so that event loops do not
/// slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters([AtomicU64; SAMPLES.len()]);

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

    /// Subtracts one from a gauge. Only the event loop's own thread may call this.
    pub(crate) fn uncount(&self, metric: Metric) {
        self.set(metric, self.get(metric) - 1);
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
        assert_eq!(values, (1000..1000 + SAMPLES.len()).collect::<Vec<_>>());
    }
}
