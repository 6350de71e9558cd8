//! What the hardware takes for the indispensable part, and nothing around it.
//!
//! Each operation works on a pointer that is in a register already, and on a word
//! that has a cache line to itself: nothing is allocated, loaded or looked up.

use std::collections::VecDeque;
use std::hint::black_box;
use std::ptr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::contestant::Payload;
use crate::contestants::List;
use crate::cores;

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
    on(threads, items, |_, _| {
        let mut item = 0_u64;
        // Pairs with the same on another thread.
        black_box(word.swap(black_box(&raw mut item), Ordering::AcqRel));
    })
}

/// Pushes of several threads into a list: each also writes into the node that was
/// pushed before, mostly another thread's. No linked queue does less.
pub(crate) fn swap_and_link_on(threads: usize, items: u64) -> Duration {
    const NODES: usize = 2000;
    let nodes: Vec<_> = (0..threads * NODES)
        .map(|_| CachePadded::new(AtomicUsize::new(0)))
        .collect();
    let newest = CachePadded::new(AtomicUsize::new(0));
    on(threads, items, |thread, turn| {
        let node = thread * NODES + turn as usize % NODES;
        // Relaxed: published by the swap.
        nodes[node].store(0, Ordering::Relaxed);
        // Pairs with the same on another thread.
        let previous = newest.swap(node, Ordering::AcqRel);
        // As a push does it; nobody reads it here.
        nodes[previous].store(node, Ordering::Release);
    })
}

/// Tickets of several threads, `items` in all.
pub(crate) fn fetch_add_on(threads: usize, items: u64) -> Duration {
    let word = CachePadded::new(AtomicU64::new(0));
    on(threads, items, |_, _| {
        // Pairs with the same on another thread.
        black_box(word.fetch_add(1, Ordering::AcqRel));
    })
}

/// A pop of a heap object: a walk along a list that nobody else knows of.
pub(crate) fn list_walk(items: u64) -> Duration {
    let mut list = List::new();
    laps(items, &mut list, List::push, List::pop)
}

/// A pop of a small value: a walk along a ring, likewise.
pub(crate) fn ring_walk(items: u64) -> Duration {
    let mut ring = VecDeque::<u64>::new();
    laps(items, &mut ring, VecDeque::push_back, VecDeque::pop_front)
}

/// Fills a container with as many items as a core's cache holds, and times how they
/// are taken out and read, again and again.
fn laps<T: Payload, C>(
    items: u64,
    container: &mut C,
    push: fn(&mut C, T),
    pop: impl Fn(&mut C) -> Option<T>,
) -> Duration {
    const LAP: u64 = 4000;
    let mut stock: Vec<T> = (0..LAP).map(T::new).collect();
    let lap = |_| {
        stock.drain(..).for_each(|item| push(container, item));
        let start = Instant::now();
        while let Some(item) = pop(container) {
            black_box(item.value());
            stock.push(item);
        }
        start.elapsed()
    };
    (0..items.div_ceil(LAP)).map(lap).sum()
}

/// `operation` is told which thread it is on, and how often it was called there.
fn on(threads: usize, items: u64, operation: impl Fn(usize, u64) + Sync) -> Duration {
    let each = items / threads as u64;
    let barrier = Barrier::new(threads);
    let spans = thread::scope(|scope| {
        let (barrier, operation) = (&barrier, &operation);
        let work = |number| {
            if threads <= cores::count() {
                cores::pin(number);
            }
            barrier.wait();
            let start = Instant::now();
            (0..each).for_each(|turn| operation(number, turn));
            (start, Instant::now())
        };
        let threads: Vec<_> = (0..threads)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
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
