//! How often a task is woken and polled.

use std::pin::pin;
use std::task::{Context, Poll};

use mpsc_queue::{AsyncQueue, Pop, RecvError, channel};

use crate::{Item, Task, item};

/// A task that waits for each item is polled once per wake-up: the next poll receives the item and
/// waits for the next one.
#[test]
fn task_is_polled_once_per_wakeup() {
    const ITEMS: usize = 500;
    let (sender, mut receiver) = channel::<Box<Item>>();
    let (task, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    let mut receive = pin!(async {
        let mut sum = 0;
        while let Ok(item) = receiver.recv_async().await {
            sum += item.number;
        }
        sum
    });
    let mut polls = 0;
    for number in 0..ITEMS {
        assert!(receive.as_mut().poll(&mut context).is_pending());
        polls += 1;
        assert_eq!(task.wakes() + 1, polls);
        sender.send(item(number)).unwrap();
    }
    assert!(receive.as_mut().poll(&mut context).is_pending());
    drop(sender);
    assert_eq!(task.wakes(), ITEMS + 1);
    let poll = receive.as_mut().poll(&mut context);
    assert_eq!(poll, Poll::Ready((0..ITEMS).sum()));
}

#[test]
fn recv_returns_items_in_order_then_error() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let (task, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    for number in 0..4 {
        queue.push(item(number)).unwrap();
    }
    receiver.close();
    for number in 0..2 {
        let poll = pin!(receiver.recv()).poll(&mut context);
        assert!(matches!(poll, Poll::Ready(Ok(item)) if item.number == number));
    }
    let poll = receiver.poll_recv(&mut context);
    assert!(matches!(poll, Poll::Ready(Ok(item)) if item.number == 2));
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 3));
    for _ in 0..2 {
        let poll = pin!(receiver.recv()).poll(&mut context);
        assert!(matches!(poll, Poll::Ready(Err(RecvError))));
        let poll = receiver.poll_recv(&mut context);
        assert!(matches!(poll, Poll::Ready(Err(RecvError))));
    }
    assert_eq!(task.wakes(), 0);
}

/// A task that polls and goes on to something else can end its registration.
#[test]
fn unpark_ends_registration() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let (task, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_recv(&mut context).is_pending());
    assert!(receiver.unpark());
    assert!(receiver.unpark(), "it has no effect again");
    queue.push(item(0)).unwrap();
    assert_eq!(task.wakes(), 0);
    assert!(!receiver.unpark(), "a push came first");
    assert!(receiver.poll_recv(&mut context).is_ready());

    assert!(receiver.poll_recv(&mut context).is_pending());
    queue.push(item(1)).unwrap();
    assert_eq!(task.wakes(), 1);
    assert!(!receiver.unpark(), "a push came first");
}
