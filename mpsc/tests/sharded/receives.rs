//! Several items at once, and senders that are asked.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use mpsc_queue::channel::sharded;
use mpsc_queue::{Form, GapFree, Pop, SharedLink, TrySendError, linked};

use crate::{Item, item, open};

test_each_form! {
    recv_many_takes_up_to_limit
    recv_many_sleeps_until_first_item
    closed_sender_says_so
    try_send_by_ref_sends_once
    poll_pop_registers_task_in_each_form
}

fn numbers(items: &[Box<Item>]) -> Vec<usize> {
    items.iter().map(|item| item.number).collect()
}

fn recv_many_takes_up_to_limit<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let mut buffer = vec![item(0, 100)];
    for number in 0..5 {
        sender.send(item(0, number)).unwrap();
    }
    for (limit, count) in [(0, 0), (1, 1), (3, 3), (9, 1)] {
        assert_eq!(receiver.recv_many(&mut buffer, limit), count);
    }
    assert_eq!(numbers(&buffer), [100, 0, 1, 2, 3, 4], "appended");
    drop(sender);
    assert_eq!(receiver.recv_many(&mut buffer, 9), 0);
}

fn recv_many_sleeps_until_first_item<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let thread = thread::spawn(move || (0..100).for_each(|n| sender.send(item(0, n)).unwrap()));
    let mut buffer = Vec::new();
    while receiver.recv_many(&mut buffer, 8) > 0 {}
    thread.join().unwrap();
    assert!(numbers(&buffer).into_iter().eq(0..100));
}

fn closed_sender_says_so<F: Form>() {
    let (first, mut receiver) = open::<F>();
    let (other, _other_receiver) = open::<F>();
    let second = first.clone();
    assert!(first.same_channel(&second));
    assert!(!first.same_channel(&other));
    assert!(!first.is_closed() && !second.is_closed());
    receiver.close();
    assert!(first.is_closed() && second.is_closed() && !other.is_closed());
}

struct Task {
    link: SharedLink,
}
linked!(Task => link: SharedLink);

fn try_send_by_ref_sends_once<F: Form>() {
    let (sender, mut receiver) = sharded::with_form::<Arc<Task>, F>(F::default());
    let task = Arc::new(Task {
        link: SharedLink::new(),
    });
    assert_eq!(sender.try_send_by_ref(&task), Ok(()));
    let again = sender.clone().try_send_by_ref(&task);
    assert_eq!(again, Err(TrySendError::AlreadyQueued(())));
    assert_eq!(Arc::strong_count(&task), 2);
    drop(receiver.try_recv().unwrap());
    assert_eq!(sender.try_send_by_ref(&task), Ok(()));
    drop(receiver);
    // Both of a sender that has sent before, and of one that has not.
    for sender in [sender.clone(), sender] {
        let refused = sender.try_send_by_ref(&task);
        assert_eq!(refused, Err(TrySendError::Disconnected(())));
    }
    assert_eq!(Arc::strong_count(&task), 1);
}

fn poll_pop_registers_task_in_each_form<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let task = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());
    for number in 0..2 {
        sender.send(item(0, number)).unwrap();
    }
    assert_eq!(task.count(), 1);
    for number in 0..2 {
        let poll = pin!(receiver.pop_async()).poll(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == number));
    }
    // A future that is dropped, and a call of `unpark`, leave no registration.
    assert!(pin!(receiver.pop_async()).poll(&mut context).is_pending());
    sender.send(item(0, 2)).unwrap();
    assert!(receiver.poll_pop(&mut context).is_ready());
    assert!(receiver.poll_pop(&mut context).is_pending());
    assert!(receiver.unpark());
    sender.send(item(0, 3)).unwrap();
    assert_eq!(task.count(), 1);
    assert!(receiver.poll_pop(&mut context).is_ready());
    drop(sender);
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Closed)));
}

/// A task that counts how often it is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn recv_many_async_waits_for_first_item() {
    let (sender, mut receiver) = open::<GapFree>();
    let mut context = Context::from_waker(Waker::noop());
    let mut buffer = Vec::new();
    {
        let mut many = pin!(receiver.recv_many_async(&mut buffer, 2));
        assert!(many.as_mut().poll(&mut context).is_pending());
        for number in 0..3 {
            sender.send(item(0, number)).unwrap();
        }
        assert_eq!(many.poll(&mut context), Poll::Ready(2));
    }
    assert_eq!(numbers(&buffer), [0, 1]);
    drop(sender);
    for count in [1, 0] {
        let poll = pin!(receiver.recv_many_async(&mut buffer, 9)).poll(&mut context);
        assert_eq!(poll, Poll::Ready(count));
    }
    let poll = pin!(receiver.recv_many_async(&mut buffer, 0)).poll(&mut context);
    assert_eq!((poll, buffer.len()), (Poll::Ready(0), 3));
}

/// A receiver that always takes several items yields as often as one that takes them one by one.
#[test]
fn recv_many_async_spends_budget() {
    let (sender, mut receiver) = open::<GapFree>();
    let mut context = Context::from_waker(Waker::noop());
    for number in 0..1000 {
        sender.send(item(0, number)).unwrap();
    }
    let mut buffer = Vec::new();
    while pin!(receiver.recv_many_async(&mut buffer, 10))
        .poll(&mut context)
        .is_ready()
    {}
    assert!((128..128 + 10).contains(&buffer.len()));
}

#[cfg(feature = "stream")]
#[tokio::test]
async fn stream_ends_with_last_sender() {
    use futures_util::StreamExt;

    let (sender, receiver) = open::<GapFree>();
    for number in 0..300 {
        sender.send(item(0, number)).unwrap();
    }
    drop(sender);
    let numbers: Vec<_> = receiver.map(|item| item.number).collect().await;
    assert!(numbers.into_iter().eq(0..300));
}
