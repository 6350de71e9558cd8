//! A queue is closed during pushes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom_tests::{BareForm, in_each_form};
use mpsc_queue::{Chain, Counted, Pop, Queue};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use crate::items::{Census, Order, PRODUCERS};
use crate::producers::{join_all, spawn_all};
use crate::runner::schedules;

in_each_form!(close_gives_each_item_one_fate);

/// What the pushes of one producer have returned.
#[derive(Default)]
struct Returned {
    /// The number of items.
    accepted: AtomicUsize,
    refused: AtomicUsize,
}

/// Each item is popped, returned by its push, or dropped by another push that is refused, which
/// a gap-free push never does.
fn close_gives_each_item_one_fate<F: BareForm>() {
    schedules(|| {
        const EACH: usize = 60;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::<_, Counted<F>>::default());
        let returned: Arc<[Returned; PRODUCERS]> = Arc::default();
        let producers = spawn_all(|producer| {
            let (queue, census) = (Arc::clone(&queue), census.clone());
            let returned = Arc::clone(&returned);
            move || {
                let returned = &returned[producer];
                let mut numbers = 0..EACH;
                while let Some(number) = numbers.next() {
                    match queue.push(census.item(producer, number)) {
                        Ok(_) => returned.accepted.fetch_add(1, Relaxed),
                        Err(closed) => {
                            assert_eq!((closed.0.producer, closed.0.number), (producer, number));
                            returned.refused.fetch_add(1, Relaxed)
                        }
                    };
                    let chain: Chain<_> = numbers
                        .by_ref()
                        .take(thread_rng().gen_range(0..3))
                        .map(|number| census.item(producer, number))
                        .collect();
                    let length = chain.len();
                    match queue.push_chain(chain) {
                        Ok(_) => returned.accepted.fetch_add(length, Relaxed),
                        Err(closed) => {
                            assert_eq!(closed.0.len(), length, "a chain comes back whole");
                            returned.refused.fetch_add(length, Relaxed)
                        }
                    };
                }
            }
        });

        let mut consumer = queue.consumer().unwrap();
        let mut order = Order::default();
        for _ in 0..thread_rng().gen_range(0..PRODUCERS * EACH) {
            if let Pop::Item(item) = consumer.pop() {
                order.check(&item);
            }
        }
        let before: Vec<_> = returned
            .iter()
            .map(|returned| returned.accepted.load(Relaxed))
            .collect();
        consumer.close();
        loop {
            match consumer.pop() {
                Pop::Item(item) => order.check(&item),
                Pop::Stalled(_) => thread::yield_now(),
                Pop::Empty => unreachable!("the queue is closed"),
                Pop::Closed => break,
            }
        }
        for (producer, before) in before.into_iter().enumerate() {
            assert!(
                order.of(producer) >= before,
                "a push that returned before the close is delivered"
            );
        }
        join_all(producers);
        assert!(matches!(consumer.pop(), Pop::Closed));
        assert!(queue.is_empty());
        assert_eq!(queue.len(), 0);
        for (producer, returned) in returned.iter().enumerate() {
            let [accepted, refused] =
                [&returned.accepted, &returned.refused].map(|items| items.load(Relaxed));
            assert_eq!(accepted + refused, EACH);
            assert!(order.of(producer) <= accepted);
            if !F::can_stall() {
                assert_eq!(order.of(producer), accepted, "`Ok` is a promise");
            }
        }
        census.assert_each_dropped_once();
    });
}
