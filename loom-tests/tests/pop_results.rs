//! The three results of `pop` are exact.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{Job, Model, job, pop_rest};
use mpsc_queue::{Pop, Queue};

#[test]
fn pop_after_completed_push_is_never_empty() {
    let model = Model::new("A pop does not return `Empty` if a push happens before it")
        .threads("2 x 1, consumer")
        .at_least(28_000);
    model.check(|| {
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
        let result = consumer.pop();
        if completed {
            assert!(!matches!(result, Pop::Empty), "a completed push was missed");
        }
        first.join().unwrap();
        second.join().unwrap();
        let popped = usize::from(matches!(result, Pop::Item(_)));
        assert_eq!(popped + pop_rest(&mut consumer).len(), 2);
    });
}

#[test]
fn pop_after_own_push_is_never_empty() {
    let model = Model::new("A pop does not return `Empty` after a push by the consumer")
        .threads("1 x 1, consumer x 1")
        .at_least(35);
    model.check(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0));
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let _ = queue.push(job(1, 0));
        let result = consumer.pop();
        assert!(
            !matches!(result, Pop::Empty),
            "the consumer's push was missed"
        );
        other.join().unwrap();
        let popped = usize::from(matches!(result, Pop::Item(_)));
        assert_eq!(popped + pop_rest(&mut consumer).len(), 2);
    });
}

#[test]
fn pop_of_last_item_races_with_push() {
    let model = Model::new("The pop of the last item and a push in its gap lose no item")
        .threads("1 x 1, consumer")
        .at_least(300);
    model.check(|| {
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

#[test]
fn pop_without_push_in_flight_never_stalls() {
    let model = Model::new("A pop does not return `Stalled` if every push has returned before it")
        .threads("2 x 1, consumer")
        .bound(3)
        .at_least(4_500);
    model.check(|| {
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

/// Exact is relative to happens-before: a push that has returned, but does not happen before
/// the pop, may be missed or stall it.
#[test]
fn pop_may_miss_unordered_push() {
    // Not loom's: they outlive each execution.
    use std::sync::atomic::AtomicBool as Flag;
    static EMPTY: Flag = Flag::new(false);
    static STALLED: Flag = Flag::new(false);

    let model = Model::new(
        "A pop may return `Empty` or `Stalled` after a push on another thread has returned",
    )
    .threads("1 x 1, consumer")
    .at_least(6);
    model.check(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let returned = Arc::new(AtomicBool::new(false));
        let producer = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                assert!(!queue.push(job(0, 0)).is_needed());
                returned.store(true, Ordering::Relaxed); // does not order the push
            })
        };
        let mut consumer = queue.consumer().unwrap();
        if returned.load(Ordering::Relaxed) {
            match consumer.pop() {
                Pop::Empty => EMPTY.store(true, Ordering::Relaxed),
                Pop::Stalled => STALLED.store(true, Ordering::Relaxed),
                Pop::Item(_) => {}
            }
        }
        producer.join().unwrap();
        drop(pop_rest(&mut consumer));
    });
    assert!(EMPTY.load(Ordering::Relaxed) && STALLED.load(Ordering::Relaxed));
}
