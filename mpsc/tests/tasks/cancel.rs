//! Receives that are dropped: nothing is lost, and nothing is left behind.

use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::thread;
use std::time::Duration;

use mpsc_queue::{AsyncQueue, RecvError, channel};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::{Task, item};

/// Whichever arm of a `select!` wins, each item is received once, in order.
#[tokio::test]
async fn select_loses_no_item() {
    const ITEMS: usize = 20_000;
    let (sender, mut receiver) = channel();
    let (stop, mut stops) = tokio::sync::mpsc::unbounded_channel();
    let thread = thread::spawn(move || {
        for number in 0..ITEMS {
            sender.send(item(number)).unwrap();
            if number % 16 == 0 {
                stop.send(()).unwrap();
                thread::yield_now();
            }
        }
    });
    let (mut next, mut stopped) = (0, 0);
    loop {
        tokio::select! {
            received = receiver.recv_async() => match received {
                Ok(item) => {
                    assert_eq!(item.number, next);
                    next += 1;
                }
                Err(RecvError) => break,
            },
            Some(()) = stops.recv() => stopped += 1,
            () = yield_now() => {}
        }
    }
    thread.join().unwrap();
    assert_eq!(next, ITEMS);
    while stops.recv().await.is_some() {
        stopped += 1;
    }
    assert_eq!(stopped, ITEMS.div_ceil(16));
}

/// A receive that runs out of time takes nothing, and the next one gets the item.
#[tokio::test(start_paused = true)]
async fn timeout_loses_no_item() {
    let (queue, mut receiver) = AsyncQueue::new().share();
    for number in 0..10 {
        let late = timeout(Duration::from_secs(1), receiver.recv()).await;
        assert!(late.is_err());
        queue.push(item(number)).unwrap();
        let received = timeout(Duration::from_secs(1), receiver.recv()).await;
        assert_eq!(received.unwrap().unwrap().number, number);
    }
    let pusher = Arc::clone(&queue);
    let delayed = async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        pusher.push(item(10)).unwrap();
    };
    let (received, ()) = tokio::join!(timeout(Duration::from_secs(2), receiver.recv()), delayed);
    assert_eq!(received.unwrap().unwrap().number, 10);
}

/// Each kind of receive, dropped while it waits, leaves neither a waker nor a wake-up.
#[test]
fn dropped_receive_leaves_nothing() {
    let (sender, mut receiver) = channel();
    let (task, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    let mut buffer = Vec::new();
    let owners = Arc::strong_count(&task);
    for number in 0..10 {
        assert!(pin!(receiver.recv_async()).poll(&mut context).is_pending());
        assert_eq!(Arc::strong_count(&task), owners, "the waker is dropped");
        assert!(pin!(receiver.pop_async()).poll(&mut context).is_pending());
        assert_eq!(Arc::strong_count(&task), owners);
        {
            let mut many = pin!(receiver.recv_many_async(&mut buffer, 9));
            assert!(many.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(Arc::strong_count(&task), owners);
        sender.send(item(number)).unwrap();
        assert_eq!(task.wakes(), 0, "nobody waits");
        assert_eq!(receiver.try_recv().unwrap().number, number);
    }
}

/// The task owns the receiver, the receiver the queue, and the queue the task's waker.
#[test]
fn close_breaks_cycle_of_task_and_queue() {
    let (queue, mut receiver) = AsyncQueue::<Box<crate::Item>>::new().share();
    let (task, waker) = Task::new();
    let owners = Arc::strong_count(&task);
    assert!(
        receiver
            .poll_recv(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert_eq!(Arc::strong_count(&task), owners + 1);
    receiver.close();
    assert_eq!(Arc::strong_count(&task), owners);
    drop(queue);
}
