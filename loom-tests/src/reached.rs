//! Cases that some execution of a model must reach.

use std::env;
use std::sync::Arc;
// Not loom's: the notes must outlive each execution.
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of times that the executions of a model reached each of several cases. Clones
/// share the numbers.
#[derive(Clone, Debug)]
pub struct Reached<const N: usize> {
    cases: [&'static str; N],
    times: Arc<[AtomicUsize; N]>,
}

impl<const N: usize> Reached<N> {
    /// Creates a record of these cases.
    #[must_use]
    pub fn new(cases: [&'static str; N]) -> Self {
        Self {
            cases,
            times: Arc::new([(); N].map(|()| AtomicUsize::new(0))),
        }
    }

    /// Notes that this execution has reached a case.
    pub fn note(&self, case: usize) {
        self.times[case].fetch_add(1, Ordering::Relaxed);
    }

    /// Asserts that exactly these cases were reached, unless the environment restricts the
    /// exploration.
    pub fn assert_reached(&self, cases: &[usize]) {
        let is_restricted = |name: String| name.starts_with("LOOM_MAX") || name == "LOOM_NO_FLOOR";
        if env::vars().any(|(name, _)| is_restricted(name)) {
            return;
        }
        for (case, name) in self.cases.iter().enumerate() {
            let times = self.times[case].load(Ordering::Relaxed);
            assert_eq!(times > 0, cases.contains(&case), "{name}: {times} times");
        }
    }
}
