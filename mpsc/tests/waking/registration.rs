//! Which task's waker `poll_pop` stores, and when the queue drops it.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Counted, Form, Pop};

use crate::{CountingWaker, Item, item};

test_each_form! {
    push_wakes_task_of_latest_poll
    push_wakes_task_of_poll_after_wake
    poll_pop_returns_items_in_order_then_pending
    dropped_receiver_clears_waker
    close_clears_waker
    failed_park_clears_waker
}

fn push_wakes_task_of_latest_poll<F: Form>() {
    let queue = AsyncQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    let tasks: [Arc<CountingWaker>; 2] = Default::default();
    for task in [&tasks[0], &tasks[1], &tasks[0], &tasks[1]] {
        let waker = Waker::from(Arc::clone(task));
        let poll = receiver.poll_pop(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
    }
    queue.push(item(1)).unwrap();
    queue.push(item(2)).unwrap();
    assert_eq!(tasks.map(|task| task.wakes()), [0, 1]);
}

/// A push takes the waker, so each poll that parks stores one again.
fn push_wakes_task_of_poll_after_wake<F: Form>() {
    let queue = AsyncQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    for wakes in 1..4 {
        assert!(receiver.poll_pop(&mut context).is_pending());
        assert_eq!(Arc::strong_count(&task), 3, "the queue holds a waker");
        queue.push(item(1)).unwrap();
        assert_eq!(task.wakes(), wakes);
        assert_eq!(Arc::strong_count(&task), 2, "the push has taken the waker");
        assert!(receiver.poll_pop(&mut context).is_ready());
    }
}

fn poll_pop_returns_items_in_order_then_pending<F: Form>() {
    let queue = AsyncQueue::with_form(Counted(F::default()));
    let mut receiver = queue.receiver().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    (0..3).for_each(|number| queue.push(item(number)).unwrap());
    assert_eq!(queue.len(), 3);
    for number in 0..3 {
        let poll = receiver.poll_pop(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == number));
    }
    assert!(receiver.poll_pop(&mut context).is_pending());
    assert_eq!((queue.len(), queue.is_empty()), (0, true));
}

fn dropped_receiver_clears_waker<F: Form>() {
    let queue = AsyncQueue::with_form(F::default());
    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut receiver = queue.receiver().unwrap();
    let poll = receiver.poll_pop(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "no waker keeps the task");
    queue.push(item(1)).unwrap();
    assert_eq!(task.wakes(), 0, "no task waits");
}

fn close_clears_waker<F: Form>() {
    let queue = AsyncQueue::<Box<Item>, _>::with_form(F::default());
    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut receiver = queue.receiver().unwrap();
    let poll = receiver.poll_pop(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    receiver.close();
    assert_eq!(Arc::strong_count(&task), 2, "no waker is stored");
    let poll = receiver.poll_pop(&mut Context::from_waker(&waker));
    assert!(matches!(poll, Poll::Ready(Pop::Closed)));
    assert_eq!(task.wakes(), 0);
}

/// A poll replaces the stored waker. If the destructor of that waker pushes an item, the
/// poll does not park, and must not leave the new waker in the queue.
fn failed_park_clears_waker<F: Form>() {
    struct PushesWhenDropped<F: Form>(Arc<AsyncQueue<Box<Item>, F>>);
    impl<F: Form> std::task::Wake for PushesWhenDropped<F> {
        fn wake(self: Arc<Self>) {}
    }
    impl<F: Form> Drop for PushesWhenDropped<F> {
        fn drop(&mut self) {
            self.0.push(item(1)).unwrap();
        }
    }
    let queue = Arc::new(AsyncQueue::with_form(F::default()));
    let mut receiver = queue.receiver().unwrap();
    let first = Waker::from(Arc::new(PushesWhenDropped(Arc::clone(&queue))));
    let poll = receiver.poll_pop(&mut Context::from_waker(&first));
    assert!(poll.is_pending());
    drop(first);

    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    let poll = receiver.poll_pop(&mut Context::from_waker(&waker));
    assert!(poll.is_ready());
    queue.push(item(2)).unwrap();
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "no waker keeps the task");
}
