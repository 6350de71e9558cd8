//! The three answers of `pop` are exact.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{Job, bounded, exhaustive, job, pop_rest};
use mpsc_queue::{Pop, Queue};

/// A push that has returned is not answered with `Empty`, whatever other pushes
/// are in the middle of.
#[test]
fn a_completed_push_is_never_empty() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let done = Arc::new(AtomicBool::new(false));
        let first = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0));
            })
        };
        let second = {
            let (queue, done) = (Arc::clone(&queue), Arc::clone(&done));
            thread::spawn(move || {
                let _ = queue.push(job(1, 0));
                done.store(true, Ordering::Release);
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let completed = done.load(Ordering::Acquire);
        let answer = consumer.pop();
        if completed {
            assert!(
                !matches!(answer, Pop::Empty),
                "a completed push is invisible"
            );
        }
        first.join().unwrap();
        second.join().unwrap();
        let popped = usize::from(matches!(answer, Pop::Item(_)));
        assert_eq!(popped + pop_rest(&mut consumer).len(), 2);
    });
}

/// The consumer's own push is not answered with `Empty` either.
#[test]
fn a_push_by_the_consumer_is_never_empty() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0));
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let _ = queue.push(job(1, 0));
        let answer = consumer.pop();
        assert!(!matches!(answer, Pop::Empty), "one's own push is invisible");
        other.join().unwrap();
        let popped = usize::from(matches!(answer, Pop::Item(_)));
        assert_eq!(popped + pop_rest(&mut consumer).len(), 2);
    });
}

/// After a push into a queue that is being emptied, the item is there: the last
/// one is taken while a push is between its exchange and its link.
#[test]
fn the_last_item_is_taken_while_a_push_is_under_way() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let _ = queue.push(job(0, 0));
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 1));
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut numbers = Vec::new();
        for _ in 0..3 {
            if let Pop::Item(job) = consumer.pop() {
                numbers.push(job.number);
            }
        }
        other.join().unwrap();
        numbers.extend(pop_rest(&mut consumer).iter().map(|job| job.number));
        assert_eq!(numbers, [0, 1]);
    });
}

/// When all pushes have returned, whoever knows it pops without a stall.
#[test]
fn without_a_push_in_flight_never_stalled() {
    bounded(3, None, || {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let returned = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
                thread::spawn(move || {
                    let _ = queue.push(job(producer, 0));
                    returned.fetch_add(1, Ordering::AcqRel);
                })
            })
            .collect();
        let mut consumer = queue.consumer().unwrap();
        let mut popped = usize::from(matches!(consumer.pop(), Pop::Item(_)));
        if returned.load(Ordering::Acquire) == 2 {
            popped += pop_rest(&mut consumer).len();
            assert_eq!(popped, 2);
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(popped + pop_rest(&mut consumer).len(), 2);
    });
}
