//! Receiving several items at once.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use mpsc_queue::{AsyncQueue, BlockingQueue, GapFree, channel};

use crate::{Item, Task, item};

fn numbers(items: &[Box<Item>]) -> Vec<usize> {
    items.iter().map(|item| item.number).collect()
}

#[test]
fn recv_many_takes_what_is_there_up_to_limit() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let (_, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    let mut buffer = vec![item(100)];
    for number in 0..5 {
        queue.push(item(number)).unwrap();
    }
    for (limit, count) in [(0, 0), (1, 1), (3, 3), (9, 1)] {
        let poll = pin!(receiver.recv_many(&mut buffer, limit)).poll(&mut context);
        assert_eq!(poll, Poll::Ready(count));
    }
    assert_eq!(numbers(&buffer), [100, 0, 1, 2, 3, 4], "appended");
    receiver.close();
    let poll = pin!(receiver.recv_many(&mut buffer, 9)).poll(&mut context);
    assert_eq!(poll, Poll::Ready(0));
}

#[test]
fn recv_many_waits_for_first_item() {
    let (sender, mut receiver) = channel();
    let (task, waker) = Task::new();
    let mut context = Context::from_waker(&waker);
    let mut buffer = Vec::new();
    {
        let mut many = pin!(receiver.recv_many_async(&mut buffer, 9));
        assert!(many.as_mut().poll(&mut context).is_pending());
        for number in 0..3 {
            sender.send(item(number)).unwrap();
        }
        assert_eq!(task.wakes(), 1);
        assert_eq!(many.poll(&mut context), Poll::Ready(3));
    }
    assert_eq!(numbers(&buffer), [0, 1, 2]);

    // A future that is dropped leaves the buffer and the items alone.
    {
        let mut many = pin!(receiver.recv_many_async(&mut buffer, 9));
        assert!(many.as_mut().poll(&mut context).is_pending());
        sender.send(item(3)).unwrap();
    }
    assert_eq!(buffer.len(), 3);
    assert_eq!(receiver.try_recv().unwrap().number, 3);
    drop(sender);
    let poll = receiver.poll_recv_many(&mut context, &mut buffer, 9);
    assert_eq!(poll, Poll::Ready(0));
}

#[test]
fn blocking_recv_many_sleeps_until_first_item() {
    let (queue, mut receiver) = BlockingQueue::with_form(GapFree).share();
    let pusher = Arc::clone(&queue);
    let thread = thread::spawn(move || (0..100).for_each(|n| pusher.push(item(n)).unwrap()));
    let mut buffer = Vec::new();
    while buffer.len() < 100 {
        let before = buffer.len();
        let count = receiver.recv_many(&mut buffer, 8);
        assert!((1..=8).contains(&count));
        assert_eq!(buffer.len(), before + count);
    }
    thread.join().unwrap();
    assert!(numbers(&buffer).into_iter().eq(0..100));
    assert_eq!(receiver.recv_many(&mut buffer, 0), 0);
    receiver.close();
    assert_eq!(receiver.recv_many(&mut buffer, 8), 0);
}

#[test]
fn blocking_recv_many_of_channel_ends_with_senders() {
    let (sender, mut receiver) = channel();
    let thread = thread::spawn(move || (0..100).for_each(|n| sender.send(item(n)).unwrap()));
    let mut buffer = Vec::new();
    while receiver.recv_many(&mut buffer, 8) > 0 {}
    thread.join().unwrap();
    assert!(numbers(&buffer).into_iter().eq(0..100));
}
