//! The time-stamp counter of the processor, which takes less time to read than a clock.

use std::arch::x86_64::_rdtsc;
use std::hint::spin_loop;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Returns the number of ticks since some moment.
#[inline]
pub(crate) fn now() -> u64 {
    // SAFETY: reads a counter, which every processor of this kind has.
    unsafe { _rdtsc() }
}

/// Returns the ticks of this duration.
pub(crate) fn of(duration: Duration) -> u64 {
    (duration.as_nanos() as f64 * per_nanosecond()) as u64
}

pub(crate) fn to_nanoseconds(ticks: u64) -> f64 {
    ticks as f64 / per_nanosecond()
}

/// Measures the rate of the counter once per process.
fn per_nanosecond() -> f64 {
    static RATE: OnceLock<f64> = OnceLock::new();
    *RATE.get_or_init(|| {
        let (clock, ticks) = (Instant::now(), now());
        while clock.elapsed() < Duration::from_millis(50) {
            spin_loop();
        }
        (now() - ticks) as f64 / clock.elapsed().as_nanos() as f64
    })
}
