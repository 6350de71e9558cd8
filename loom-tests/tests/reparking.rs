//! To park again, where a leaked guard has left the queue parked, publishes what was
//! done in between.
#![cfg(loom)]

use std::mem;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{Job, exhaustive, job};
use mpsc_queue::{Pop, Queue};

#[test]
fn what_is_done_before_the_second_park_is_seen() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let done = Arc::new(AtomicUsize::new(0));
        let mut consumer = queue.consumer().unwrap();
        mem::forget(consumer.park().expect("the queue is empty"));
        let producer = {
            let (queue, done) = (Arc::clone(&queue), Arc::clone(&done));
            thread::spawn(move || {
                assert!(queue.push(job(0, 0)).is_needed());
                done.load(Ordering::Relaxed)
            })
        };
        done.store(1, Ordering::Relaxed);
        let parked_again = match consumer.park() {
            Some(parked) => {
                mem::forget(parked);
                true
            }
            None => false, // the push came before
        };
        let seen = producer.join().unwrap();
        assert!(!parked_again || seen == 1);
        assert!(matches!(consumer.pop(), Pop::Item(_)));
    });
}
