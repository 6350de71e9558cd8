//! One consumer at a time, and leaked or moved queues, consumers and guards.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Waker};

use mpsc_queue::{AsyncQueue, Consumer, ConsumerTaken, Pop, Queue, Receiver};

use crate::{Item, Shared, item, numbers, push, push_shared};

#[test]
fn second_consumer_fails_while_first_exists() {
    let queue = Arc::new(Queue::<Box<Item>>::new());
    let first = queue.consumer().unwrap();
    for _ in 0..2 {
        assert!(matches!(queue.consumer(), Err(ConsumerTaken)));
        assert!(Consumer::owned(Arc::clone(&queue)).is_err());
    }
    assert_eq!(
        Arc::strong_count(&queue),
        1,
        "a failed call drops its share"
    );
    drop(first);
    let owned = Consumer::owned(Arc::clone(&queue)).unwrap();
    assert!(queue.consumer().is_err());
    drop(owned);
    assert!(queue.consumer().is_ok());
}

#[test]
fn second_receiver_fails_while_first_exists() {
    let queue = Arc::new(AsyncQueue::<Box<Item>>::new());
    let first = queue.receiver().unwrap();
    for _ in 0..2 {
        assert!(matches!(queue.receiver(), Err(ConsumerTaken)));
        assert!(Receiver::owned(Arc::clone(&queue)).is_err());
    }
    assert_eq!(
        Arc::strong_count(&queue),
        1,
        "a failed call drops its share"
    );
    drop(first);
    let owned = Receiver::owned(Arc::clone(&queue)).unwrap();
    assert!(queue.receiver().is_err());
    drop(owned);
    assert!(queue.receiver().is_ok());
}

#[test]
fn consumer_mut_takes_place() {
    let mut queue = Queue::<Box<Item>>::new();
    for leaked in [false, true] {
        if leaked {
            mem::forget(queue.consumer_mut());
            assert!(
                queue.consumer().is_err(),
                "the leaked consumer has the place"
            );
        }
        let consumer = queue.consumer_mut();
        let shared = consumer.queue();
        assert!(shared.consumer().is_err());
        assert!(shared.consumer().is_err(), "a failed call frees no place");
        drop(consumer);
        assert!(shared.consumer().is_ok());
        assert!(queue.consumer().is_ok());
    }
}

#[test]
fn receiver_mut_takes_place() {
    let mut queue = AsyncQueue::<Box<Item>>::new();
    for leaked in [false, true] {
        if leaked {
            mem::forget(queue.receiver_mut());
            assert!(
                queue.receiver().is_err(),
                "the leaked receiver has the place"
            );
        }
        let receiver = queue.receiver_mut();
        let shared = receiver.queue();
        assert!(shared.receiver().is_err());
        assert!(shared.receiver().is_err(), "a failed call frees no place");
        drop(receiver);
        assert!(shared.receiver().is_ok());
        assert!(queue.receiver().is_ok());
    }
}

#[test]
fn leaked_consumer_keeps_place_until_consumer_mut() {
    let mut queue = Queue::new();
    push(&queue, item(1));
    mem::forget(queue.consumer());
    assert!(queue.consumer().is_err());
    let mut consumer = queue.consumer_mut();
    assert!(matches!(consumer.pop(), Pop::Item(_)));
    drop(consumer);
    assert!(queue.consumer().is_ok());
}

#[test]
fn leaked_receiver_keeps_place_until_receiver_mut() {
    let mut queue = AsyncQueue::<Box<Item>>::new();
    let mut receiver = queue.receiver().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(receiver.poll_recv(&mut context).is_pending());
    mem::forget(receiver);
    assert!(queue.receiver().is_err());
    let mut receiver = queue.receiver_mut();
    receiver.queue().push(item(1));
    assert!(matches!(receiver.pop(), Pop::Item(_)));
}

#[test]
fn owned_consumer_keeps_queue_alive() {
    let queue = Arc::new(Queue::new());
    push(&queue, item(1));
    let mut consumer = Consumer::owned(queue).unwrap();
    push(consumer.queue(), item(2));
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 1));
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 2));
}

/// The consumer can park although a leaked guard has left the queue parked.
#[test]
fn leaked_guard_permits_another_park() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    mem::forget(consumer.park().unwrap());
    mem::forget(consumer.park().unwrap());
    assert!(queue.push(item(1)).is_needed());
    assert!(consumer.park().is_none());
    assert!(!queue.push(item(2)).is_needed(), "one push wakes");
}

#[test]
fn moved_queue_keeps_items() {
    let queue = Queue::new();
    push(&queue, item(1));
    let moved = Box::new(queue);
    push(&moved, item(2));
    let again = *moved;
    assert_eq!(numbers(&again), [1, 2]);
}

#[test]
fn leaked_queue_keeps_items_queued() {
    let queue = Queue::new();
    let shared = Arc::new(Shared::default());
    push_shared(&queue, Arc::clone(&shared));
    mem::forget(queue);
    let other = Queue::new();
    assert!(other.try_push(Arc::clone(&shared)).is_err(), "still queued");
    assert_eq!(Arc::strong_count(&shared), 2);
}

#[test]
fn dropped_drain_leaves_rest() {
    let queue = Queue::new();
    (0..4).for_each(|number| push(&queue, item(number)));
    let mut consumer = queue.consumer().unwrap();
    assert_eq!(consumer.drain(9).next().map(|item| item.number), Some(0));
    drop(consumer);
    assert_eq!(numbers(&queue), [1, 2, 3]);
}
