//! Receivers of closed queues that wake their consumer.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Form, Pop, Wake, WakingQueue};

use crate::{Item, item};

test_each_form! {
    every_pop_of_closed_receiver_returns_closed
    every_refused_push_to_waking_queue_returns_item
    async_recv_on_closed_queue_returns_items_then_error
    receiver_that_is_dropped_after_close_leaves_items
}

struct SilentWaker;

impl Wake for SilentWaker {
    fn wake(&self) {}
}

fn every_pop_of_closed_receiver_returns_closed<F: Form>() {
    let queue = WakingQueue::with_form_and_waker(F::default(), SilentWaker);
    let mut receiver = queue.receiver().unwrap();
    (0..4).for_each(|number| queue.push(item(number)).unwrap());
    receiver.close();
    let items = [
        receiver.pop().into_item(),
        receiver.pop_fenced().into_item(),
        receiver.pop_blocking(),
        receiver.drain(usize::MAX).next(),
    ];
    assert!(items.into_iter().map(|item| item.unwrap().number).eq(0..4));
    assert!(receiver.pop().is_closed() && receiver.pop_fenced().is_closed());
    assert!(receiver.pop_blocking().is_none() && receiver.drain(9).next().is_none());
    assert!(receiver.park().is_none());
}

fn every_refused_push_to_waking_queue_returns_item<F: Form>() {
    let queue = AsyncQueue::<_, F>::default();
    queue.receiver().unwrap().close();
    assert_eq!(queue.push(item(0)).unwrap_err().0.number, 0);
    assert_eq!(queue.try_push(item(1)).unwrap_err().into_inner().number, 1);
    let chain = queue.push_chain((2..5).map(item).collect());
    assert_eq!(chain.unwrap_err().0.len(), 3);
    assert!(queue.is_empty());
}

fn async_recv_on_closed_queue_returns_items_then_error<F: Form>() {
    let queue = AsyncQueue::<_, F>::default();
    let mut receiver = queue.receiver().unwrap();
    (0..2).for_each(|number| queue.push(item(number)).unwrap());
    receiver.close();
    let mut context = Context::from_waker(Waker::noop());
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 0));
    let poll = pin!(receiver.pop_async()).poll(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 1));
    for _ in 0..2 {
        let poll = receiver.poll_pop(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Closed)));
        let poll = pin!(receiver.pop_async()).poll(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Closed)));
    }
}

fn receiver_that_is_dropped_after_close_leaves_items<F: Form>() {
    let queue = AsyncQueue::<Box<Item>, F>::default();
    let mut receiver = queue.receiver().unwrap();
    (0..2).for_each(|number| queue.push(item(number)).unwrap());
    receiver.close();
    drop(receiver);
    let mut receiver = queue.receiver().unwrap();
    for number in 0..2 {
        assert!(matches!(receiver.pop(), Pop::Item(item) if item.number == number));
    }
    assert!(receiver.pop().is_closed());
}

/// Each receive returns at once, or this test does not end.
#[cfg(feature = "std")]
mod blocking {
    use std::time::{Duration, Instant};

    use mpsc_queue::{BlockingQueue, Form, RecvError, RecvTimeoutError, TryRecvError};

    use crate::item;

    test_each_form! {
        every_blocking_receive_on_closed_queue_returns_at_once
    }

    fn every_blocking_receive_on_closed_queue_returns_at_once<F: Form>() {
        let queue = BlockingQueue::<_, F>::default();
        let mut receiver = queue.receiver().unwrap();
        (0..5).for_each(|number| queue.push(item(number)).unwrap());
        receiver.close();
        let hour = Duration::from_secs(3600);
        let items = [
            receiver.recv().ok(),
            receiver.try_recv().ok(),
            receiver.recv_timeout(hour).ok(),
            receiver.recv_timeout(Duration::ZERO).ok(),
            receiver.recv_deadline(Instant::now()).ok(),
        ];
        assert!(items.into_iter().map(|item| item.unwrap().number).eq(0..5));
        for _ in 0..2 {
            assert_eq!(receiver.recv().err(), Some(RecvError));
            assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected));
            let disconnected = Some(RecvTimeoutError::Disconnected);
            for timeout in [Duration::ZERO, hour, Duration::MAX] {
                assert_eq!(receiver.recv_timeout(timeout).err(), disconnected);
            }
            let deadline = Instant::now() + hour;
            assert_eq!(receiver.recv_deadline(deadline).err(), disconnected);
        }
    }
}
