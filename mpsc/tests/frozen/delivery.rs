//! What each form delivers while one producer is stalled.

use std::sync::Arc;

use mpsc_queue::{BackLinked, Chain, Form, ForwardLinked, GapFree, Queue};

use crate::stalled_push::{item, pop_all, push, stalled_push};

/// What a form does while a push is stalled.
trait Delivery: Form {
    /// Set if the form has a gap.
    const HAS_GAP: bool;

    /// The items that are delivered if 0, 1, 2 and 3 are pushed and the push of 2 is stalled.
    const OF_FOUR: &'static [usize];

    /// The items that are delivered if 0 and 1 are pushed, 0 is popped, and then the push of 2
    /// is stalled.
    const AFTER_POP: &'static [usize];
}

impl Delivery for ForwardLinked {
    const HAS_GAP: bool = true;
    /// The consumer reaches item 2 through item 1 only, and keeps that one.
    const OF_FOUR: &'static [usize] = &[0];
    const AFTER_POP: &'static [usize] = &[];
}

impl Delivery for BackLinked {
    const HAS_GAP: bool = true;
    /// The consumer reaches items 0 and 1 through item 2 only.
    const OF_FOUR: &'static [usize] = &[];
    /// The first pop has taken item 1 as well.
    const AFTER_POP: &'static [usize] = &[1];
}

impl Delivery for GapFree {
    const HAS_GAP: bool = false;
    const OF_FOUR: &'static [usize] = &[0, 1, 2, 3];
    const AFTER_POP: &'static [usize] = &[1, 2];
}

test_each_form! {
    stalled_push_delays_items_that_depend_on_it
    stalled_first_push_delays_later_items
    stalled_push_does_not_delay_popped_batch
    push_after_stall_was_met_keeps_order
    drain_ends_at_stall_and_can_continue
    stalled_push_is_not_empty
}

fn stalled_push_delays_items_that_depend_on_it<F: Delivery>() {
    let queue = Arc::new(Queue::<_, F>::default());
    push(&queue, 0);
    push(&queue, 1);
    let stalled = stalled_push(&queue, 2);
    push(&queue, 3);
    let mut consumer = queue.consumer().unwrap();
    let (numbers, end) = pop_all(&mut consumer);
    assert_eq!(numbers, F::OF_FOUR);
    assert_eq!(end.is_stalled(), F::HAS_GAP);
    assert_eq!(end.is_empty(), !F::HAS_GAP);
    assert_eq!(consumer.pop_fenced().is_stalled(), F::HAS_GAP);
    assert_eq!(consumer.park().is_none(), F::HAS_GAP);
    assert!(!stalled.finish(), "the consumer is awake");
    let (rest, end) = pop_all(&mut consumer);
    assert!(end.is_empty());
    assert!(numbers.into_iter().chain(rest).eq(0..4));
}

fn stalled_first_push_delays_later_items<F: Delivery>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let stalled = stalled_push(&queue, 0);
    let mut consumer = queue.consumer().unwrap();
    let mut delivered = Vec::new();
    for number in 1..4 {
        push(&queue, number);
        let (numbers, end) = pop_all(&mut consumer);
        delivered.extend(numbers);
        assert_eq!(end.is_stalled(), F::HAS_GAP);
    }
    let chain: Chain<_> = (4..6).map(item).collect();
    assert!(!queue.push_chain(chain).unwrap().is_needed());
    let mut drain = consumer.drain(usize::MAX);
    delivered.extend(drain.by_ref().map(|item| item.number));
    assert_eq!(drain.is_stalled(), F::HAS_GAP);
    assert_eq!(delivered.is_empty(), F::HAS_GAP);
    assert!(!stalled.finish());
    let (rest, end) = pop_all(&mut consumer);
    assert!(end.is_empty());
    assert!(delivered.into_iter().chain(rest).eq(0..6));
}

fn stalled_push_does_not_delay_popped_batch<F: Delivery>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 0);
    push(&queue, 1);
    assert_eq!(consumer.pop().into_item().unwrap().number, 0);
    let stalled = stalled_push(&queue, 2);
    let (numbers, end) = pop_all(&mut consumer);
    assert_eq!(end.is_stalled(), F::HAS_GAP);
    assert_eq!(numbers, F::AFTER_POP);
    stalled.finish();
    let (rest, _) = pop_all(&mut consumer);
    assert!(numbers.into_iter().chain(rest).eq(1..3));
}

/// In a back-linked queue, items 3 and 4 go into the next batch.
fn push_after_stall_was_met_keeps_order<F: Delivery>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 0);
    let stalled = stalled_push(&queue, 1);
    push(&queue, 2);
    let (mut numbers, end) = pop_all(&mut consumer);
    assert_eq!(end.is_stalled(), F::HAS_GAP);
    for number in [3, 4] {
        push(&queue, number);
        let (more, end) = pop_all(&mut consumer);
        numbers.extend(more);
        assert_eq!(end.is_stalled(), F::HAS_GAP);
    }
    stalled.finish();
    let (rest, end) = pop_all(&mut consumer);
    assert!(end.is_empty());
    assert!(numbers.into_iter().chain(rest).eq(0..5));
}

fn drain_ends_at_stall_and_can_continue<F: Delivery>() {
    let queue = Arc::new(Queue::<_, F>::default());
    push(&queue, 0);
    push(&queue, 1);
    let stalled = stalled_push(&queue, 2);
    let mut consumer = queue.consumer().unwrap();
    let mut drain = consumer.drain(usize::MAX);
    push(&queue, 3); // after the drain has started
    let mut numbers: Vec<_> = drain.by_ref().map(|item| item.number).collect();
    for _ in 0..2 {
        assert_eq!(drain.is_stalled(), F::HAS_GAP);
        assert!(drain.next().is_none());
    }
    stalled.finish();
    numbers.extend(drain.by_ref().map(|item| item.number));
    assert!(!drain.is_stalled());
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(pop_all(&mut consumer).0, [3]);
}

/// Another thread asks, because the consumer's own view is exact in any case.
fn stalled_push_is_not_empty<F: Delivery>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let is_empty = || std::thread::scope(|scope| scope.spawn(|| queue.is_empty()).join().unwrap());
    let mut consumer = queue.consumer().unwrap();
    let stalled = stalled_push(&queue, 0);
    assert!(!is_empty());
    assert_eq!(consumer.pop().is_stalled(), F::HAS_GAP);
    assert_eq!(
        is_empty(),
        !F::HAS_GAP,
        "a batch that is stalled is not empty"
    );
    stalled.finish();
    assert_eq!(is_empty(), !F::HAS_GAP);
    drop(consumer.pop());
    assert!(is_empty());
}
