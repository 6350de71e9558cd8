//! The three results of `pop` are exact.
#![cfg(loom)]

use std::collections::BTreeSet;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{BareForm, Jobs, Model, in_each_form, job, pop_rest};
use mpsc_queue::{GapFree, Pop};

in_each_form!(
    pop_after_completed_push_is_never_empty,
    pop_after_own_push_is_never_empty,
    pop_of_last_item_races_with_push,
    pop_without_push_in_flight_never_stalls,
    pop_may_miss_unordered_push
);

fn pop_after_completed_push_is_never_empty<F: BareForm>() {
    let model = Model::new("A pop does not return `Empty` if a push happens before it")
        .threads("2 x 1, consumer")
        .at_least(F::select([28_000, 7_200, 1_300]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let done = Arc::new(AtomicBool::new(false));
        let first = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0)).unwrap();
            })
        };
        let second = {
            let (queue, done) = (Arc::clone(&queue), Arc::clone(&done));
            thread::spawn(move || {
                let _ = queue.push(job(1, 0)).unwrap();
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

/// In a gap-free queue, a push in flight does not delay the items of others. (The match has no
/// arm for `Stalled`, which does not exist there.)
#[test]
fn gap_free_pop_after_completed_push_yields_item() {
    let model = Model::new("A pop of a gap-free queue yields an item if a push happens before it")
        .threads("2 x 1, consumer")
        .at_least(190);
    model.check(|| {
        let queue = Arc::new(Jobs::<GapFree>::default());
        let done = Arc::new(AtomicBool::new(false));
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0)).unwrap();
            })
        };
        let completed = {
            let (queue, done) = (Arc::clone(&queue), Arc::clone(&done));
            thread::spawn(move || {
                let _ = queue.push(job(1, 0)).unwrap();
                done.store(true, Ordering::Release);
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut popped = 0;
        if done.load(Ordering::Acquire) {
            match consumer.pop() {
                Pop::Item(_) => popped += 1,
                Pop::Empty | Pop::Closed => panic!("a completed push was missed"),
            }
        }
        other.join().unwrap();
        completed.join().unwrap();
        assert_eq!(popped + pop_rest(&mut consumer).len(), 2);
    });
}

fn pop_after_own_push_is_never_empty<F: BareForm>() {
    let model = Model::new("A pop does not return `Empty` after a push by the consumer")
        .threads("1 x 1, consumer x 1")
        .at_least(F::select([35, 38, 14]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0)).unwrap();
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let _ = queue.push(job(1, 0)).unwrap();
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

fn pop_of_last_item_races_with_push<F: BareForm>() {
    let model = Model::new("The pop of the last item and a push in its gap lose no item")
        .threads("1 x 1, consumer")
        .at_least(F::select([300, 120, 50]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let _ = queue.push(job(0, 0)).unwrap();
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 1)).unwrap();
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

fn pop_without_push_in_flight_never_stalls<F: BareForm>() {
    let model = Model::new("A pop does not return `Stalled` if every push has returned before it")
        .threads("2 x 1, consumer")
        .bound(3)
        .at_least(F::select([4_500, 1_600, 780]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let returned = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
                thread::spawn(move || {
                    let _ = queue.push(job(producer, 0)).unwrap();
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
fn pop_may_miss_unordered_push<F: BareForm>() {
    // Not loom's: it outlives each execution.
    let seen = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let results = std::sync::Arc::clone(&seen);
    let model = Model::new(
        "A pop may return `Empty` or `Stalled` after a push on another thread has returned",
    )
    .threads("1 x 1, consumer")
    .at_least(F::select([6, 5, 4]));
    model.check(move || {
        let queue = Arc::new(Jobs::<F>::default());
        let returned = Arc::new(AtomicBool::new(false));
        let producer = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                assert!(!queue.push(job(0, 0)).unwrap().is_needed());
                returned.store(true, Ordering::Relaxed); // does not order the push
            })
        };
        let mut consumer = queue.consumer().unwrap();
        if returned.load(Ordering::Relaxed) {
            let result = consumer.pop();
            let result = (result.is_empty(), result.is_stalled());
            results.lock().unwrap().insert(result);
        }
        producer.join().unwrap();
        drop(pop_rest(&mut consumer));
    });
    let seen = seen.lock().unwrap();
    assert!(seen.contains(&(true, false)), "`Empty`");
    assert_eq!(seen.contains(&(false, true)), F::can_stall(), "`Stalled`");
}
