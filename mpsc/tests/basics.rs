//! The test list of the Odin queue that this crate ports.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

use std::thread;

use mpsc_queue::{Consumer, Link, Pop, Queue, linked};

struct Message {
    link: Link,
    number: usize,
}
linked!(Message => link: Link);

fn message(number: usize) -> Box<Message> {
    Box::new(Message {
        link: Link::new(),
        number,
    })
}

fn pop(consumer: &mut Consumer<&Queue<Box<Message>>>) -> Option<usize> {
    match consumer.pop() {
        Pop::Item(message) => Some(message.number),
        Pop::Empty => None,
        Pop::Stalled => panic!("no push is in flight"),
    }
}

#[test]
fn a_new_queue_is_empty() {
    let queue = Queue::<Box<Message>>::new();
    assert!(queue.is_empty());
    assert_eq!(Queue::<Box<Message>, _>::counted().len(), 0);
}

#[test]
fn a_pop_on_an_empty_queue_says_so() {
    let queue = Queue::<Box<Message>>::new();
    let mut consumer = queue.consumer().unwrap();
    assert_eq!(pop(&mut consumer), None);
    assert_eq!(pop(&mut consumer), None);
}

#[test]
fn one_goes_in_and_out() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    assert!(!queue.push(message(7)).is_needed());
    assert!(!queue.is_empty());
    assert_eq!(pop(&mut consumer), Some(7));
    assert_eq!(pop(&mut consumer), None);
    assert!(queue.is_empty());
}

#[test]
fn first_in_first_out() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    for number in 0..3 {
        let _ = queue.push(message(number));
    }
    for number in 0..3 {
        assert_eq!(pop(&mut consumer), Some(number));
    }
    assert_eq!(pop(&mut consumer), None);
}

#[test]
fn pushes_and_pops_may_alternate() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    let _ = queue.push(message(1));
    let _ = queue.push(message(2));
    assert_eq!(pop(&mut consumer), Some(1));
    let _ = queue.push(message(3));
    assert_eq!(pop(&mut consumer), Some(2));
    assert_eq!(pop(&mut consumer), Some(3));
    assert_eq!(pop(&mut consumer), None);
}

#[test]
fn one_item_is_used_again_five_times() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    let mut item = message(0);
    let address = &raw const *item;
    for round in 0..5 {
        item.number = round;
        let _ = queue.push(item);
        item = match consumer.pop() {
            Pop::Item(item) => item,
            Pop::Empty | Pop::Stalled => panic!("it was pushed"),
        };
        assert_eq!((&raw const *item, item.number), (address, round));
        assert_eq!(pop(&mut consumer), None);
    }
}

#[test]
fn fifty_go_in_and_out() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    for number in 0..50 {
        let _ = queue.push(message(number));
    }
    let numbers: Vec<_> = std::iter::from_fn(|| pop(&mut consumer)).collect();
    assert!(numbers.into_iter().eq(0..50));
}

#[test]
fn ten_producers_push_a_thousand_each() {
    let queue = Queue::new();
    thread::scope(|scope| {
        for producer in 0..10 {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..1000 {
                    let _ = queue.push(message(producer * 1000 + number));
                }
            });
        }
    });
    let mut consumer = queue.consumer().unwrap();
    let mut numbers: Vec<_> = std::iter::from_fn(|| pop(&mut consumer)).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..10_000));
}

#[test]
fn the_length_after_two_hundred() {
    let queue = Queue::counted();
    for number in 0..200 {
        let _ = queue.push(message(number));
        assert_eq!(queue.len(), number + 1);
    }
    let mut consumer = queue.consumer().unwrap();
    for number in 0..200 {
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == number));
        assert_eq!(queue.len(), 199 - number);
    }
}
