//! Panics in destructors and wakers.

use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Chain, Form, Link, Pop, Queue, Wake, WakingQueue, channel, linked};

use crate::{item, push};

test_each_form! {
    panic_in_queue_drop_drops_rest
    panic_in_drop_of_closed_queue_drops_rest
    panic_in_drop_of_channel_receiver_drops_rest
    panic_between_pops_loses_no_item
    panic_in_task_waker_loses_no_item
    panic_in_wake_loses_no_item
    queues_and_channels_are_unwind_safe
}

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

fn panic_in_queue_drop_drops_rest<F: Form>() {
    let drops = Arc::default();
    let queue = Queue::<_, F>::default();
    five_bombs(&drops).for_each(|bomb| push(&queue, bomb));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(queue))).is_err());
    assert_eq!(
        drops.load(Ordering::Relaxed),
        5,
        "each item is dropped once"
    );
}

/// Before the close, the consumer has taken none or one of the items.
fn panic_in_drop_of_closed_queue_drops_rest<F: Form>() {
    for pops in 0..2 {
        let drops = Arc::default();
        let queue = Queue::<_, F>::default();
        five_bombs(&drops).for_each(|bomb| push(&queue, bomb));
        let mut consumer = queue.consumer().unwrap();
        (0..pops).for_each(|_| drop(consumer.pop()));
        consumer.close();
        drop(consumer);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(queue))).is_err());
        assert_eq!(
            drops.load(Ordering::Relaxed),
            5,
            "each item is dropped once"
        );
    }
}

fn panic_in_drop_of_channel_receiver_drops_rest<F: Form>() {
    let drops = Arc::default();
    let (sender, receiver) = channel::with_form(F::default());
    five_bombs(&drops).for_each(|bomb| sender.send(bomb).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(receiver))).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 5);
    assert!(sender.is_closed(), "the receiver is gone all the same");
    let mut bombs = five_bombs(&drops);
    assert!(sender.send(bombs.next().unwrap()).is_err());
}

#[test]
fn panic_in_chain_drop_drops_rest() {
    let drops = Arc::default();
    let chain: Chain<_> = five_bombs(&drops).collect();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(chain))).is_err());
    assert_eq!(
        drops.load(Ordering::Relaxed),
        5,
        "each item is dropped once"
    );
}

fn panic_between_pops_loses_no_item<F: Form>() {
    let drops = Arc::default();
    let queue = Queue::<_, F>::default();
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

fn panic_in_task_waker_loses_no_item<F: Form>() {
    let queue = AsyncQueue::<_, F>::default();
    let mut receiver = queue.receiver().unwrap();
    let waker = Waker::from(Arc::new(Panicking));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| queue.push(item(1)))).is_err());
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 1));
}

fn panic_in_wake_loses_no_item<F: Form>() {
    let queue = WakingQueue::with_form_and_waker(F::default(), Panicking);
    let mut receiver = queue.receiver().unwrap();
    let parked = receiver.park().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| queue.push(item(1)))).is_err());
    assert!(!parked.unpark(), "the push is complete");
    assert_eq!(receiver.pop_blocking().map(|item| item.number), Some(1));
}

fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}

/// An item that is not itself unwind safe.
struct Call {
    link: Link,
    _function: Box<dyn FnOnce() + Send>,
}
linked!(Call => link: Link);

fn queues_and_channels_are_unwind_safe<F: Form + UnwindSafe + RefUnwindSafe>() {
    unwind_safe::<Queue<Box<Call>, F>>();
    unwind_safe::<AsyncQueue<Box<Call>, F>>();
    unwind_safe::<channel::Sender<Box<Call>, F>>();
    unwind_safe::<channel::Receiver<Box<Call>, F>>();
}

#[test]
fn chains_are_unwind_safe() {
    unwind_safe::<Chain<Box<Call>>>();
}
