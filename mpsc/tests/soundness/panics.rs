//! Panics in destructors and wakers.

use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Chain, Link, Queue, Wake, WakingQueue, linked};

use crate::{item, push};

/// An item that counts its drops. The destructor of the third panics.
struct Bomb {
    link: Link,
    explodes: bool,
    drops: Arc<AtomicUsize>,
}
linked!(Bomb => link: Link);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        assert!(!self.explodes, "the destructor panics");
    }
}

fn five_bombs(drops: &Arc<AtomicUsize>) -> impl Iterator<Item = Box<Bomb>> {
    (0..5).map(|number| {
        Box::new(Bomb {
            link: Link::new(),
            explodes: number == 2,
            drops: Arc::clone(drops),
        })
    })
}

#[test]
fn panic_in_queue_drop_leaks_rest() {
    let drops = Arc::default();
    let queue = Queue::new();
    five_bombs(&drops).for_each(|bomb| push(&queue, bomb));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(queue))).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 3, "no item is dropped twice");
}

#[test]
fn panic_in_chain_drop_leaks_rest() {
    let drops = Arc::default();
    let chain: Chain<_> = five_bombs(&drops).collect();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(chain))).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 3, "no item is dropped twice");
}

#[test]
fn panic_between_pops_loses_no_item() {
    let drops = Arc::default();
    let queue = Queue::new();
    five_bombs(&drops).for_each(|bomb| push(&queue, bomb));
    let mut consumer = queue.consumer().unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| consumer.drain(9).for_each(drop)));
    assert!(result.is_err());
    assert_eq!(consumer.drain(9).count(), 2);
    assert_eq!(drops.load(Ordering::Relaxed), 5);
}

struct Panicking;

impl Wake for Panicking {
    fn wake(&self) {
        panic!("the waker panics");
    }
}

impl std::task::Wake for Panicking {
    fn wake(self: Arc<Self>) {
        panic!("the waker panics");
    }
}

#[test]
fn panic_in_task_waker_loses_no_item() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let waker = Waker::from(Arc::new(Panicking));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_recv(&mut context).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| queue.push(item(1)))).is_err());
    let poll = receiver.poll_recv(&mut context);
    assert!(matches!(poll, Poll::Ready(item) if item.number == 1));
}

#[test]
fn panic_in_wake_loses_no_item() {
    let queue = WakingQueue::with_waker(Panicking);
    let mut receiver = queue.receiver().unwrap();
    let parked = receiver.park().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| queue.push(item(1)))).is_err());
    assert!(!parked.unpark(), "the push is complete");
    assert_eq!(receiver.pop_blocking().map(|item| item.number), Some(1));
}

#[test]
fn queues_and_chains_are_unwind_safe() {
    fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    struct Call {
        link: Link,
        _function: Box<dyn FnOnce() + Send>,
    }
    linked!(Call => link: Link);
    unwind_safe::<Queue<Box<Call>>>();
    unwind_safe::<Chain<Box<Call>>>();
    unwind_safe::<AsyncQueue<Box<Call>>>();
}
