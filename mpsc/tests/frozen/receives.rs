//! Blocking receives while a push is stalled, or arrives at a deadline.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use mpsc_queue::fail_point::at_next_deadline;
use mpsc_queue::{BlockingQueue, Form, GapFree, RecvTimeoutError};

use crate::stalled_push::{Item, StalledPush, item};

test_forms! {
    each: [
        recv_returns_item_of_stalled_push
        recv_timeout_returns_item_pushed_at_deadline
    ]
    with_gap: [
        recv_timeout_ends_while_queue_is_stalled
        recv_timeout_ends_if_push_stalls_at_deadline
    ]
}

type TestQueue<F> = BlockingQueue<Box<Item>, F>;
pub(crate) type SharedQueue<F> = Arc<TestQueue<F>>;

pub(crate) fn stalled_push<F: Form>(queue: &SharedQueue<F>, number: usize) -> StalledPush<()> {
    let queue = Arc::clone(queue);
    StalledPush::start(move || queue.push(item(number)).unwrap())
}

fn recv_timeout_ends_while_queue_is_stalled<F: Form>() {
    let queue = SharedQueue::<F>::default();
    let stalled = stalled_push(&queue, 0);
    let mut receiver = queue.receiver().unwrap();
    let error = receiver.recv_timeout(Duration::from_millis(20)).err();
    assert_eq!(error, Some(RecvTimeoutError::Timeout));
    stalled.finish();
    assert_eq!(receiver.recv().unwrap().number, 0);
}

#[test]
fn recv_timeout_on_gap_free_queue_does_not_wait_for_stalled_push() {
    let queue = SharedQueue::<GapFree>::default();
    let stalled = stalled_push(&queue, 0);
    let mut receiver = queue.receiver().unwrap();
    assert_eq!(receiver.recv_timeout(Duration::ZERO).unwrap().number, 0);
    let error = receiver.recv_timeout(Duration::from_millis(5)).err();
    assert_eq!(error, Some(RecvTimeoutError::Timeout));
    stalled.finish();
}

fn recv_returns_item_of_stalled_push<F: Form>() {
    let queue = SharedQueue::<F>::default();
    let stalled = stalled_push(&queue, 0);
    let finish = thread::spawn(move || stalled.finish());
    let mut receiver = queue.receiver().unwrap();
    assert_eq!(receiver.recv().unwrap().number, 0);
    finish.join().unwrap();
}

/// The push comes after the receive has found that its deadline has passed.
fn recv_timeout_returns_item_pushed_at_deadline<F: Form>() {
    let queue = SharedQueue::<F>::default();
    let mut receiver = queue.receiver().unwrap();
    let pushes: [fn(&TestQueue<F>); 3] = [
        |queue| queue.push(item(0)).unwrap(),
        |queue| queue.try_push(item(0)).unwrap(),
        |queue| queue.push_chain([item(0)].into_iter().collect()).unwrap(),
    ];
    for timeout in [Duration::ZERO, Duration::from_millis(5)] {
        for push in pushes {
            let shared = Arc::clone(&queue);
            at_next_deadline(move || push(&shared));
            let item = receiver.recv_timeout(timeout);
            let item = item.expect("the push has returned before the receive");
            assert_eq!(item.number, 0);
            assert!(receiver.recv_timeout(timeout).is_err());
        }
    }
}

fn recv_timeout_ends_if_push_stalls_at_deadline<F: Form>() {
    let queue = SharedQueue::<F>::default();
    let mut receiver = queue.receiver().unwrap();
    let (started, start) = mpsc::channel();
    let shared = Arc::clone(&queue);
    at_next_deadline(move || {
        let stalled = stalled_push(&shared, 0);
        started.send(stalled).expect("the test waits for the push");
    });
    assert!(receiver.recv_timeout(Duration::ZERO).is_err());
    let stalled = start.recv().expect("the deadline has passed");
    assert!(receiver.recv_timeout(Duration::ZERO).is_err());
    stalled.finish();
    assert_eq!(receiver.recv().unwrap().number, 0);
}
