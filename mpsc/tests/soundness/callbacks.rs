//! Wakers and destructors that push to the queue that runs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Link, Pop, Queue, Receiver, linked};

use crate::{Item, item, push};

/// A task that pushes to its own queue when it is woken and when it is dropped.
struct PushingTask {
    queue: Arc<AsyncQueue<Box<Item>>>,
    wakes: AtomicUsize,
}

impl std::task::Wake for PushingTask {
    fn wake(self: Arc<Self>) {
        if self.wakes.fetch_add(1, Ordering::Relaxed) < 2 {
            self.queue.push(item(100));
        }
    }
}

impl Drop for PushingTask {
    fn drop(&mut self) {
        self.queue.push(item(200));
    }
}

#[test]
fn wakers_can_push_when_woken_and_dropped() {
    let queue = Arc::new(AsyncQueue::new());
    let mut receiver = Receiver::owned(Arc::clone(&queue)).unwrap();
    let mut received = Vec::new();
    for round in 0..4 {
        let waker = Waker::from(Arc::new(PushingTask {
            queue: Arc::clone(&queue),
            wakes: AtomicUsize::new(0),
        }));
        // Stores the waker, or replaces an earlier one and drops that.
        while let Poll::Ready(item) = receiver.poll_recv(&mut Context::from_waker(&waker)) {
            received.push(item.number);
        }
        if round % 2 == 1 {
            queue.push(item(round)); // wakes the task, which pushes
        }
    }
    drop(receiver);
    let mut receiver = queue.receiver().unwrap();
    received.extend(receiver.drain(usize::MAX).map(|item| item.number));
    let count = |number| received.iter().filter(|&&n| n == number).count();
    assert_eq!((count(1), count(3), count(100), count(200)), (1, 1, 2, 4));
}

#[test]
fn items_can_push_when_dropped() {
    struct Parent {
        link: Link,
        queue: &'static Queue<Box<Parent>>,
        generations: usize,
    }
    linked!(Parent => link: Link);
    impl Parent {
        fn new(queue: &'static Queue<Box<Self>>, generations: usize) -> Box<Self> {
            let link = Link::new();
            Box::new(Self {
                link,
                queue,
                generations,
            })
        }
    }
    impl Drop for Parent {
        fn drop(&mut self) {
            if self.generations > 0 {
                push(self.queue, Self::new(self.queue, self.generations - 1));
            }
        }
    }

    let queue: &Queue<Box<Parent>> = Box::leak(Box::default());
    push(queue, Parent::new(queue, 3));
    let mut consumer = queue.consumer().unwrap();
    let mut drops = 0;
    while let Pop::Item(parent) = consumer.pop() {
        drop(parent);
        drops += 1;
    }
    assert_eq!(drops, 4);
}
