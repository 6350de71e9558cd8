//! Points at which a test can run code within a push or a receive. Exists under
//! `--cfg mpsc_fail_point` only.

use std::boxed::Box;
use std::cell::Cell;

type Code = Cell<Option<Box<dyn FnOnce()>>>;

std::thread_local! {
    static GAP: Code = const { Cell::new(None) };
    static DEADLINE: Code = const { Cell::new(None) };
}

/// Runs `code` in the next push of this thread, once, between its exchange and its link
/// store, or, in a gap-free queue, between its compare-exchange and its wake-up. A push that
/// the gap-free form refuses does not run it. `code` must not unwind.
pub fn in_next_gap(code: impl FnOnce() + 'static) {
    GAP.set(Some(Box::new(code)));
}

/// Runs `code` the next time that a receive with a deadline is about to time out on this
/// thread, once, before the receive unparks the consumer.
pub fn at_next_deadline(code: impl FnOnce() + 'static) {
    DEADLINE.set(Some(Box::new(code)));
}

pub(crate) fn gap() {
    if let Some(code) = GAP.take() {
        code();
    }
}

#[cfg(feature = "std")]
pub(crate) fn deadline() {
    if let Some(code) = DEADLINE.take() {
        code();
    }
}
