//! What the hardware takes for the indispensable part, and nothing around it.
//!
//! Each operation works on a pointer that is in a register already, and on a word
//! that has a cache line to itself: nothing is allocated, loaded or looked up.

use std::collections::VecDeque;
use std::hint::black_box;
use std::iter;
use std::ptr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::contestant::Payload;
use crate::contestants::List;

/// A push into an empty queue, and the pop of the last item.
pub(crate) fn swap_and_compare_exchange(items: u64) -> Duration {
    let word = CachePadded::new(AtomicPtr::new(ptr::null_mut()));
    let mut item = 0_u64;
    let item = black_box(&raw mut item);
    timed(items, || {
        // Pair with each other: what a queue's own do.
        black_box(word.swap(item, Ordering::AcqRel));
        let taken =
            word.compare_exchange(item, ptr::null_mut(), Ordering::Release, Ordering::Relaxed);
        black_box(taken.is_ok());
    })
}

/// A push.
pub(crate) fn swap(items: u64) -> Duration {
    swap_on(1, items)
}

/// A ticket.
pub(crate) fn fetch_add(items: u64) -> Duration {
    fetch_add_on(1, items)
}

/// Pushes of several threads, `items` in all.
pub(crate) fn swap_on(threads: usize, items: u64) -> Duration {
    let word = CachePadded::new(AtomicPtr::new(ptr::null_mut()));
    on(threads, items, || {
        let mut item = 0_u64;
        // Pairs with the same on another thread.
        black_box(word.swap(black_box(&raw mut item), Ordering::AcqRel));
    })
}

/// Tickets of several threads, `items` in all.
pub(crate) fn fetch_add_on(threads: usize, items: u64) -> Duration {
    let word = CachePadded::new(AtomicU64::new(0));
    on(threads, items, || {
        // Pairs with the same on another thread.
        black_box(word.fetch_add(1, Ordering::AcqRel));
    })
}

/// A pop of a heap object: a walk along a list that nobody else knows of.
pub(crate) fn list_walk(items: u64) -> Duration {
    let mut list = List::new();
    (0..items).for_each(|item| list.push(Payload::new(item)));
    drained(items, || list.pop())
}

/// A pop of a small value: a walk along a ring, likewise.
pub(crate) fn ring_walk(items: u64) -> Duration {
    let mut ring: VecDeque<u64> = (0..items).collect();
    drained(items, || ring.pop_front())
}

fn drained<T>(items: u64, pop: impl FnMut() -> Option<T>) -> Duration {
    let mut got = Vec::with_capacity(items as usize);
    let start = Instant::now();
    got.extend(iter::from_fn(pop));
    let elapsed = start.elapsed();
    black_box(got);
    elapsed
}

fn on(threads: usize, items: u64, operation: impl Fn() + Sync) -> Duration {
    let each = items / threads as u64;
    if threads == 1 {
        return timed(each, operation);
    }
    let barrier = Barrier::new(threads);
    let spans = thread::scope(|scope| {
        let work = || {
            barrier.wait();
            let start = Instant::now();
            (0..each).for_each(|_| operation());
            (start, Instant::now())
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let spans = threads
            .into_iter()
            .map(|thread| thread.join().expect("it does not panic"));
        spans.collect::<Vec<_>>()
    });
    let start = spans.iter().map(|span| span.0).min();
    let end = spans.iter().map(|span| span.1).max();
    end.zip(start)
        .map_or(Duration::ZERO, |(end, start)| end - start)
}

fn timed(times: u64, operation: impl Fn()) -> Duration {
    let start = Instant::now();
    (0..times).for_each(|_| operation());
    start.elapsed()
}

/// A wake-up through an eventfd that nobody waits for.
#[cfg(target_os = "linux")]
pub(crate) fn eventfd_write(times: u64) -> Duration {
    let event = crate::eventfd::Event::new();
    timed(times, || event.notify())
}

/// A wake-up through a futex that nobody waits for.
#[cfg(target_os = "linux")]
pub(crate) fn futex_wake(times: u64) -> Duration {
    let futex = crate::futex::Futex::new();
    timed(times, || futex.wake())
}
