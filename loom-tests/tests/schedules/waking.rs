//! A parked consumer is woken.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom_tests::{BareForm, in_each_form, wait_out};
use mpsc_queue::{AsyncQueue, BlockingQueue, Queue, Receiver};
use shuttle::{future, thread};

use crate::items::{Census, Order, PRODUCERS};
use crate::producers::{join_all, push_all};
use crate::runner::schedules;

in_each_form!(
    blocking_recv_receives_all_items,
    async_recv_receives_all_items,
    one_push_reports_each_ended_park
);

/// A lost wake-up is a deadlock, which shuttle reports.
fn blocking_recv_receives_all_items<F: BareForm>() {
    schedules(|| {
        const EACH: usize = 150;
        let census = Census::new(EACH);
        let queue = Arc::new(BlockingQueue::<_, F>::default());
        let producers = push_all(&census, &queue, |queue, item| queue.push(item).unwrap());
        let mut receiver = queue.receiver().unwrap();
        let mut order = Order::default();
        while order.total() < PRODUCERS * EACH {
            order.check(&receiver.recv().unwrap());
        }
        join_all(producers);
        census.assert_each_dropped_once();
    });
}

/// A lost wake-up of a task is a deadlock, which shuttle reports.
fn async_recv_receives_all_items<F: BareForm>() {
    schedules(|| {
        const EACH: usize = 150;
        let census = Census::new(EACH);
        let queue = Arc::new(AsyncQueue::<_, F>::default());
        let producers = push_all(&census, &queue, |queue, item| queue.push(item).unwrap());
        let mut receiver = Receiver::owned(queue).unwrap();
        let mut order = Order::default();
        while order.total() < PRODUCERS * EACH {
            future::block_on(async {
                for _ in 0..10 {
                    let pop = poll_fn(|cx| wait_out(cx, |cx| receiver.poll_pop(cx)));
                    order.check(&*pop.await.unwrap());
                }
            });
        }
        join_all(producers);
        census.assert_each_dropped_once();
    });
}

/// As many pushes report a park as parks were ended by a push, also if the consumer is
/// woken for other reasons.
fn one_push_reports_each_ended_park<F: BareForm>() {
    schedules(|| {
        const EACH: usize = 150;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::<_, F>::default());
        let reported = Arc::new(AtomicUsize::new(0));
        let producers = {
            let reported = Arc::clone(&reported);
            push_all(&census, &queue, move |queue, item| {
                let wakeup = queue.push(item).unwrap();
                reported.fetch_add(wakeup.is_needed().into(), Relaxed);
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let (mut order, mut ended) = (Order::default(), 0);
        while order.total() < PRODUCERS * EACH {
            consumer.drain(1000).for_each(|item| order.check(&item));
            if let Some(parked) = consumer.park() {
                thread::yield_now();
                ended += usize::from(!parked.unpark());
            } else {
                thread::yield_now(); // stalled or not empty
            }
        }
        join_all(producers);
        assert_eq!(reported.load(Relaxed), ended);
        census.assert_each_dropped_once();
    });
}
