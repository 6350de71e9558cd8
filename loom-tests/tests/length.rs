//! The length of a counted queue.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Job, Model, job, pop_rest};
use mpsc_queue::{Counted, Queue};

#[test]
fn len_never_underflows() {
    let model = Model::new("`len` is never negative, and at most the number of pushes")
        .threads("1 x 1, consumer, observer")
        .at_least(900);
    model.check(|| {
        let queue = Arc::new(Queue::<Box<Job>, Counted>::counted());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0));
            })
        };
        let observer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.len())
        };
        let mut consumer = queue.consumer().unwrap();
        let popped = usize::from(consumer.pop_blocking().is_some());
        let length = observer.join().unwrap();
        assert!(length <= 1, "{length} of one item");
        producer.join().unwrap();
        assert_eq!(popped + pop_rest(&mut consumer).len(), 1);
        assert_eq!(queue.len(), 0);
    });
}

#[test]
fn len_counts_completed_push() {
    let model = Model::new("`len` counts a push that happens before the call")
        .threads("2 x 1")
        .at_least(100);
    model.check(|| {
        let queue = Arc::new(Queue::<Box<Job>, Counted>::counted());
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    let _ = queue.push(job(producer, 0));
                    assert!((1..=2).contains(&queue.len()), "the push is not counted");
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(queue.len(), 2);
        assert_eq!(pop_rest(&mut queue.consumer().unwrap()).len(), 2);
    });
}

/// What the consumer has seen to be in the queue is counted, also if it cannot be reached yet.
#[test]
fn seen_item_is_counted() {
    let model =
        Model::new("An item that the consumer has seen is counted, even if the queue is stalled")
            .threads("1 x 1, consumer")
            .at_least(50);
    model.check(|| {
        let queue = Arc::new(Queue::<Box<Job>, Counted>::counted());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(!queue.push(job(0, 0)).is_needed()))
        };
        let mut consumer = queue.consumer().unwrap();
        if !queue.is_empty() {
            assert_eq!(queue.len(), 1, "the queue is not empty");
        }
        let first = consumer.pop();
        if first.is_stalled() {
            assert_eq!(queue.len(), 1, "the queue is stalled");
        }
        producer.join().unwrap();
        let popped = first.into_item().into_iter().chain(pop_rest(&mut consumer));
        assert_eq!(popped.count(), 1);
    });
}
