//! What a closed queue delivers, and what it does with the rest.

use std::mem;
use std::sync::Arc;
use std::thread;

use mpsc_queue::{Consumer, Counted, Form, Link, Pop, Queue, linked};

use crate::{item, pop_all, push};

test_each_form! {
    close_delivers_earlier_pushes
    close_delivers_rest_of_batch
    close_delivers_earlier_chains
    close_of_empty_queue_returns_closed
    close_of_emptied_queue_returns_closed
    close_ends_drain
    second_close_changes_nothing
    close_while_leaked_guard_is_parked
    close_while_leaked_guard_is_parked_delivers_item
    new_consumer_continues_closed_queue
    moved_queue_stays_closed
    queue_drop_after_close_drops_rest
    drop_of_drained_closed_queue_drops_nothing
    len_after_close_counts_items_that_are_left
    is_empty_on_other_thread_accounts_for_items_of_closed_queue
    item_in_closed_queue_can_own_queue
}

fn close_delivers_earlier_pushes<F: Form>() {
    for count in 0..5 {
        let queue = Queue::<_, F>::default();
        let mut consumer = queue.consumer().unwrap();
        (0..count).for_each(|number| push(&queue, number));
        consumer.close();
        let (numbers, end) = pop_all(&mut consumer);
        assert!(numbers.into_iter().eq(0..count));
        assert!(end.is_closed());
        assert!(consumer.pop().is_closed() && consumer.pop_fenced().is_closed());
        assert!(consumer.pop_blocking().is_none());
    }
}

/// A pop takes a whole batch in the forms that have batches, so a close finds items in both
/// places.
fn close_delivers_rest_of_batch<F: Form>() {
    for popped in 1..=3 {
        for later in 0..3 {
            let queue = Queue::<_, F>::default();
            let mut consumer = queue.consumer().unwrap();
            (0..3).for_each(|number| push(&queue, number));
            for number in 0..popped {
                assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == number));
            }
            (3..3 + later).for_each(|number| push(&queue, number));
            consumer.close();
            assert_eq!(queue.is_empty(), popped == 3 && later == 0);
            let (numbers, end) = pop_all(&mut consumer);
            assert!(numbers.into_iter().eq(popped..3 + later));
            assert!(end.is_closed());
            assert!(queue.is_empty());
        }
    }
}

fn close_delivers_earlier_chains<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    for chain in [0..3, 3..3, 3..4, 4..9] {
        let wakeup = queue.push_chain(chain.map(item).collect()).unwrap();
        assert!(!wakeup.is_needed());
    }
    consumer.close();
    let (numbers, end) = pop_all(&mut consumer);
    assert!(numbers.into_iter().eq(0..9));
    assert!(end.is_closed());
}

fn close_of_empty_queue_returns_closed<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    assert!(consumer.pop().is_empty());
    consumer.close();
    assert!(consumer.pop().is_closed());
    assert!(queue.push(item(0)).is_err());
    assert!(consumer.pop().is_closed());
}

fn close_of_emptied_queue_returns_closed<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 0);
    assert_eq!(pop_all(&mut consumer).0, [0]);
    consumer.close();
    assert!(consumer.pop().is_closed());
    assert!(queue.is_empty());
}

fn close_ends_drain<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    (0..5).for_each(|number| push(&queue, number));
    consumer.close();
    let numbers = consumer.drain(2).map(|item| item.number);
    assert!(numbers.eq(0..2));
    let mut drain = consumer.drain(usize::MAX);
    assert!(drain.by_ref().map(|item| item.number).eq(2..5));
    assert!(drain.next().is_none() && !drain.is_stalled());
    assert_eq!(consumer.drain(usize::MAX).count(), 0);
    assert!(consumer.pop().is_closed());
}

fn second_close_changes_nothing<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    (0..4).for_each(|number| push(&queue, number));
    for number in 0..4 {
        consumer.close();
        assert!(!queue.is_empty());
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == number));
        assert!(queue.push(item(9)).is_err());
    }
    consumer.close();
    assert!(queue.is_empty());
    assert!(consumer.pop().is_closed());
}

fn close_while_leaked_guard_is_parked<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    mem::forget(consumer.park().unwrap());
    consumer.close();
    assert!(queue.push(item(0)).is_err(), "the push does not wake");
    assert!(consumer.pop().is_closed());
    assert!(consumer.park().is_none(), "the queue is closed");
}

fn close_while_leaked_guard_is_parked_delivers_item<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    mem::forget(consumer.park().unwrap());
    assert!(queue.push(item(0)).unwrap().is_needed());
    push(&queue, 1);
    consumer.close();
    assert!(consumer.park().is_none());
    let (numbers, end) = pop_all(&mut consumer);
    assert_eq!(numbers, [0, 1]);
    assert!(end.is_closed());
}

fn new_consumer_continues_closed_queue<F: Form>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let mut consumer = queue.consumer().unwrap();
    (0..3).for_each(|number| push(&queue, number));
    consumer.close();
    drop(consumer);
    let mut consumer = Consumer::owned(Arc::clone(&queue)).unwrap();
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 0));
    drop(consumer);
    let mut consumer = queue.consumer().unwrap();
    assert!(queue.push(item(3)).is_err());
    consumer.close();
    let (numbers, end) = pop_all(&mut consumer);
    assert_eq!(numbers, [1, 2]);
    assert!(end.is_closed());
    drop(consumer);
    assert!(queue.consumer().unwrap().pop().is_closed());
}

fn moved_queue_stays_closed<F: Form>() {
    let queue = Queue::<_, F>::default();
    push(&queue, 0);
    push(&queue, 1);
    queue.consumer().unwrap().close();
    assert!(matches!(queue.consumer().unwrap().pop(), Pop::Item(_)));
    let mut queue = Box::new(queue);
    assert!(queue.push(item(2)).is_err());
    let mut consumer = queue.consumer_mut();
    let (numbers, end) = pop_all(&mut consumer);
    assert_eq!(numbers, [1]);
    assert!(end.is_closed());
}

/// An item that shares a counter, so that its drop can be noticed.
struct Shared {
    link: Link,
    _counter: Arc<()>,
}
linked!(Shared => link: Link);

fn shared(counter: &Arc<()>) -> Box<Shared> {
    Box::new(Shared {
        link: Link::new(),
        _counter: Arc::clone(counter),
    })
}

fn queue_drop_after_close_drops_rest<F: Form>() {
    for popped in 0..3 {
        let counter = Arc::new(());
        let queue = Queue::<_, F>::default();
        let mut consumer = queue.consumer().unwrap();
        for _ in 0..3 {
            assert!(queue.push(shared(&counter)).is_ok());
        }
        assert_eq!(consumer.drain(popped).count(), popped);
        assert!(queue.push(shared(&counter)).is_ok());
        consumer.close();
        drop(queue.push(shared(&counter)).unwrap_err());
        drop(consumer);
        assert_eq!(Arc::strong_count(&counter), 1 + 4 - popped);
        drop(queue);
        assert_eq!(Arc::strong_count(&counter), 1);
    }
}

fn drop_of_drained_closed_queue_drops_nothing<F: Form>() {
    let counter = Arc::new(());
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    assert!(queue.push(shared(&counter)).is_ok());
    consumer.close();
    let item = consumer.pop().into_item().unwrap();
    drop(consumer);
    drop(queue);
    assert_eq!(Arc::strong_count(&counter), 2);
    drop(item);
    assert_eq!(Arc::strong_count(&counter), 1);
}

fn len_after_close_counts_items_that_are_left<F: Form>() {
    let queue = Queue::<_, Counted<F>>::default();
    let mut consumer = queue.consumer().unwrap();
    (0..3).for_each(|number| push(&queue, number));
    assert!(consumer.pop().into_item().is_some());
    consumer.close();
    for left in [2, 1, 0] {
        assert_eq!((queue.len(), queue.is_empty()), (left, left == 0));
        assert!(queue.push(item(9)).is_err());
        assert!(queue.try_push(item(9)).is_err());
        assert!(queue.push_chain((0..4).map(item).collect()).is_err());
        assert_eq!((queue.len(), queue.is_empty()), (left, left == 0));
        assert_eq!(consumer.pop().into_item().is_some(), left > 0);
    }
    assert_eq!(queue.len(), 0);
}

fn is_empty_on_other_thread_accounts_for_items_of_closed_queue<F: Form>() {
    let queue = Queue::<_, F>::default();
    let is_empty = || thread::scope(|scope| scope.spawn(|| queue.is_empty()).join().unwrap());
    let mut consumer = queue.consumer().unwrap();
    (0..3).for_each(|number| push(&queue, number));
    assert!(consumer.pop().into_item().is_some());
    push(&queue, 3);
    assert!(!is_empty());
    consumer.close();
    for _ in 1..=3 {
        assert!(!is_empty());
        assert!(consumer.pop().into_item().is_some());
    }
    assert!(is_empty());
    assert!(consumer.pop().is_closed());
}

/// The consumer drops the last handle of the queue after it has drained the queue.
fn item_in_closed_queue_can_own_queue<F: Form>() {
    struct Owner<F: Form> {
        link: Link,
        queue: Arc<Queue<Box<Owner<F>>, F>>,
    }
    linked!([F: Form] Owner<F> => link: Link);

    let queue = Arc::new(Queue::<Box<Owner<F>>, F>::default());
    let owner = || {
        Box::new(Owner {
            link: Link::new(),
            queue: Arc::clone(&queue),
        })
    };
    let mut consumer = queue.consumer().unwrap();
    assert!(queue.push(owner()).is_ok());
    consumer.close();
    let refused = queue.push(owner()).unwrap_err().0;
    assert!(Arc::ptr_eq(&refused.queue, &queue));
    drop(refused);
    drop(consumer.pop());
    drop(consumer);
    assert_eq!(Arc::strong_count(&queue), 1);
}
