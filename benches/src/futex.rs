//! A bare futex.

use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A word that a thread can sleep on. Its lowest bit says that one does, the others
/// count.
pub(crate) struct Futex(AtomicU32);

const ASLEEP: u32 = 1;
const ONE: u32 = 2;

impl Futex {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Counts, and wakes one thread that sleeps on the word, if any.
    pub(crate) fn wake(&self) {
        // Pairs with the acquire in `wait_for_more`.
        self.0.fetch_add(ONE, Ordering::Release);
        self.call(libc::FUTEX_WAKE, 1);
    }

    /// Counts, and wakes the thread in `wait_for_more`, if it sleeps.
    pub(crate) fn count(&self) {
        // Pairs with the acquire in `wait_for_more`.
        let word = self.0.fetch_add(ONE, Ordering::Release);
        // The second is for one of several callers. Relaxed: it publishes nothing.
        if word & ASLEEP != 0 && self.0.fetch_and(!ASLEEP, Ordering::Relaxed) & ASLEEP != 0 {
            self.call(libc::FUTEX_WAKE, 1);
        }
    }

    /// Sleeps until more than `counted` have been counted. How many more.
    pub(crate) fn wait_for_more(&self, counted: u64) -> u64 {
        loop {
            // Pairs with the release in `count` and `wake`.
            let word = self.0.load(Ordering::Acquire);
            // The word may have wrapped around, but not twice.
            let more = (word & !ASLEEP).wrapping_sub((counted as u32).wrapping_mul(ONE)) / ONE;
            if more > 0 {
                return more.into();
            }
            // Pairs with the exchange in `count`: that sees the bit, or we its item.
            // Relaxed: it publishes nothing.
            self.0.fetch_or(ASLEEP, Ordering::Relaxed);
            self.call(libc::FUTEX_WAIT, word | ASLEEP);
        }
    }

    fn call(&self, operation: libc::c_int, value: u32) {
        let word = self.0.as_ptr();
        // SAFETY: the word outlives the call, which reads it, and wakes or becomes a
        // sleeper on it; without a time it sleeps as long as it takes.
        unsafe {
            let operation = operation | libc::FUTEX_PRIVATE_FLAG;
            let for_ever = ptr::null::<libc::timespec>();
            libc::syscall(libc::SYS_futex, word, operation, value, for_ever);
        }
    }
}
