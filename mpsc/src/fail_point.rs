//! A place to stop a producer in, to test what everybody else does meanwhile. It
//! exists under `--cfg mpsc_fail_point` only.

use std::boxed::Box;
use std::cell::Cell;

std::thread_local! {
    static NEXT: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

/// Runs `code` in the next push of this thread, once, between its exchange and its
/// link. It must not unwind.
pub fn in_next_gap(code: impl FnOnce() + 'static) {
    NEXT.set(Some(Box::new(code)));
}

/// Called by every push in its gap.
pub(crate) fn gap() {
    if let Some(code) = NEXT.take() {
        code();
    }
}
