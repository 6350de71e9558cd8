//! References, whose items need not live for ever, but longer than the queue.

use std::mem;
use std::pin::{Pin, pin};

use mpsc_queue::{Chain, Closed, Form, Link, Queue, SharedLink, TryPushError, linked};

test_each_form! {
    exclusive_references_come_back_in_order
    refused_reference_comes_back
    item_is_free_when_queue_is_dropped
    shared_references_are_queued_once
    pinned_references_stay_pinned
    threads_push_items_of_arena
    item_of_leaked_queue_stays_queued
}

#[derive(Default)]
struct Item {
    number: usize,
    link: Link,
}
linked!(Item => link: Link);

#[derive(Default)]
struct Shared {
    number: usize,
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

fn exclusive_references_come_back_in_order<F: Form>() {
    let mut items: [Item; 4] = Default::default();
    let queue = Queue::<&mut Item, F>::default();
    let mut chain = Chain::new();
    for (number, item) in items.iter_mut().enumerate() {
        item.number = number;
        if number < 2 {
            assert!(!queue.push(item).unwrap().is_needed());
        } else {
            chain.push(item);
        }
    }
    assert!(!queue.push_chain(chain).unwrap().is_needed());
    let mut consumer = queue.consumer().unwrap();
    let numbers = consumer.drain(9).map(|item| {
        item.number += 10;
        item.number
    });
    assert!(numbers.eq(10..14));
}

fn refused_reference_comes_back<F: Form>() {
    let mut item = Item::default();
    let queue = Queue::<&mut Item, F>::default();
    queue.consumer().unwrap().close();
    let Err(Closed(refused)) = queue.push(&mut item) else {
        panic!("the queue is closed");
    };
    refused.number = 1;
    drop(queue);
    assert_eq!(item.number, 1);
}

/// The borrow of an item ends with the queue, and then the item can be queued elsewhere.
fn item_is_free_when_queue_is_dropped<F: Form>() {
    let mut item = Item::default();
    for _ in 0..2 {
        let queue = Queue::<&mut Item, F>::default();
        assert!(!queue.push(&mut item).unwrap().is_needed());
        drop(queue);
        item.number += 1;
    }
    let mut chain = Chain::new();
    chain.push(&mut item);
    drop(chain);
    let mut moved = item;
    let queue = Queue::<&mut Item, F>::default();
    assert!(!queue.push(&mut moved).unwrap().is_needed());
}

fn shared_references_are_queued_once<F: Form>() {
    let items = [Shared::default(), Shared::default()];
    let queue = Queue::<&Shared, F>::default();
    for _ in 0..2 {
        for item in &items {
            assert!(!queue.try_push(item).unwrap().is_needed());
            let again = queue.try_push_by_ref(&item);
            assert!(matches!(again, Err(TryPushError::AlreadyQueued(()))));
        }
        let mut consumer = queue.consumer().unwrap();
        assert_eq!(consumer.drain(9).map(|item| item.number).sum::<usize>(), 0);
    }
}

fn pinned_references_stay_pinned<F: Form>() {
    let mut item = pin!(Item::default());
    let address = &raw const *item;
    let shared = pin!(Shared::default());
    let exclusive = Queue::<Pin<&mut Item>, F>::default();
    assert!(!exclusive.push(item.as_mut()).unwrap().is_needed());
    let popped = exclusive.consumer().unwrap().pop().into_item().unwrap();
    assert_eq!(&raw const *popped, address);
    let queue = Queue::<Pin<&Shared>, F>::default();
    assert!(!queue.try_push(shared.as_ref()).unwrap().is_needed());
    assert!(queue.try_push_by_ref(&shared.as_ref()).is_err());
}

/// The items of an arena, each pushed by one thread and handed out by another one.
fn threads_push_items_of_arena<F: Form>() {
    let mut arena: Vec<Item> = (0..8)
        .map(|number| Item {
            number,
            link: Link::new(),
        })
        .collect();
    let queue = Queue::<&mut Item, F>::default();
    std::thread::scope(|s| {
        for items in arena.chunks_mut(4) {
            let queue = &queue;
            s.spawn(move || {
                for item in items {
                    assert!(!queue.push(item).unwrap().is_needed());
                }
            });
        }
    });
    let mut consumer = queue.consumer().unwrap();
    assert_eq!(consumer.drain(9).map(|item| item.number).sum::<usize>(), 28);
    drop(consumer);
    drop(queue);
    assert_eq!(arena.len(), 8);
}

/// Nothing reaches the items of a leaked queue any more, so they may be moved and dropped.
fn item_of_leaked_queue_stays_queued<F: Form>() {
    let items = [Shared::default(), Shared::default()];
    let queue = Queue::<&Shared, F>::default();
    for item in &items {
        assert!(!queue.try_push(item).unwrap().is_needed());
    }
    mem::forget(queue);
    let [first, second] = items.map(Box::new); // moved
    drop(first);
    let other = Queue::<&Shared, F>::default();
    assert!(other.try_push(&*second).is_err());
}
