//! The slot in which a consumer leaves its waker: loom's cell finds two accesses
//! that overlap, its scheduler a wake-up that is lost.
#![cfg(loom)]

use std::task::{Context, Poll};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use loom_tests::{Job, assert_fifo, job};
use mpsc_queue::{Receiver, TaskQueue, ThreadQueue};

/// A thread receives all, sleeping in between.
#[test]
fn a_thread_receives_all() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let queue = Arc::new(ThreadQueue::<Box<Job>>::new());
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
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let queue = Arc::new(TaskQueue::<Box<Job>>::new());
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

    loom::model(|| {
        let queue = Arc::new(TaskQueue::<Box<Job>>::new());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)))
        };
        let mut received = 0;
        for _ in 0..2 {
            let mut receiver = queue.receiver().unwrap();
            for _ in 0..2 {
                let waker = std::task::Waker::from(std::sync::Arc::new(Quiet));
                if let Poll::Ready(_) = receiver.poll_recv(&mut Context::from_waker(&waker)) {
                    received += 1;
                }
            }
        }
        producer.join().unwrap();
        let mut receiver = queue.receiver().unwrap();
        received += usize::from(receiver.pop_wait().is_some());
        assert_eq!(received, 1);
        drop::<Receiver<_, _>>(receiver);
    });
}
