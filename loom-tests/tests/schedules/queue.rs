//! Every item is popped once and in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom_tests::{BareForm, in_each_form};
use mpsc_queue::{Chain, Consumer, Pop, Queue};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use crate::items::{Census, Order, PRODUCERS};
use crate::producers::{join_all, push_all, spawn_all};
use crate::runner::schedules;

in_each_form!(
    pop_yields_each_item_once_and_in_order,
    consumer_is_handed_over_during_pushes,
    queue_drop_drops_items
);

/// Single pushes and chains, and a consumer that polls.
fn pop_yields_each_item_once_and_in_order<F: BareForm>() {
    schedules(|| {
        const EACH: usize = 300;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::<_, F>::default());
        let returned = Arc::new(AtomicUsize::new(0));
        let producers = spawn_all(|producer| {
            let (queue, census) = (Arc::clone(&queue), census.clone());
            let returned = Arc::clone(&returned);
            move || {
                let mut numbers = 0..EACH;
                while !numbers.is_empty() {
                    let some = thread_rng().gen_range(1..=4);
                    let chain: Chain<_> = numbers
                        .by_ref()
                        .take(some)
                        .map(|number| census.item(producer, number))
                        .collect();
                    let length = chain.len();
                    let _ = queue.push_chain(chain).unwrap();
                    returned.fetch_add(length, Relaxed);
                    if let Some(number) = numbers.next() {
                        let _ = queue.push(census.item(producer, number)).unwrap();
                        returned.fetch_add(1, Relaxed);
                    }
                }
            }
        });
        let mut consumer = queue.consumer().unwrap();
        let mut order = Order::default();
        while order.total() < PRODUCERS * EACH {
            let at_least = returned.load(Relaxed) - order.total().min(returned.load(Relaxed));
            match consumer.pop() {
                Pop::Item(item) => order.check(&item),
                Pop::Stalled(_) => thread::yield_now(),
                Pop::Closed => unreachable!("the consumer does not close the queue"),
                Pop::Empty => {
                    assert_eq!(at_least, 0, "a completed push was missed");
                    thread::yield_now();
                }
            }
        }
        join_all(producers);
        assert!(consumer.pop().is_empty());
        census.assert_each_dropped_once();
    });
}

/// Three threads replace each other as the consumer.
fn consumer_is_handed_over_during_pushes<F: BareForm>() {
    schedules(|| {
        const EACH: usize = 100;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::<_, F>::default());
        let producers = push_all(&census, &queue, |queue, item| {
            let _ = queue.push(item).unwrap();
        });
        let order = Arc::new(std::sync::Mutex::new(Order::default()));
        let consumers = [(); 3].map(|()| {
            let (queue, order) = (Arc::clone(&queue), Arc::clone(&order));
            thread::spawn(move || {
                loop {
                    if let Ok(mut consumer) = queue.consumer() {
                        let mut order = order.try_lock().expect("no other consumer exists");
                        consumer.drain(10).for_each(|item| order.check(&item));
                        if order.total() == PRODUCERS * EACH {
                            return;
                        }
                        drop(order); // before the consumer
                    }
                    thread::yield_now();
                }
            })
        });
        join_all(producers);
        join_all(consumers.into());
        census.assert_each_dropped_once();
    });
}

/// The last owner of the queue, the consumer or a producer, drops the items in it.
fn queue_drop_drops_items<F: BareForm>() {
    schedules(|| {
        const EACH: usize = 100;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::<_, F>::default());
        let producers = push_all(&census, &queue, |queue, item| {
            let _ = queue.push(item).unwrap();
        });
        let mut consumer = Consumer::owned(queue).unwrap();
        for _ in 0..thread_rng().gen_range(0..PRODUCERS * EACH) {
            drop(consumer.pop());
        }
        drop(consumer);
        join_all(producers);
        census.assert_each_dropped_once();
    });
}
