//! A counting allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The system's allocator with counters, which are on only in the child processes that
/// count. While they are off, each call costs a load of a word that no thread writes to,
/// and a branch.
pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
/// Wraps around below 0 if blocks are freed that were allocated while the counters
/// were off. Only differences are used.
static BYTES: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: forwards each call to the system's allocator. `realloc` is the default
// implementation: it allocates, copies and frees. Relaxed: the counters order nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Ordering::Relaxed) {
            BYTES.fetch_add(layout.size(), Ordering::Relaxed);
            CALLS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller guarantees a layout of non-zero size.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ON.load(Ordering::Relaxed) {
            BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        // SAFETY: the caller guarantees that `alloc` returned the block for this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Returns the bytes that `work` leaves allocated, and how often it allocates.
pub(super) fn counted<R>(work: impl FnOnce() -> R) -> (R, usize, usize) {
    let (bytes, calls) = (load(&BYTES), load(&CALLS));
    ON.store(true, Ordering::Relaxed);
    let result = work();
    ON.store(false, Ordering::Relaxed);
    let (bytes, calls) = (load(&BYTES).wrapping_sub(bytes), load(&CALLS) - calls);
    (result, bytes, calls)
}

fn load(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}
