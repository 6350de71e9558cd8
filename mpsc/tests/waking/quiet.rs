//! Pushes by the consumer's own task, which wake nobody and cost no producer its wake-up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mpsc_queue::{
    AsyncQueue, BackLinked, Batched, Closed, Counted, GapFree, Pop, Queue, SharedLink,
    TryPushError, linked,
};

use crate::{CountingWaker, Item, item};

/// Instantiates generic tests, `fn test<F: Batched>()`.
macro_rules! test_batched {
    ($($test:ident)+) => {$(
        mod $test {
            #[test]
            fn back_linked() {
                super::$test::<super::BackLinked>();
            }

            #[test]
            fn gap_free() {
                super::$test::<super::GapFree>();
            }

            #[test]
            fn counted() {
                super::$test::<super::Counted<super::GapFree>>();
            }
        }
    )+};
}

test_batched! {
    quiet_push_wakes_nobody_and_leaves_next_wakeup
    quiet_pushes_keep_the_order_of_all_pushes
    quiet_push_keeps_consumer_from_parking
    quiet_push_to_closed_queue_returns_item
    queued_item_is_not_pushed_quietly
    items_pushed_quietly_outlive_consumer
    waker_is_dropped_with_receiver_despite_quiet_push
}

fn number<S>(poll: Poll<Pop<Box<Item>, S>>) -> Option<usize> {
    match poll {
        Poll::Ready(Pop::Item(item)) => Some(item.number),
        _ => None,
    }
}

fn quiet_push_wakes_nobody_and_leaves_next_wakeup<F: Batched>() {
    let queue = AsyncQueue::<_, F>::default();
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    for round in 0..3 {
        assert!(receiver.poll_pop(&mut context).is_pending());
        receiver.push_quiet(item(10)).unwrap();
        receiver.push_quiet(item(11)).unwrap();
        assert_eq!(task.wakes(), round, "the task is awake");
        queue.push(item(12)).unwrap();
        assert_eq!(task.wakes(), round + 1, "the task may sleep");
        queue.push(item(13)).unwrap();
        assert_eq!(task.wakes(), round + 1);
        for expected in 10..14 {
            assert_eq!(number(receiver.poll_pop(&mut context)), Some(expected));
        }
    }
}

/// Every sequence of seven pushes and pops, against a model.
fn quiet_pushes_keep_the_order_of_all_pushes<F: Batched>() {
    const STEPS: u32 = 7;
    for program in 0..4_u32.pow(STEPS) {
        let queue = Queue::<_, F>::default();
        let mut consumer = queue.consumer().unwrap();
        let mut expected = VecDeque::new();
        let pop = |consumer: &mut mpsc_queue::Consumer<_>, expected: &mut VecDeque<_>| {
            let popped = consumer
                .pop()
                .into_item()
                .map(|item: Box<Item>| item.number);
            assert_eq!(popped, expected.pop_front(), "program {program}");
            popped
        };
        for step in 0..STEPS {
            let number = step as usize;
            match program / 4_u32.pow(step) % 4 {
                0 => {
                    let wakeup = queue.push(item(number)).unwrap();
                    expected.push_back(number);
                    let _ = wakeup;
                }
                1 => {
                    consumer.push_quiet(item(number)).unwrap();
                    expected.push_back(number);
                }
                2 => drop(pop(&mut consumer, &mut expected)),
                _ => match consumer.park() {
                    Some(parked) => {
                        assert!(expected.is_empty());
                        std::mem::forget(parked);
                    }
                    None => assert!(!expected.is_empty()),
                },
            }
            assert_eq!(queue.is_empty(), expected.is_empty());
        }
        while pop(&mut consumer, &mut expected).is_some() {}
    }
}

fn quiet_push_keeps_consumer_from_parking<F: Batched>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    std::mem::forget(consumer.park());
    consumer.push_quiet(item(0)).unwrap();
    assert!(consumer.park().is_none());
    assert!(!queue.is_empty());
    assert!(consumer.pop().into_item().is_some());
    assert!(queue.is_empty());
    assert!(consumer.park().is_some());
}

fn quiet_push_to_closed_queue_returns_item<F: Batched>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    consumer.push_quiet(item(0)).unwrap();
    consumer.close();
    assert!(matches!(consumer.push_quiet(item(1)), Err(Closed(item)) if item.number == 1));
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 0));
    assert!(consumer.pop().is_closed());
    assert!(consumer.push_quiet(item(2)).is_err());
}

#[derive(Default)]
struct Shared {
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

fn queued_item_is_not_pushed_quietly<F: Batched>() {
    let queue = Queue::<Arc<Shared>, F>::default();
    let mut consumer = queue.consumer().unwrap();
    let shared = Arc::new(Shared::default());
    consumer.try_push_quiet(Arc::clone(&shared)).unwrap();
    assert!(queue.try_push_by_ref(&shared).is_err());
    let again = consumer.try_push_quiet(Arc::clone(&shared));
    assert!(matches!(again, Err(TryPushError::AlreadyQueued(_))));
    assert!(consumer.pop().into_item().is_some());
    consumer.close();
    let closed = consumer.try_push_quiet(Arc::clone(&shared));
    assert!(matches!(closed, Err(TryPushError::Closed(_))));
    assert_eq!(Arc::strong_count(&shared), 3, "in `again` and `closed`");
}

fn items_pushed_quietly_outlive_consumer<F: Batched>() {
    let queue = Queue::<_, F>::default();
    queue.consumer().unwrap().push_quiet(item(0)).unwrap();
    let wakeup = queue.push(item(1)).unwrap();
    assert!(!wakeup.is_needed());
    let mut consumer = queue.consumer().unwrap();
    consumer.push_quiet(item(2)).unwrap();
    assert!(consumer.drain(2).map(|item| item.number).eq(0..2));
    drop(consumer);
    drop(queue); // with the last item
}

fn waker_is_dropped_with_receiver_despite_quiet_push<F: Batched>() {
    let queue = AsyncQueue::<_, F>::default();
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(CountingWaker::default());
    let waker = Waker::from(Arc::clone(&task));
    assert!(
        receiver
            .poll_pop(&mut Context::from_waker(&waker))
            .is_pending()
    );
    receiver.push_quiet(item(0)).unwrap();
    drop(receiver);
    assert_eq!(Arc::strong_count(&task), 2, "the queue holds no waker");
    queue.push(item(1)).unwrap();
    assert_eq!(task.wakes(), 0);
}
