//! Wakers and destructors that push to the queue that runs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Closed, Form, Link, Pop, Queue, Receiver, linked};

use crate::{Item, item};

test_each_form! {
    wakers_can_push_when_woken_and_dropped
    items_can_push_when_dropped
    items_can_push_to_closed_queue_when_dropped
}

/// A task that pushes to its own queue when it is woken and when it is dropped.
struct PushingTask<F: Form> {
    queue: Arc<AsyncQueue<Box<Item>, F>>,
    wakes: AtomicUsize,
}

impl<F: Form> std::task::Wake for PushingTask<F> {
    fn wake(self: Arc<Self>) {
        if self.wakes.fetch_add(1, Ordering::Relaxed) < 2 {
            self.queue.push(item(100)).unwrap();
        }
    }
}

impl<F: Form> Drop for PushingTask<F> {
    fn drop(&mut self) {
        self.queue.push(item(200)).unwrap();
    }
}

fn wakers_can_push_when_woken_and_dropped<F: Form>() {
    let queue = Arc::new(AsyncQueue::<_, F>::default());
    let mut receiver = Receiver::owned(Arc::clone(&queue)).unwrap();
    let mut received = Vec::new();
    for round in 0..4 {
        let waker = Waker::from(Arc::new(PushingTask {
            queue: Arc::clone(&queue),
            wakes: AtomicUsize::new(0),
        }));
        // Stores the waker, or replaces an earlier one and drops that.
        while let Poll::Ready(pop) = receiver.poll_pop(&mut Context::from_waker(&waker)) {
            received.push(pop.into_item().unwrap().number);
        }
        if round % 2 == 1 {
            queue.push(item(round)).unwrap(); // wakes the task, which pushes
        }
    }
    drop(receiver);
    let mut receiver = queue.receiver().unwrap();
    received.extend(receiver.drain(usize::MAX).map(|item| item.number));
    let count = |number| received.iter().filter(|&&n| n == number).count();
    assert_eq!((count(1), count(3), count(100), count(200)), (1, 1, 2, 4));
}

/// An item that pushes another one to its own queue when it is dropped.
struct Parent<F: Form> {
    link: Link,
    queue: Arc<Queue<Box<Parent<F>>, F>>,
    generations: usize,
    refusals: Arc<AtomicUsize>,
}
linked!([F: Form] Parent<F> => link: Link);

impl<F: Form> Parent<F> {
    fn push(queue: &Arc<Queue<Box<Self>, F>>, generations: usize, refusals: &Arc<AtomicUsize>) {
        let parent = Box::new(Self {
            link: Link::new(),
            queue: Arc::clone(queue),
            generations,
            refusals: Arc::clone(refusals),
        });
        match queue.push(parent) {
            Ok(wakeup) => assert!(!wakeup.is_needed()),
            Err(Closed(parent)) => {
                refusals.fetch_add(1, Ordering::Relaxed);
                drop(parent);
            }
        }
    }
}

impl<F: Form> Drop for Parent<F> {
    fn drop(&mut self) {
        if self.generations > 0 {
            Self::push(&self.queue, self.generations - 1, &self.refusals);
        }
    }
}

fn items_can_push_when_dropped<F: Form>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let refusals = Arc::default();
    Parent::push(&queue, 3, &refusals);
    let mut consumer = queue.consumer().unwrap();
    let mut drops = 0;
    while let Pop::Item(parent) = consumer.pop() {
        drop(parent);
        drops += 1;
    }
    assert_eq!((drops, refusals.load(Ordering::Relaxed)), (4, 0));
}

fn items_can_push_to_closed_queue_when_dropped<F: Form>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let refusals = Arc::default();
    Parent::push(&queue, 3, &refusals);
    let mut consumer = queue.consumer().unwrap();
    consumer.close();
    let Pop::Item(parent) = consumer.pop() else {
        panic!("the item was pushed before the close");
    };
    drop(parent);
    assert_eq!(refusals.load(Ordering::Relaxed), 3);
    assert!(consumer.pop().is_closed());
}
