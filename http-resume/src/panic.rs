//! Containment of panics in user code.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs user code. Returns `None` if it panics; the panic hook has reported the panic then.
pub(crate) fn catch_panic<T>(code: impl FnOnce() -> T) -> Option<T> {
    // Unwind safety: the state that `code` worked on is dropped or answered with 500.
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // Dropping the payload could panic again, and so could dropping the next one.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                mem::forget(payload);
            }
            None
        }
    }
}
