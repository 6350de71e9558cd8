//! The slot in which a consumer leaves its waker: loom's cell finds two accesses
//! that overlap, its scheduler a wake-up that is lost.
#![cfg(loom)]

use std::task::Context;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{Job, assert_fifo, bounded, exhaustive, job};
use mpsc_queue::{AsyncQueue, BlockingQueue, Pop, Receiver, Wake, WakingQueue};

/// A thread receives all, sleeping in between.
#[test]
fn a_thread_receives_all() {
    bounded(3, None, || {
        let queue = Arc::new(BlockingQueue::<Box<Job>>::new());
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.push(job(producer, 0)))
            })
            .collect();
        let mut receiver = queue.receiver().unwrap();
        let items: Vec<_> = (0..2).map(|_| receiver.recv()).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_fifo(&items, 2, 1);
    });
}

/// A task receives all, registering itself in between.
#[test]
fn a_task_receives_all() {
    exhaustive(|| {
        let queue = Arc::new(AsyncQueue::<Box<Job>>::new());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                queue.push(job(0, 0));
                queue.push(job(0, 1));
            })
        };
        let mut receiver = queue.receiver().unwrap();
        let items: Vec<_> = (0..2).map(|_| block_on(receiver.recv())).collect();
        producer.join().unwrap();
        assert_fifo(&items, 1, 2);
    });
}

/// The receiver registers again and leaves while a push takes its waker.
#[test]
fn a_receiver_leaves_while_it_is_woken() {
    struct Quiet;
    impl std::task::Wake for Quiet {
        fn wake(self: std::sync::Arc<Self>) {}
    }

    exhaustive(|| {
        let queue = Arc::new(AsyncQueue::<Box<Job>>::new());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)))
        };
        let mut received = 0;
        for _ in 0..2 {
            let mut receiver = queue.receiver().unwrap();
            for _ in 0..2 {
                let waker = std::task::Waker::from(std::sync::Arc::new(Quiet));
                let polled = receiver.poll_recv(&mut Context::from_waker(&waker));
                received += usize::from(polled.is_ready());
            }
        }
        producer.join().unwrap();
        let mut receiver = queue.receiver().unwrap();
        received += usize::from(receiver.pop_blocking().is_some());
        assert_eq!(received, 1);
        drop::<Receiver<_, _>>(receiver);
    });
}

/// A waker of one's own is called once for each park that a push ended.
#[test]
fn a_bell_rings_once_per_park() {
    struct Bell(Arc<AtomicUsize>);
    impl Wake for Bell {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    bounded(3, 5, || {
        let rung = Arc::new(AtomicUsize::new(0));
        let queue = Arc::new(WakingQueue::with_waker(Bell(Arc::clone(&rung))));
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.push(job(producer, 0)))
            })
            .collect();
        let mut receiver = queue.receiver().unwrap();
        let (mut items, mut ended) = (Vec::new(), 0);
        for _ in 0..2 {
            if let Some(parked) = receiver.park() {
                ended += usize::from(!parked.unpark());
            }
            items.extend(receiver.pop_blocking());
        }
        for thread in threads {
            thread.join().unwrap();
        }
        items.extend(std::iter::from_fn(|| receiver.pop_blocking()));
        assert_eq!(rung.load(Ordering::Relaxed), ended);
        assert_fifo(&items, 2, 1);
    });
}

/// When a waker is called, the item is in place: the consumer that it wakes does
/// not find the queue stalled.
#[test]
fn the_item_is_in_place_when_the_bell_rings() {
    struct Bell(Arc<AtomicBool>);
    impl Wake for Bell {
        fn wake(&self) {
            self.0.store(true, Ordering::Release);
        }
    }

    exhaustive(|| {
        let rung = Arc::new(AtomicBool::new(false));
        let queue = Arc::new(WakingQueue::with_waker(Bell(Arc::clone(&rung))));
        let mut receiver = queue.receiver().unwrap();
        let parked = receiver.park().expect("the queue is empty");
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)))
        };
        let is_rung = rung.load(Ordering::Acquire);
        drop(parked);
        let first = receiver.pop();
        if is_rung {
            assert!(matches!(first, Pop::Item(_)), "woken for {first:?}");
        }
        producer.join().unwrap();
        let rest = receiver.pop_blocking();
        assert_eq!(
            usize::from(matches!(first, Pop::Item(_))) + rest.iter().count(),
            1
        );
    });
}
