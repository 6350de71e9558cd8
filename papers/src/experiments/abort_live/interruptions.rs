//! Times in which the kernel ran another thread in place of this one.

use std::mem;
use std::time::Duration;

use crate::experiments::ticks;

/// Interruptions are looked up after longer times only, because that is a system call. A thread of the
/// kernel that runs for less is not noticed, and is then counted in the next longer time.
const SHORT: Duration = Duration::from_micros(10);

/// Tells whether this thread was preempted, for times that are long enough for it.
pub(super) struct Interruptions {
    short: u64,
    count: i64,
}

impl Interruptions {
    pub(super) fn new() -> Self {
        Self {
            short: ticks::of(SHORT),
            count: count(),
        }
    }

    /// Returns `true` if this thread was preempted in the last so many ticks. Each time of this
    /// thread must be passed once, so that no earlier interruption is taken for one of these.
    #[inline]
    pub(super) fn are_within(&mut self, ticks: u64) -> bool {
        ticks > self.short && self.is_new()
    }

    #[cold]
    fn is_new(&mut self) -> bool {
        let before = mem::replace(&mut self.count, count());
        self.count != before
    }
}

/// Returns how often the kernel ran another thread although this one could have gone on. A yield counts
/// if another thread was ready.
fn count() -> i64 {
    // SAFETY: all zeroes is a valid `rusage`, and the pointer to it is valid during the call.
    unsafe {
        let mut usage: libc::rusage = mem::zeroed();
        let failed = libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
        assert_eq!(failed, 0, "the kernel counts for each thread");
        usage.ru_nivcsw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_time_is_not_looked_up() {
        let mut interruptions = Interruptions::new();
        interruptions.count = -1; // as if there had been some since
        assert!(!interruptions.are_within(ticks::of(SHORT)));
        assert!(interruptions.are_within(ticks::of(SHORT) + 1));
        assert_eq!(interruptions.count, count());
    }
}
