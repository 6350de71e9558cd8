//! A bare futex.

use std::sync::atomic::{AtomicU32, Ordering};

/// A word that a thread can sleep on.
pub(crate) struct Futex(AtomicU32);

impl Futex {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Wakes one thread that sleeps on the word, if any.
    pub(crate) fn wake(&self) {
        // Pairs with the acquire of whoever looks at the word before it sleeps.
        self.0.fetch_add(1, Ordering::Release);
        // SAFETY: the word outlives the call, which only looks for sleepers on it.
        unsafe {
            let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
            libc::syscall(libc::SYS_futex, self.0.as_ptr(), operation, 1);
        }
    }
}
