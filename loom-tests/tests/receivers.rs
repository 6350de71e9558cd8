//! Receivers that stop waiting, and chains that wake.
#![cfg(loom)]

use std::future::Future;
use std::pin::pin;
// Not loom's: the waker is no part of what is checked.
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Job, Model, assert_fifo, in_each_form, job};
use mpsc_queue::{AsyncQueue, BlockingQueue, Chain, Pop};

in_each_form!(cancelled_recv_loses_no_item, chain_wakes_parked_receiver);

#[derive(Default)]
struct CountedWakeups(AtomicUsize);

impl std::task::Wake for CountedWakeups {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A receive is cancelled while a push takes its waker. The item is received later, and the
/// slot of the waker is accessed by one side at a time.
fn cancelled_recv_loses_no_item<F: BareForm>() {
    let model = Model::new("A receive that is cancelled loses no item and leaves no waker")
        .threads("1 x 1, consumer")
        .at_least(F::select([500, 180, 100]));
    model.check(|| {
        let queue = Arc::new(AsyncQueue::<Box<Job>, F>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)))
        };
        let mut receiver = queue.receiver().unwrap();
        let task = StdArc::new(CountedWakeups::default());
        let mut received = 0;
        for _ in 0..2 {
            let waker = Waker::from(StdArc::clone(&task));
            let polled = pin!(receiver.pop_async()).poll(&mut Context::from_waker(&waker));
            received += usize::from(matches!(polled, Poll::Ready(Pop::Item(_))));
        }
        producer.join().unwrap().unwrap();
        received += usize::from(receiver.pop_blocking().is_some());
        assert_eq!(received, 1);
        assert!(task.0.load(Ordering::Relaxed) <= 1);
        assert_eq!(StdArc::strong_count(&task), 1, "no waker is left behind");
    });
}

fn chain_wakes_parked_receiver<F: BareForm>() {
    let model = Model::new("A chain wakes a parked receiver")
        .threads("chain of 2, consumer")
        .at_least(F::select([130, 39, 11]));
    model.check(|| {
        let queue = Arc::new(BlockingQueue::<Box<Job>, F>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                queue.push_chain([job(0, 0), job(0, 1)].into_iter().collect::<Chain<_>>())
            })
        };
        let mut receiver = queue.receiver().unwrap();
        let items: Vec<_> = (0..2).map(|_| receiver.recv().unwrap()).collect();
        producer.join().unwrap().unwrap();
        assert_fifo(&items, 1, 2);
    });
}
