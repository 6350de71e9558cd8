//! One consumer at a time, and leaked or moved queues, consumers and guards.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Waker};

use mpsc_queue::{AsyncQueue, Closed, Consumer, ConsumerTaken, Form, Pop, Queue, Receiver};

use crate::{Item, Shared, item, numbers, pop, push, push_shared};

test_each_form! {
    second_consumer_fails_while_first_exists
    second_receiver_fails_while_first_exists
    consumer_mut_takes_place
    receiver_mut_takes_place
    leaked_consumer_keeps_place_until_consumer_mut
    leaked_receiver_keeps_place_until_receiver_mut
    owned_consumer_keeps_queue_alive
    leaked_guard_permits_another_park
    moved_queue_keeps_items
    leaked_queue_keeps_items_queued
    dropped_drain_leaves_rest
    leaked_consumer_leaves_its_batch
    leaked_consumer_leaves_queue_closed
    leaked_guard_permits_close
}

fn second_consumer_fails_while_first_exists<F: Form>() {
    let queue = Arc::new(Queue::<Box<Item>, F>::default());
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

fn second_receiver_fails_while_first_exists<F: Form>() {
    let queue = Arc::new(AsyncQueue::<Box<Item>, F>::default());
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

fn consumer_mut_takes_place<F: Form>() {
    let mut queue = Queue::<Box<Item>, F>::default();
    for leaked in [false, true] {
        if leaked {
            mem::forget(queue.consumer_mut());
            assert!(
                queue.consumer().is_err(),
                "the leaked consumer has the place"
            );
        }
        let consumer = queue.consumer_mut();
        let shared = *consumer.queue();
        assert!(shared.consumer().is_err());
        assert!(shared.consumer().is_err(), "a failed call frees no place");
        drop(consumer);
        assert!(shared.consumer().is_ok());
        assert!(queue.consumer().is_ok());
    }
}

fn receiver_mut_takes_place<F: Form>() {
    let mut queue = AsyncQueue::<Box<Item>, F>::default();
    for leaked in [false, true] {
        if leaked {
            mem::forget(queue.receiver_mut());
            assert!(
                queue.receiver().is_err(),
                "the leaked receiver has the place"
            );
        }
        let receiver = queue.receiver_mut();
        let shared = *receiver.queue();
        assert!(shared.receiver().is_err());
        assert!(shared.receiver().is_err(), "a failed call frees no place");
        drop(receiver);
        assert!(shared.receiver().is_ok());
        assert!(queue.receiver().is_ok());
    }
}

fn leaked_consumer_keeps_place_until_consumer_mut<F: Form>() {
    let mut queue = Queue::<_, F>::default();
    push(&queue, item(1));
    mem::forget(queue.consumer());
    assert!(queue.consumer().is_err());
    let mut consumer = queue.consumer_mut();
    assert!(matches!(consumer.pop(), Pop::Item(_)));
    drop(consumer);
    assert!(queue.consumer().is_ok());
}

fn leaked_receiver_keeps_place_until_receiver_mut<F: Form>() {
    let mut queue = AsyncQueue::<Box<Item>, F>::default();
    let mut receiver = queue.receiver().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(receiver.poll_pop(&mut context).is_pending());
    mem::forget(receiver);
    assert!(queue.receiver().is_err());
    let mut receiver = queue.receiver_mut();
    assert!(receiver.queue().push(item(1)).is_ok());
    assert!(matches!(receiver.pop(), Pop::Item(_)));
}

fn owned_consumer_keeps_queue_alive<F: Form>() {
    let queue = Arc::new(Queue::<_, F>::default());
    push(&queue, item(1));
    let mut consumer = Consumer::owned(queue).unwrap();
    push(consumer.queue(), item(2));
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 1));
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 2));
}

/// The consumer can park although a leaked guard has left the queue parked.
fn leaked_guard_permits_another_park<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    mem::forget(consumer.park().unwrap());
    mem::forget(consumer.park().unwrap());
    assert!(queue.push(item(1)).unwrap().is_needed());
    assert!(consumer.park().is_none());
    assert!(!queue.push(item(2)).unwrap().is_needed(), "one push wakes");
}

fn moved_queue_keeps_items<F: Form>() {
    let queue = Queue::<_, F>::default();
    (0..3).for_each(|number| push(&queue, item(number)));
    assert_eq!(pop(&queue).number, 0, "the consumer has taken the first");
    let moved = Box::new(queue);
    push(&moved, item(3));
    assert_eq!(pop(&moved).number, 1);
    let again = *moved;
    assert_eq!(numbers(&again), [2, 3]);
}

fn leaked_queue_keeps_items_queued<F: Form>() {
    let queue = Queue::<_, F>::default();
    let shared = Arc::new(Shared::default());
    push_shared(&queue, Arc::clone(&shared));
    mem::forget(queue);
    let other = Queue::<_, F>::default();
    assert!(other.try_push(Arc::clone(&shared)).is_err(), "still queued");
    assert_eq!(Arc::strong_count(&shared), 2);
}

fn dropped_drain_leaves_rest<F: Form>() {
    let queue = Queue::<_, F>::default();
    (0..4).for_each(|number| push(&queue, item(number)));
    let mut consumer = queue.consumer().unwrap();
    assert_eq!(consumer.drain(9).next().map(|item| item.number), Some(0));
    drop(consumer);
    assert_eq!(numbers(&queue), [1, 2, 3]);
}

/// What a consumer has taken from the producers and not handed out belongs to the queue.
fn leaked_consumer_leaves_its_batch<F: Form>() {
    let mut queue = Queue::<_, F>::default();
    (0..3).for_each(|number| push(&queue, item(number)));
    let mut consumer = queue.consumer().unwrap();
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 0));
    mem::forget(consumer);
    push(&queue, item(3));
    assert!(!queue.is_empty());
    drop(queue.consumer_mut());
    assert_eq!(numbers(&queue), [1, 2, 3]);
}

fn leaked_consumer_leaves_queue_closed<F: Form>() {
    let mut queue = Queue::<_, F>::default();
    (0..2).for_each(|number| push(&queue, item(number)));
    let mut consumer = queue.consumer().unwrap();
    consumer.close();
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 0));
    mem::forget(consumer);
    let Err(Closed(refused)) = queue.push(item(2)) else {
        panic!("the queue is closed");
    };
    assert_eq!(refused.number, 2);
    let mut consumer = queue.consumer_mut();
    assert!(consumer.park().is_none());
    consumer.close();
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 1));
    assert!(consumer.pop().is_closed() && consumer.pop().is_closed());
    assert!(consumer.park().is_none());
}

/// The consumer can close a queue that a leaked guard has left parked.
fn leaked_guard_permits_close<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    mem::forget(consumer.park().unwrap());
    consumer.close();
    assert!(consumer.pop().is_closed() && queue.is_empty());
    assert!(matches!(queue.push(item(1)), Err(Closed(item)) if item.number == 1));
    assert!(consumer.pop().is_closed() && queue.is_empty());
}
