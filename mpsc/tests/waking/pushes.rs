//! Each way of pushing wakes the consumer once per park.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Waker};

use mpsc_queue::{
    AsyncQueue, Chain, Counted, Form, Receiver, SharedLink, TryPushError, WakeTarget, WakingQueue,
    linked,
};

use crate::{CountingWaker, Item, item};

test_each_form! {
    every_push_calls_wake_once_per_park
    every_push_to_counted_queue_calls_wake_once_per_park
    every_push_wakes_task_once_per_park
    every_push_after_unpark_wakes_nothing
    every_refused_push_wakes_nothing
    failed_try_push_does_not_wake
    pointers_to_wakers_wake
}

type Push<W, F> = fn(&WakingQueue<Box<Item>, W, F>);

fn all_pushes<W: WakeTarget, F: Form>() -> [Push<W, F>; 4] {
    [
        |queue| queue.push(item(1)).unwrap(),
        |queue| queue.try_push(item(1)).unwrap(),
        |queue| queue.push_chain([item(1)].into_iter().collect()).unwrap(),
        |queue| queue.push_chain((1..4).map(item).collect()).unwrap(),
    ]
}

/// Checks when each way of pushing wakes the consumer. `park` leaves the consumer parked.
fn check_wakes<W: WakeTarget, F: Form>(
    queue: &WakingQueue<Box<Item>, W, F>,
    park: impl Fn(&mut Receiver<&WakingQueue<Box<Item>, W, F>>),
    wakes: impl Fn() -> usize,
) {
    let mut receiver = queue.receiver().unwrap();
    let mut parks = 0;
    for push in all_pushes() {
        push(queue);
        assert_eq!(wakes(), parks, "the consumer is awake");
        assert_ne!(receiver.drain(usize::MAX).count(), 0);

        park(&mut receiver);
        queue.push_chain(Chain::new()).unwrap();
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

fn every_push_calls_wake_once_per_park<F: Form>() {
    let waker = CountingWaker::default();
    check_wakes(
        &WakingQueue::with_form_and_waker(F::default(), &waker),
        |receiver| mem::forget(receiver.park().unwrap()),
        || waker.wakes(),
    );
}

fn every_push_to_counted_queue_calls_wake_once_per_park<F: Form>() {
    let waker = CountingWaker::default();
    let queue = WakingQueue::with_form_and_waker(Counted(F::default()), &waker);
    check_wakes(
        &queue,
        |receiver| mem::forget(receiver.park().unwrap()),
        || queue.waker().wakes(),
    );
    assert_eq!(queue.len(), 0);
    queue.push(item(1)).unwrap();
    assert_eq!((queue.len(), queue.is_empty()), (1, false));
}

fn every_push_wakes_task_once_per_park<F: Form>() {
    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    check_wakes(
        &AsyncQueue::with_form(F::default()),
        |receiver| {
            let poll = receiver.poll_pop(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
        },
        || task.wakes(),
    );
}

fn every_push_after_unpark_wakes_nothing<F: Form>() {
    let waker = CountingWaker::default();
    let queue = WakingQueue::with_form_and_waker(F::default(), &waker);
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

/// The consumer is parked when it closes the queue.
fn every_refused_push_wakes_nothing<F: Form>() {
    let waker = CountingWaker::default();
    let queue = WakingQueue::with_form_and_waker(F::default(), &waker);
    let mut receiver = queue.receiver().unwrap();
    mem::forget(receiver.park().unwrap());
    receiver.close();
    queue.push(item(1)).unwrap_err();
    queue.try_push(item(1)).unwrap_err();
    queue.push_chain((1..4).map(item).collect()).unwrap_err();
    assert!(receiver.park().is_none(), "the queue is closed");
    assert_eq!(waker.wakes(), 0);
}

fn failed_try_push_does_not_wake<F: Form>() {
    #[derive(Default)]
    struct Shared {
        link: SharedLink,
    }
    linked!(Shared => link: SharedLink);

    let waker = CountingWaker::default();
    let queue = WakingQueue::with_form_and_waker(F::default(), &waker);
    let mut receiver = queue.receiver().unwrap();
    let shared = Arc::new(Shared::default());
    let mut chain = Chain::new();
    chain.try_push(Arc::clone(&shared)).unwrap();

    let parked = receiver.park().unwrap();
    let error = queue.try_push(shared);
    assert!(matches!(error, Err(TryPushError::AlreadyQueued(_))));
    assert_eq!(waker.wakes(), 0);
    queue.push_chain(chain).unwrap();
    assert_eq!(waker.wakes(), 1);
    assert!(!parked.unpark());
}

/// A pointer to a waker is a waker, and code can be generic over `WakeTarget`.
fn pointers_to_wakers_wake<F: Form>() {
    fn park_and_push<W: mpsc_queue::Wake, F: Form>(waker: W) {
        let queue = WakingQueue::with_form_and_waker(F::default(), waker);
        let mut receiver = queue.receiver().unwrap();
        mem::forget(receiver.park().unwrap());
        all_pushes()[0](&queue);
    }
    let waker = Arc::new(CountingWaker::default());
    park_and_push::<_, F>(&*waker);
    park_and_push::<_, F>(Arc::clone(&waker));
    park_and_push::<_, F>(Box::new(Arc::clone(&waker)));
    park_and_push::<Arc<dyn mpsc_queue::Wake>, F>(waker.clone());
    assert_eq!(waker.wakes(), 4);
}
