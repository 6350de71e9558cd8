//! A bare futex.

use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A word that a thread can sleep on. The lowest bit is set while a thread sleeps; the
/// other bits are a counter.
pub struct Futex(AtomicU32);

const ASLEEP: u32 = 1;
const ONE: u32 = 2;

impl Default for Futex {
    fn default() -> Self {
        Self::new()
    }
}

impl Futex {
    /// Creates a word whose counter is 0.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Increments the counter, and calls the kernel to wake a thread even if none sleeps.
    pub fn wake(&self) {
        // Pairs with the acquire in `wait_for_more`.
        self.0.fetch_add(ONE, Ordering::Release);
        self.call(libc::FUTEX_WAKE, 1);
    }

    /// Increments the counter, and wakes the thread in `wait_for_more` if it sleeps.
    pub fn count(&self) {
        // Pairs with the acquire in `wait_for_more`.
        let word = self.0.fetch_add(ONE, Ordering::Release);
        // The `fetch_and` elects one of several callers. Relaxed: it publishes nothing.
        if word & ASLEEP != 0 && self.0.fetch_and(!ASLEEP, Ordering::Relaxed) & ASLEEP != 0 {
            self.call(libc::FUTEX_WAKE, 1);
        }
    }

    /// Sleeps until the counter exceeds `counted`, and returns by how much.
    pub fn wait_for_more(&self, counted: u64) -> u64 {
        loop {
            // Pairs with the release in `count` and `wake`.
            let word = self.0.load(Ordering::Acquire);
            // The counter may have wrapped around, but not twice.
            let more = (word & !ASLEEP).wrapping_sub((counted as u32).wrapping_mul(ONE)) / ONE;
            if more > 0 {
                return more.into();
            }
            // Pairs with the `fetch_add` in `count`: either that sees the bit, or the
            // word differs from the expected one and the wait returns immediately.
            // Relaxed: it publishes nothing.
            self.0.fetch_or(ASLEEP, Ordering::Relaxed);
            self.call(libc::FUTEX_WAIT, word | ASLEEP);
        }
    }

    /// Returns the number of wake-ups so far, modulo 2 to the 31st.
    #[must_use]
    pub fn wake_ups(&self) -> u64 {
        // Acquire pairs with the release in `count` and `wake`, as in `wait_for_more`.
        (self.0.load(Ordering::Acquire) / ONE).into()
    }

    /// Returns `true` if a thread sleeps in `wait_for_more`, or is about to. Stays `true` after
    /// [`wake`](Self::wake).
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        // Relaxed: publishes nothing.
        self.0.load(Ordering::Relaxed) & ASLEEP != 0
    }

    fn call(&self, operation: libc::c_int, value: u32) {
        let word = self.0.as_ptr();
        // SAFETY: `word` is valid during the call, which only reads it; a null timeout
        // means no time limit.
        unsafe {
            let operation = operation | libc::FUTEX_PRIVATE_FLAG;
            let no_timeout = ptr::null::<libc::timespec>();
            libc::syscall(libc::SYS_futex, word, operation, value, no_timeout);
        }
    }
}
