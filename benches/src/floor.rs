//! Floors: the cost of the indispensable part of a push or a pop on this machine.
//!
//! Each operation works on a pointer in a register and on a word with a cache line to
//! itself. Nothing is allocated, loaded or looked up.

use std::hint::black_box;
use std::ptr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::payload::{Container, Payload};
use papers::cores;

/// Measures a push into an empty queue and the pop of the last item.
pub(crate) fn swap_and_compare_exchange(items: u64) -> Duration {
    let word = CachePadded::new(AtomicPtr::new(ptr::null_mut()));
    let mut item = 0_u64;
    let item = black_box(&raw mut item);
    timed(items, || {
        // The two operations pair with each other, as a queue's do.
        black_box(word.swap(item, Ordering::AcqRel));
        let taken =
            word.compare_exchange(item, ptr::null_mut(), Ordering::Release, Ordering::Relaxed);
        black_box(taken.is_ok());
    })
}

/// Measures a push.
pub(crate) fn swap(items: u64) -> Duration {
    swap_on(1, items)
}

/// Measures taking a ticket.
pub(crate) fn fetch_add(items: u64) -> Duration {
    fetch_add_on(1, items)
}

/// Measures pushes of several threads, `items` in all.
pub(crate) fn swap_on(threads: usize, items: u64) -> Duration {
    on(threads, items, swaps())
}

/// Measures pushes of several threads into a list.
pub(crate) fn swap_and_link_on(threads: usize, items: u64) -> Duration {
    on(threads, items, linking_swaps(threads))
}

/// Measures taking tickets on several threads, `items` in all.
pub(crate) fn fetch_add_on(threads: usize, items: u64) -> Duration {
    on(threads, items, fetch_adds())
}

/// Returns the push of a thread, as [`on`] calls it.
pub(crate) fn swaps() -> impl Fn(usize, u64) + Sync {
    let word = CachePadded::new(AtomicPtr::new(ptr::null_mut()));
    move |_, _| {
        let mut item = 0_u64;
        // Pairs with the swap of another thread.
        black_box(word.swap(black_box(&raw mut item), Ordering::AcqRel));
    }
}

/// Returns the push of a thread into a list. Each push also writes to the node pushed before,
/// mostly another thread's; a queue that links forward does no less for a single push.
pub(crate) fn linking_swaps(threads: usize) -> impl Fn(usize, u64) + Sync {
    const NODES: usize = 2000;
    let nodes: Vec<_> = (0..threads * NODES)
        .map(|_| CachePadded::new(AtomicUsize::new(0)))
        .collect();
    let newest = CachePadded::new(AtomicUsize::new(0));
    move |thread, iteration| {
        let node = thread * NODES + iteration as usize % NODES;
        // Relaxed: published by the swap.
        nodes[node].store(0, Ordering::Relaxed);
        // Pairs with the swap of another thread.
        let previous = newest.swap(node, Ordering::AcqRel);
        // Release, as in a push, although no consumer reads the link here.
        nodes[previous].store(node, Ordering::Release);
    }
}

/// Returns the taking of a ticket by a thread.
pub(crate) fn fetch_adds() -> impl Fn(usize, u64) + Sync {
    let word = CachePadded::new(AtomicU64::new(0));
    move |_, _| {
        // Pairs with the `fetch_add` of another thread.
        black_box(word.fetch_add(1, Ordering::AcqRel));
    }
}

/// Measures pops: repeatedly fills a container that no other thread knows of with as
/// many items as a core's cache holds, and times removing them and calling `each` with them.
pub(crate) fn walk<T: Payload>(items: u64, mut each: impl FnMut(&T)) -> Duration {
    const ITEMS: u64 = 4000;
    let mut container = T::Container::default();
    let mut stock: Vec<T> = (0..ITEMS).map(T::new).collect();
    let iteration = |_| {
        stock.drain(..).for_each(|item| container.push(item));
        let start = Instant::now();
        while let Some(item) = container.pop() {
            each(&item);
            stock.push(item);
        }
        start.elapsed()
    };
    (0..items.div_ceil(ITEMS)).map(iteration).sum()
}

/// Calls `operation` from several threads, `items` times in all, with the number of the
/// thread and of the iteration. Returns the time from the first call to the last.
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
            (0..each).for_each(|iteration| operation(number, iteration));
            (start, Instant::now())
        };
        let threads: Vec<_> = (0..threads)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        let spans = threads
            .into_iter()
            .map(|thread| thread.join().expect("the thread does not panic"));
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

/// Measures wake-ups through an eventfd that no thread waits for.
#[cfg(target_os = "linux")]
pub(crate) fn eventfd_write(times: u64) -> Duration {
    let event = crate::eventfd::Event::new();
    timed(times, || event.notify())
}

/// Measures wake-ups through a futex that no thread waits for.
#[cfg(target_os = "linux")]
pub(crate) fn futex_wake(times: u64) -> Duration {
    let futex = papers::futex::Futex::new();
    timed(times, || futex.wake())
}
