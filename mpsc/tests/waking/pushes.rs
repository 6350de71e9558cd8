//! Each way of pushing wakes the consumer once per park.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Waker};

use mpsc_queue::{
    AsyncQueue, Chain, Counted, Length, Receiver, SharedLink, WakeTarget, WakingQueue, linked,
};

use crate::{CountingWaker, Item, item};

type Push<W, L> = fn(&WakingQueue<Box<Item>, W, L>);

fn all_pushes<W: WakeTarget, L: Length>() -> [Push<W, L>; 4] {
    [
        |queue| queue.push(item(1)),
        |queue| assert!(queue.try_push(item(1)).is_ok()),
        |queue| queue.push_chain([item(1)].into_iter().collect()),
        |queue| queue.push_chain((1..4).map(item).collect()),
    ]
}

/// Checks when each way of pushing wakes the consumer. `park` leaves the consumer parked.
fn check_wakes<W: WakeTarget, L: Length>(
    queue: &WakingQueue<Box<Item>, W, L>,
    park: impl Fn(&mut Receiver<&WakingQueue<Box<Item>, W, L>>),
    wakes: impl Fn() -> usize,
) {
    let mut receiver = queue.receiver().unwrap();
    let mut parks = 0;
    for push in all_pushes() {
        push(queue);
        assert_eq!(wakes(), parks, "the consumer is awake");
        assert_ne!(receiver.drain(usize::MAX).count(), 0);

        park(&mut receiver);
        queue.push_chain(Chain::new());
        assert_eq!(wakes(), parks, "the chain is empty");
        push(queue);
        parks += 1;
        assert_eq!(wakes(), parks, "the consumer was parked");
        for push in all_pushes() {
            push(queue);
        }
        assert_eq!(wakes(), parks, "the consumer has been woken");
        assert_ne!(receiver.drain(usize::MAX).count(), 0);
    }
}

#[test]
fn every_push_calls_wake_once_per_park() {
    let waker = CountingWaker::default();
    check_wakes(
        &WakingQueue::with_waker(&waker),
        |receiver| mem::forget(receiver.park().unwrap()),
        || waker.wakes(),
    );
}

#[test]
fn every_push_to_counted_queue_calls_wake_once_per_park() {
    let waker = CountingWaker::default();
    let queue = WakingQueue::<_, _, Counted>::counted_with_waker(&waker);
    check_wakes(
        &queue,
        |receiver| mem::forget(receiver.park().unwrap()),
        || queue.waker().wakes(),
    );
    assert_eq!(queue.len(), 0);
    queue.push(item(1));
    assert_eq!((queue.len(), queue.is_empty()), (1, false));
}

#[test]
fn every_push_wakes_task_once_per_park() {
    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    check_wakes(
        &AsyncQueue::new(),
        |receiver| {
            let poll = receiver.poll_recv(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
        },
        || task.wakes(),
    );
}

#[test]
fn every_push_after_unpark_wakes_nothing() {
    let waker = CountingWaker::default();
    let queue = WakingQueue::with_waker(&waker);
    let mut receiver = queue.receiver().unwrap();
    for push in all_pushes() {
        assert!(receiver.park().unwrap().unpark());
        drop(receiver.park().unwrap());
        push(&queue);
        assert!(receiver.park().is_none(), "the queue is not empty");
        assert_ne!(receiver.drain(usize::MAX).count(), 0);
    }
    assert_eq!(waker.wakes(), 0);
}

#[test]
fn failed_try_push_does_not_wake() {
    #[derive(Default)]
    struct Shared {
        link: SharedLink,
    }
    linked!(Shared => link: SharedLink);

    let waker = CountingWaker::default();
    let queue = WakingQueue::with_waker(&waker);
    let mut receiver = queue.receiver().unwrap();
    let shared = Arc::new(Shared::default());
    let mut chain = Chain::new();
    chain.try_push(Arc::clone(&shared)).unwrap();

    let parked = receiver.park().unwrap();
    assert!(queue.try_push(shared).is_err(), "the item is in a chain");
    assert_eq!(waker.wakes(), 0);
    queue.push_chain(chain);
    assert_eq!(waker.wakes(), 1);
    assert!(!parked.unpark());
}

/// A pointer to a waker is a waker, and code can be generic over `WakeTarget`.
#[test]
fn pointers_to_wakers_wake() {
    fn park_and_push<W: mpsc_queue::Wake>(waker: W) {
        let queue = WakingQueue::with_waker(waker);
        let mut receiver = queue.receiver().unwrap();
        mem::forget(receiver.park().unwrap());
        all_pushes()[0](&queue);
    }
    let waker = Arc::new(CountingWaker::default());
    park_and_push(&*waker);
    park_and_push(Arc::clone(&waker));
    park_and_push(Box::new(Arc::clone(&waker)));
    park_and_push::<Arc<dyn mpsc_queue::Wake>>(waker.clone());
    assert_eq!(waker.wakes(), 4);
}
