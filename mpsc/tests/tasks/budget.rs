//! A task that always finds another item yields now and then.

use std::cell::Cell;
use std::task::{Context, Poll};

use mpsc_queue::{AsyncQueue, channel};
use tokio::task::{LocalSet, yield_now};

use crate::{Task, item};

/// More items than any budget.
const MANY: usize = 100_000;

#[test]
fn task_yields_after_128_items() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let (task, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    for number in 0..300 {
        queue.push(item(number)).unwrap();
    }
    let mut number = 0;
    for (items, wakes) in [(128, 1), (128, 2), (44, 2)] {
        for _ in 0..items {
            let poll = receiver.poll_recv(&mut context);
            assert!(matches!(poll, Poll::Ready(Ok(item)) if item.number == number));
            number += 1;
        }
        assert!(receiver.poll_recv(&mut context).is_pending());
        assert_eq!(task.wakes(), wakes);
    }
    queue.push(item(300)).unwrap();
    assert_eq!(task.wakes(), 3, "the last time it waited");
}

#[test]
fn task_that_waits_does_not_yield() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let (task, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    for number in 0..1000 {
        assert!(receiver.poll_recv(&mut context).is_pending());
        assert_eq!(task.wakes(), number);
        queue.push(item(number)).unwrap();
        assert!(receiver.poll_recv(&mut context).is_ready());
    }
}

#[test]
fn recv_many_spends_budget_of_its_items() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let (task, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    for number in 0..300 {
        queue.push(item(number)).unwrap();
    }
    let mut buffer = Vec::new();
    let mut receive = |limit| receiver.poll_recv_many(&mut context, &mut buffer, limit);
    assert_eq!(receive(100), Poll::Ready(100));
    assert_eq!(receive(28), Poll::Ready(28));
    assert_eq!(receive(28), Poll::Pending);
    assert_eq!(receive(1000), Poll::Ready(172));
    assert_eq!(receive(1), Poll::Pending);
    assert_eq!(task.wakes(), 1, "it yielded once, and then found nothing");
}

/// Runs a task that feeds its own channel, and another one that ends it.
macro_rules! assert_other_task_runs {
    (|$sender:ident, $receiver:ident| $receive:expr) => {{
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        let is_over = Cell::new(false);
        let feeder = async {
            let ($sender, mut $receiver) = channel();
            $sender.send(item(0)).unwrap();
            for _ in 0..MANY {
                Vec::from_iter($receive)
                    .into_iter()
                    .for_each(|item| $sender.send(item).unwrap());
                if is_over.get() {
                    return;
                }
            }
            panic!("the other task has not run");
        };
        let other = async {
            yield_now().await;
            is_over.set(true);
        };
        LocalSet::new().block_on(&runtime, async { tokio::join!(feeder, other) });
    }};
}

#[test]
fn other_task_runs_beside_recv() {
    assert_other_task_runs!(|sender, receiver| receiver.recv_async().await);
}

#[test]
fn other_task_runs_beside_recv_many() {
    assert_other_task_runs!(|sender, receiver| {
        let mut items = Vec::new();
        receiver.recv_many_async(&mut items, 4).await;
        items
    });
}

#[cfg(feature = "stream")]
#[test]
fn other_task_runs_beside_stream() {
    use futures_util::StreamExt;
    assert_other_task_runs!(|sender, receiver| receiver.next().await);
}
