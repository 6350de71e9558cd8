//! Which task's waker `poll_recv` stores, and when the queue drops it.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mpsc_queue::AsyncQueue;

use crate::{CountingWaker, Item, item};

#[test]
fn push_wakes_task_of_latest_poll() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let tasks: [Arc<CountingWaker>; 2] = Default::default();
    for task in [&tasks[0], &tasks[1], &tasks[0], &tasks[1]] {
        let waker = Waker::from(Arc::clone(task));
        let poll = receiver.poll_recv(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
    }
    queue.push(item(1));
    queue.push(item(2));
    assert_eq!(tasks.map(|task| task.wakes()), [0, 1]);
}

#[test]
fn poll_recv_returns_items_in_order_then_pending() {
    let queue = AsyncQueue::counted();
    let mut receiver = queue.receiver().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    (0..3).for_each(|number| queue.push(item(number)));
    assert_eq!(queue.len(), 3);
    for number in 0..3 {
        let poll = receiver.poll_recv(&mut context);
        assert!(matches!(poll, Poll::Ready(item) if item.number == number));
    }
    assert!(receiver.poll_recv(&mut context).is_pending());
    assert_eq!((queue.len(), queue.is_empty()), (0, true));
}

#[test]
fn dropped_receiver_clears_waker() {
    let queue = AsyncQueue::new();
    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut receiver = queue.receiver().unwrap();
    let poll = receiver.poll_recv(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "no waker keeps the task");
    queue.push(item(1));
    assert_eq!(task.wakes(), 0, "no task waits");
}

/// A poll replaces the stored waker. If the destructor of that waker pushes an item, the
/// poll does not park, and must not leave the new waker in the queue.
#[test]
fn failed_park_clears_waker() {
    struct PushesWhenDropped(Arc<AsyncQueue<Box<Item>>>);
    impl std::task::Wake for PushesWhenDropped {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for PushesWhenDropped {
        fn drop(&mut self) {
            self.0.push(item(1));
        }
    }
    let queue = Arc::new(AsyncQueue::new());
    let mut receiver = queue.receiver().unwrap();
    let first = Waker::from(Arc::new(PushesWhenDropped(Arc::clone(&queue))));
    let poll = receiver.poll_recv(&mut Context::from_waker(&first));
    assert!(poll.is_pending());
    drop(first);

    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    let poll = receiver.poll_recv(&mut Context::from_waker(&waker));
    assert!(poll.is_ready());
    queue.push(item(2));
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "no waker keeps the task");
}
