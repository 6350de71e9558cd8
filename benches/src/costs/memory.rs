//! The allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The system's allocator, with counters that are off unless a child process asks
/// for them. Off, each call costs a load and a branch, on a line nobody writes to.
pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
/// Wraps around below 0 if older blocks are freed: only differences count.
static BYTES: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes on to the system's allocator what it is asked. (The counters order
// nothing, so relaxed. `realloc` is the default one: an allocation, a copy, a free.)
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Ordering::Relaxed) {
            BYTES.fetch_add(layout.size(), Ordering::Relaxed);
            CALLS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ON.load(Ordering::Relaxed) {
            BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Bytes that `work` leaves allocated, and how often it allocates.
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
