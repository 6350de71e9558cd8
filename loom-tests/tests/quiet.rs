//! Pushes by the consumer itself, while producers push.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Job, Jobs, Model, assert_fifo, job, pop_rest};
use mpsc_queue::{BackLinked, Batched, GapFree};

/// The consumer is parked and awake. A push that overlaps its quiet push reports the park, so that
/// the consumer is woken if it sleeps without another look.
fn quiet_push_leaves_wakeup<F: BareForm + Batched>(at_least: usize) {
    let model = Model::new("A quiet push costs no other push its wake-up, and loses no item")
        .threads("1 x 2, consumer that pushes 2")
        .at_least(at_least);
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let mut consumer = queue.consumer().unwrap();
        std::mem::forget(consumer.park());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let wakeups = (0..2).map(|number| queue.push(job(0, number)).unwrap());
                wakeups.filter(|wakeup| wakeup.is_needed()).count()
            })
        };
        let mut items: Vec<Box<Job>> = Vec::new();
        for number in 0..2 {
            consumer.push_quiet(job(1, number)).unwrap();
        }
        // Its own items come out, whatever the producer does.
        while items.iter().filter(|item| item.producer == 1).count() < 2 {
            items.extend(consumer.pop_blocking());
        }
        let wakeups = producer.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        assert_eq!(wakeups, 1, "the first push ends the park");
        assert_fifo(&items, 2, 2);
        assert!(queue.is_empty());
    });
}

#[test]
fn quiet_push_leaves_wakeup_back_linked() {
    quiet_push_leaves_wakeup::<BackLinked>(450);
}

#[test]
fn quiet_push_leaves_wakeup_gap_free() {
    quiet_push_leaves_wakeup::<GapFree>(260);
}

/// A push that happens before a quiet push comes out first.
fn quiet_push_comes_after_earlier_push<F: BareForm + Batched>(at_least: usize) {
    let model = Model::new("A quiet push comes after each push that happens before it")
        .threads("1 x 2, consumer that pushes 1")
        .at_least(at_least);
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let mut consumer = queue.consumer().unwrap();
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for number in 0..2 {
                    assert!(!queue.push(job(0, number)).unwrap().is_needed());
                }
            })
        };
        // If the consumer has popped the producer's item, its own comes after it.
        let first = consumer.pop_blocking();
        consumer.push_quiet(job(1, 0)).unwrap();
        producer.join().unwrap();
        consumer.push_quiet(job(1, 1)).unwrap();
        let items: Vec<Box<Job>> = first.into_iter().chain(pop_rest(&mut consumer)).collect();
        assert_eq!(
            items.last().map(|item| item.producer),
            Some(1),
            "the last one"
        );
        assert_fifo(&items, 2, 2);
    });
}

#[test]
fn quiet_push_comes_after_earlier_push_back_linked() {
    quiet_push_comes_after_earlier_push::<BackLinked>(64);
}

#[test]
fn quiet_push_comes_after_earlier_push_gap_free() {
    quiet_push_comes_after_earlier_push::<GapFree>(56);
}
