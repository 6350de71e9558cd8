//! Order, loss and length while producers push.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use mpsc_queue::{Consumer, Counted, Form, Link, Pop, Queue, UniqueHandle, linked};

use crate::census::{Census, Order};
use crate::{EACH, PRODUCERS};

test_each_form! {
    pops_keep_order_of_each_producer
    returned_push_is_visible_to_pop_and_len
    chain_arrives_without_items_between
    last_share_drops_remaining_items
    queue_moved_after_stall_keeps_items
    drain_excludes_items_pushed_after_its_start
    consumers_on_several_threads_take_turns
}

/// Pushes to an open queue whose consumer does not park.
fn push<H: UniqueHandle, F: Form>(queue: &Queue<H, F>, handle: H) {
    assert!(!queue.push(handle).unwrap().is_needed());
}

fn pops_keep_order_of_each_producer<F: Form>() {
    for producers in PRODUCERS {
        let census = Census::of(producers);
        let queue = Queue::<_, F>::default();
        thread::scope(|scope| {
            census.spawn_producers(scope, |item| push(&queue, item));
            let mut consumer = queue.consumer().unwrap();
            let mut order = Order::of(producers);
            while order.total() < producers * EACH {
                match consumer.pop() {
                    Pop::Item(item) => order.check(&item),
                    Pop::Empty | Pop::Stalled(_) => thread::yield_now(),
                    Pop::Closed => panic!("the queue is open"),
                }
            }
        });
        assert!(matches!(queue.consumer().unwrap().pop(), Pop::Empty));
        census.assert_each_dropped_once();
    }
}

/// A pop does not return `Empty` while more pushes have returned than items were popped. The
/// length is at least that difference and never negative.
fn returned_push_is_visible_to_pop_and_len<F: Form>() {
    for producers in PRODUCERS {
        let total = producers * EACH;
        let census = Census::of(producers);
        let queue = Queue::<_, Counted<F>>::default();
        let returned = AtomicUsize::new(0);
        thread::scope(|scope| {
            census.spawn_producers(scope, |item| {
                push(&queue, item);
                returned.fetch_add(1, Ordering::Release);
            });
            scope.spawn(|| {
                while returned.load(Ordering::Relaxed) < total {
                    let length = queue.len();
                    assert!(length <= total, "on a third thread: {length}");
                    thread::yield_now();
                }
            });
            let mut consumer = queue.consumer().unwrap();
            let mut popped = 0;
            while popped < total {
                let at_least = returned.load(Ordering::Acquire).saturating_sub(popped);
                let length = queue.len();
                assert!((at_least..=total - popped).contains(&length));
                assert!(at_least == 0 || !queue.is_empty());
                match consumer.pop() {
                    Pop::Item(_) => popped += 1,
                    Pop::Empty => assert_eq!(at_least, 0, "items that the pop missed"),
                    Pop::Stalled(_) => thread::yield_now(),
                    Pop::Closed => panic!("the queue is open"),
                }
            }
        });
        assert_eq!(queue.len(), 0);
        census.assert_each_dropped_once();
    }
}

fn chain_arrives_without_items_between<F: Form>() {
    const CHAIN: usize = 9;
    const ROUND: usize = CHAIN + 1; // a chain, and a single item

    for producers in PRODUCERS {
        let census = Census::of(producers);
        let queue = Queue::<_, F>::default();
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, census) = (&queue, &census);
                scope.spawn(move || {
                    for first in (0..EACH).step_by(ROUND) {
                        let item = |number| census.item(producer, number);
                        let chain = (first..first + CHAIN).map(item).collect();
                        assert!(!queue.push_chain(chain).unwrap().is_needed());
                        push(queue, item(first + CHAIN));
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut order = Order::of(producers);
            let mut last = (0, 0);
            while order.total() < producers * EACH {
                for item in consumer.drain(77) {
                    order.check(&item);
                    if (1..CHAIN).contains(&(item.number % ROUND)) {
                        assert_eq!(last, (item.producer, item.number - 1));
                    }
                    last = (item.producer, item.number);
                }
                thread::yield_now();
            }
        });
        census.assert_each_dropped_once();
    }
}

/// The last share of the queue belongs to a producer or to the consumer.
fn last_share_drops_remaining_items<F: Form>() {
    const PRODUCERS: usize = 4;
    for pops in 0..(EACH / 300).max(2) {
        let census = Census::new(PRODUCERS, 200);
        let queue = Arc::new(Queue::<_, F>::default());
        thread::scope(|scope| {
            let shared = Arc::clone(&queue);
            census.spawn_producers(scope, move |item| push(&shared, item));
            let mut consumer = Consumer::owned(queue).unwrap();
            for _ in 0..pops {
                drop(consumer.pop());
            }
        });
        census.assert_each_dropped_once();
    }
}

/// The consumer leaves at a stall, in the middle of what it has taken from the producers. The
/// queue is then moved, or dropped.
fn queue_moved_after_stall_keeps_items<F: Form>() {
    const PRODUCERS: usize = 4;
    for round in 0..(EACH / 100).max(2) {
        let census = Census::new(PRODUCERS, 400);
        let queue = Queue::<_, F>::default();
        let mut order = Order::of(PRODUCERS);
        thread::scope(|scope| {
            census.spawn_producers(scope, |item| push(&queue, item));
            let mut consumer = queue.consumer().unwrap();
            while order.total() < PRODUCERS * 400 {
                match consumer.pop() {
                    Pop::Item(item) => order.check(&item),
                    Pop::Empty => thread::yield_now(),
                    Pop::Stalled(_) => break,
                    Pop::Closed => panic!("the queue is open"),
                }
            }
        });
        if round % 2 == 0 {
            let moved = Box::new(queue);
            let mut consumer = moved.consumer().unwrap();
            consumer
                .drain(usize::MAX)
                .for_each(|item| order.check(&item));
            assert_eq!(order.total(), PRODUCERS * 400);
        } else {
            drop(queue);
        }
        census.assert_each_dropped_once();
    }
}

/// Producers that go on pushing cannot keep a consumer in its drain.
fn drain_excludes_items_pushed_after_its_start<F: Form>() {
    struct Stamped {
        link: Link,
        /// The number of drains that have started before the push.
        started: usize,
    }
    linked!(Stamped => link: Link);

    for producers in PRODUCERS {
        let queue = Queue::<_, F>::default();
        let started = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..producers {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let item = Stamped {
                            link: Link::new(),
                            started: started.load(Ordering::Acquire),
                        };
                        push(&queue, Box::new(item));
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut popped = 0;
            for number in 1.. {
                let drain = consumer.drain(usize::MAX);
                started.store(number, Ordering::Release);
                for item in drain {
                    assert!(item.started < number, "pushed after the drain started");
                    popped += 1;
                }
                if popped == producers * EACH {
                    break;
                }
                thread::yield_now();
            }
        });
    }
}

fn consumers_on_several_threads_take_turns<F: Form>() {
    const TOTAL: usize = 2 * EACH;
    let census = Census::of(2);
    let queue = Queue::<_, F>::default();
    let popped = Mutex::new(Order::of(2));
    thread::scope(|scope| {
        census.spawn_producers(scope, |item| push(&queue, item));
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Ok(mut consumer) = queue.consumer() else {
                        thread::yield_now();
                        continue;
                    };
                    let mut order = popped.try_lock().expect("no other consumer exists");
                    for item in consumer.drain(10) {
                        order.check(&item);
                    }
                    if order.total() == TOTAL {
                        return;
                    }
                    drop(order); // before the consumer
                }
            });
        }
    });
    census.assert_each_dropped_once();
}
