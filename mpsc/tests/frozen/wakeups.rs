//! Which push wakes the consumer while another one is stalled.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Form, GapFree, Pop, Queue};

use crate::stalled_push::{Item, StalledPush, Task, item, pop_all, push, stalled_push};

test_forms! {
    each: []
    with_gap: [
        stalled_push_delays_wakeup
        poll_of_stalled_queue_tells_the_task
    ]
}

/// The stalled push has replaced the mark of the parked consumer, so no other push wakes.
fn stalled_push_delays_wakeup<F: Form>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let mut consumer = queue.consumer().unwrap();
    let parked = consumer.park().unwrap();
    let stalled = stalled_push(&queue, 0);
    push(&queue, 1);
    assert!(!parked.unpark());
    assert!(consumer.pop().is_stalled());
    assert!(consumer.park().is_none(), "the queue is not empty");
    assert!(stalled.finish(), "the push must still wake");
    assert_eq!(pop_all(&mut consumer).0, [0, 1]);
}

/// As in the other forms, the stalled push is the one that wakes. The consumer that wakes
/// for another reason need not wait for it.
#[test]
fn stalled_gap_free_push_does_not_keep_consumer_from_parking() {
    let queue = Arc::new(Queue::with_form(GapFree));
    let mut consumer = queue.consumer().unwrap();
    let parked = consumer.park().unwrap();
    let stalled = stalled_push(&queue, 0);
    push(&queue, 1);
    assert!(!parked.unpark());
    assert_eq!(pop_all(&mut consumer).0, [0, 1]);

    let parked = consumer.park().expect("the queue is empty");
    assert!(queue.push(item(2)).unwrap().is_needed());
    assert!(!parked.unpark());
    assert!(stalled.finish(), "its wake-up is late");
    assert_eq!(pop_all(&mut consumer).0, [2]);
}

pub(crate) fn stalled_async_push<F: Form>(
    queue: &Arc<AsyncQueue<Box<Item>, F>>,
    number: usize,
) -> StalledPush<()> {
    let queue = Arc::clone(queue);
    StalledPush::start(move || queue.push(item(number)).unwrap())
}

/// The consumer stores a waker again, which the next push takes. The stalled push then finds
/// none.
#[test]
fn gap_free_push_wakes_task_that_waits_during_stall() {
    let queue = Arc::new(AsyncQueue::with_form(GapFree));
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());
    let stalled = stalled_async_push(&queue, 0);
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 0));

    assert!(receiver.poll_pop(&mut context).is_pending());
    queue.push(item(1)).unwrap();
    assert_eq!(task.wakes(), 1, "the second push wakes");
    stalled.finish();
    assert_eq!(task.wakes(), 1, "the stalled push finds no waker");
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 1));
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "no waker keeps the task");
}

/// The stalled push takes the waker of a later park. The wake-up is spurious, and the poll
/// that follows stores a waker again, although the consumer is still marked as parked.
#[test]
fn late_wakeup_of_gap_free_push_loses_no_later_wakeup() {
    let queue = Arc::new(AsyncQueue::with_form(GapFree));
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());
    let stalled = stalled_async_push(&queue, 0);
    assert!(receiver.poll_pop(&mut context).is_ready());

    assert!(receiver.poll_pop(&mut context).is_pending());
    stalled.finish();
    assert_eq!(task.wakes(), 1, "the late wake-up");
    assert!(receiver.poll_pop(&mut context).is_pending());
    queue.push(item(1)).unwrap();
    assert_eq!(task.wakes(), 2);
    assert!(receiver.poll_pop(&mut context).is_ready());
}

/// A task that polls a stalled queue neither waits for the producer nor is it polled again: it
/// learns of the stall.
fn poll_of_stalled_queue_tells_the_task<F: Form>() {
    let queue = Arc::new(AsyncQueue::<_, F>::default());
    let stalled = stalled_async_push(&queue, 0);
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    for _ in 0..2 {
        let poll = receiver.poll_pop(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Stalled(_))));
        let poll = pin!(receiver.pop_async()).poll(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Stalled(_))));
        assert_eq!(Arc::strong_count(&task), 2, "no waker is stored");
    }
    stalled.finish();
    assert_eq!(task.wakes(), 0);
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 0));
}
