//! Operations by themselves, on one thread: first the test list of the queue's Odin
//! original, then results, conversions and messages.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

use std::thread;

use mpsc_queue::{
    AlreadyQueued, AsyncQueue, Chain, Consumer, ConsumerTaken, Counted, Length, Link, Pop, Queue,
    SharedLink, Wakeup, WakingQueue, linked,
};

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

fn push<L: Length>(queue: &Queue<Box<Message>, L>, number: usize) {
    assert_eq!(queue.push(message(number)), Wakeup::NotNeeded);
}

fn pop(consumer: &mut Consumer<&Queue<Box<Message>>>) -> Option<usize> {
    match consumer.pop() {
        Pop::Item(message) => Some(message.number),
        Pop::Empty => None,
        Pop::Stalled => panic!("no push is in flight"),
    }
}

#[test]
fn new_queue_is_empty() {
    let queue = Queue::<Box<Message>>::new();
    assert!(queue.is_empty());
    assert_eq!(Queue::<Box<Message>, _>::counted().len(), 0);
}

#[test]
fn pop_from_empty_queue_returns_empty() {
    let queue = Queue::<Box<Message>>::new();
    let mut consumer = queue.consumer().unwrap();
    assert_eq!(pop(&mut consumer), None);
    assert_eq!(pop(&mut consumer), None);
}

#[test]
fn pop_after_push_returns_item() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 7);
    assert!(!queue.is_empty());
    assert_eq!(pop(&mut consumer), Some(7));
    assert_eq!(pop(&mut consumer), None);
    assert!(queue.is_empty());
}

#[test]
fn three_pops_return_items_in_order_of_pushes() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    for number in 0..3 {
        push(&queue, number);
    }
    for number in 0..3 {
        assert_eq!(pop(&mut consumer), Some(number));
    }
    assert_eq!(pop(&mut consumer), None);
}

#[test]
fn alternating_pushes_and_pops_keep_order() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 1);
    push(&queue, 2);
    assert_eq!(pop(&mut consumer), Some(1));
    push(&queue, 3);
    assert_eq!(pop(&mut consumer), Some(2));
    assert_eq!(pop(&mut consumer), Some(3));
    assert_eq!(pop(&mut consumer), None);
}

#[test]
fn popped_item_can_be_pushed_again() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    let mut item = message(0);
    let address = &raw const *item;
    for round in 0..5 {
        item.number = round;
        assert!(!queue.push(item).is_needed());
        item = consumer.pop().into_item().unwrap();
        assert_eq!((&raw const *item, item.number), (address, round));
        assert_eq!(pop(&mut consumer), None);
    }
}

#[test]
fn fifty_pops_return_items_in_order_of_pushes() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    for number in 0..50 {
        push(&queue, number);
    }
    let numbers: Vec<_> = std::iter::from_fn(|| pop(&mut consumer)).collect();
    assert!(numbers.into_iter().eq(0..50));
}

#[test]
fn ten_producers_lose_no_item() {
    let queue = Queue::new();
    thread::scope(|scope| {
        for producer in 0..10 {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..1000 {
                    push(queue, producer * 1000 + number);
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
fn len_counts_pushes_less_pops() {
    let queue = Queue::counted();
    for number in 0..200 {
        push(&queue, number);
        assert_eq!(queue.len(), number + 1);
    }
    let mut consumer = queue.consumer().unwrap();
    for number in 0..200 {
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == number));
        assert_eq!(queue.len(), 199 - number);
    }
}

#[test]
fn pop_result_is_item_or_empty_or_stalled() {
    let pops = [Pop::Item(1), Pop::Empty, Pop::Stalled];
    assert_eq!(pops.map(|pop| pop.is_empty()), [false, true, false]);
    assert_eq!(pops.map(|pop| pop.is_stalled()), [false, false, true]);
    assert_eq!(pops.map(Pop::into_item), [Some(1), None, None]);
}

#[test]
fn default_queues_and_chains_are_empty() {
    let queue = Queue::<Box<Message>>::default();
    let counted = Queue::<Box<Message>, Counted>::default();
    assert!(queue.is_empty() && counted.is_empty());
    let queue = AsyncQueue::<Box<Message>>::default();
    let counted = AsyncQueue::<Box<Message>, Counted>::default();
    assert!(queue.is_empty() && counted.is_empty());
    assert!(Chain::<Box<Message>>::default().is_empty());
}

#[cfg(feature = "std")]
#[test]
fn default_blocking_queues_are_empty() {
    use mpsc_queue::BlockingQueue;

    let queue = BlockingQueue::<Box<Message>>::default();
    let counted = BlockingQueue::<Box<Message>, Counted>::default();
    assert!(queue.is_empty() && counted.is_empty());
    counted.push(message(1));
    assert_eq!((counted.len(), counted.is_empty()), (1, false));
}

/// A receiver passes each call to the consumer inside.
#[test]
fn receiver_pops_with_every_method() {
    struct SilentWaker;
    impl mpsc_queue::Wake for SilentWaker {
        fn wake(&self) {}
    }
    let queue = WakingQueue::with_waker(SilentWaker);
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.pop().is_empty() && receiver.pop_fenced().is_empty());
    assert!(receiver.pop_blocking().is_none() && receiver.drain(9).next().is_none());
    (0..6).for_each(|number| queue.push(message(number)));
    let items = [
        receiver.pop().into_item(),
        receiver.pop_fenced().into_item(),
        receiver.pop_blocking(),
        receiver.drain(1).next(),
    ];
    let numbers = items.map(|item| item.unwrap().number);
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert_eq!(receiver.drain(1).count(), 1);
    assert!(!queue.is_empty());
}

/// No type requires `Debug` of an item or of a handle.
#[test]
fn debug_shows_state_and_no_item() {
    let queue = Queue::counted();
    assert_eq!(format!("{queue:?}"), "Queue { is_empty: true, .. }");
    push(&queue, 1);
    assert_eq!(format!("{queue:?}"), "Queue { is_empty: false, .. }");

    let mut consumer = queue.consumer().unwrap();
    let debug = format!("{consumer:?}");
    assert_eq!(debug, "Consumer { queue: Queue { is_empty: false, .. } }");
    let debug = format!("{:?}", consumer.drain(3));
    assert_eq!(debug, "Drain { left_at_most: 3, is_stalled: false, .. }");

    let chain: Chain<_> = (0..2).map(message).collect();
    assert_eq!(format!("{chain:?}"), "Chain { len: 2, .. }");
    let links = format!("{:?} {:?}", Link::new(), SharedLink::new());
    assert_eq!(links, "Link { .. } SharedLink { .. }");
}

#[test]
fn errors_have_messages() {
    let error = AlreadyQueued(message(1));
    assert_eq!(format!("{error:?}"), "AlreadyQueued(..)");
    assert_eq!(error.to_string(), "the item is already queued");
    let message = "the queue already has a consumer";
    assert_eq!(ConsumerTaken.to_string(), message);
}
