//! What a blocking receive leaves behind, and what wakes it.

use std::boxed::Box;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{BlockingQueue, Receiver};
use crate::item::{Chain, Link};
use crate::linked;

struct Item {
    link: Link,
}
linked!(Item => link: Link);

fn item() -> Box<Item> {
    Box::new(Item { link: Link::new() })
}

type TestReceiver<'a> = Receiver<&'a BlockingQueue<Box<Item>>>;

/// Checks that the queue holds no mark of a parked consumer, and no thread.
fn check_not_parked(receiver: &mut TestReceiver<'_>) {
    assert!(!receiver.is_parked());
    // SAFETY: no other thread uses the queue, and the consumer is not parked, so the slot
    // belongs to this thread.
    let thread = unsafe { receiver.queue().waker().0.take() };
    assert!(thread.is_none(), "a thread is stored");
}

/// Runs a test on a thread of its own. Fails if the test panics, or hangs because the thread
/// is not woken.
fn must_end(test: impl FnOnce() + Send + 'static) {
    /// Far longer than any test takes.
    const LIMIT: Duration = Duration::from_secs(60);

    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        test();
        ended.send(()).expect("the test waits for its thread");
    });
    assert!(end.recv_timeout(LIMIT).is_ok(), "the test panics or hangs");
}

#[test]
fn recv_timeout_on_empty_queue_returns_none_unparked() {
    must_end(|| {
        let queue = BlockingQueue::new();
        let mut receiver = queue.receiver().unwrap();
        for timeout in [0, 0, 20, 20].map(Duration::from_millis) {
            let start = Instant::now();
            assert!(receiver.recv_timeout(timeout).is_none());
            assert!(start.elapsed() >= timeout);
            check_not_parked(&mut receiver);
        }
    });
}

#[test]
fn sleep_until_past_deadline_unparks() {
    let queue = BlockingQueue::new();
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.park_thread());
    assert!(!receiver.sleep_until(Instant::now()));
    check_not_parked(&mut receiver);
}

#[test]
fn sleep_until_after_push_returns_true() {
    let queue = BlockingQueue::new();
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.park_thread());
    queue.push(item());
    assert!(receiver.sleep_until(Instant::now()), "the push came first");
    check_not_parked(&mut receiver);
    assert!(!receiver.park_thread(), "the queue is not empty");
    check_not_parked(&mut receiver);
}

#[test]
fn recv_deadline_in_past_returns_queued_item() {
    must_end(|| {
        let queue = BlockingQueue::new();
        let mut receiver = queue.receiver().unwrap();
        let now = Instant::now();
        queue.push(item());
        assert!(receiver.recv_deadline(now).is_some());
        assert!(receiver.recv_deadline(now).is_none());
        check_not_parked(&mut receiver);
    });
}

#[test]
fn empty_chain_leaves_consumer_parked() {
    let queue = BlockingQueue::<Box<Item>>::new();
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.park_thread());
    queue.push_chain(Chain::new());
    assert!(receiver.is_parked());
}

#[test]
fn every_push_unparks_thread() {
    let pushes: [fn(&BlockingQueue<Box<Item>>); 3] = [
        |queue| queue.push(item()),
        |queue| assert!(queue.try_push(item()).is_ok()),
        |queue| queue.push_chain([item(), item()].into_iter().collect()),
    ];
    for push in pushes {
        must_end(move || {
            let queue = BlockingQueue::new();
            let mut receiver = queue.receiver().unwrap();
            assert!(receiver.park_thread());
            push(&queue);
            thread::park(); // returns at once if the push has unparked this thread
            check_not_parked(&mut receiver);
        });
    }
}
