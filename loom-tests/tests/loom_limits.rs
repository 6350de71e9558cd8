//! Executions that loom 0.7.3 does not explore, without any bound on preemptions, those that it
//! cannot finish, and one that it explores although C11 forbids it. A failure of these tests means that loom explores them now: then correct the
//! README, "What loom misses", and `docs/limitations.md` of the queue.
#![cfg(loom)]

use std::collections::BTreeSet;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread;
use loom_tests::{Jobs, job};
use mpsc_queue::ForwardLinked;

/// Returns what `run` returns in the executions that loom explores.
fn results<T: Ord + Send + 'static>(run: fn() -> T) -> BTreeSet<T> {
    let results = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let seen = std::sync::Arc::clone(&results);
    loom::model(move || {
        let result = run();
        seen.lock().unwrap().insert(result);
    });
    std::mem::take(&mut *results.lock().unwrap())
}

/// loom issue 392: the reader may read 1, but does not if the writer loads first.
#[test]
fn load_before_store_hides_result() {
    fn run(loads_first: bool) -> usize {
        let value = Arc::new(AtomicUsize::new(0));
        let writer = {
            let value = Arc::clone(&value);
            thread::spawn(move || {
                if loads_first {
                    value.load(SeqCst);
                }
                value.store(1, SeqCst);
            })
        };
        let read = value.load(SeqCst);
        writer.join().unwrap();
        read
    }
    assert_eq!(results(|| run(false)), BTreeSet::from([0, 1]));
    assert_eq!(results(|| run(true)), BTreeSet::from([0]));
}

/// loom issue 166: the reader may read `value` before the last store of 0 and `key`
/// after it, but does not if the writer loads `key` in between.
#[test]
fn unused_load_hides_result() {
    fn run(with_load: bool) -> (usize, usize) {
        let [key, value] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let writer = {
            let (key, value) = (Arc::clone(&key), Arc::clone(&value));
            thread::spawn(move || {
                key.store(1, SeqCst);
                value.store(1, SeqCst);
                value.store(0, SeqCst);
                if with_load {
                    key.load(SeqCst);
                }
                key.store(0, SeqCst);
            })
        };
        let reader = thread::spawn(move || (value.load(SeqCst), key.load(SeqCst)));
        writer.join().unwrap();
        reader.join().unwrap()
    }
    let missed = &results(|| run(false)) - &results(|| run(true));
    assert_eq!(missed, BTreeSet::from([(1, 0)]));
}

/// The opposite: loom explores an execution that C11 forbids. A thread loads 3, and then exchanges
/// 2, although the exchange that wrote 2 has read 1, so that 3 comes after 2 in the modification
/// order.
#[test]
fn exchange_may_read_what_a_load_found_overwritten() {
    fn run() -> [usize; 3] {
        let value = Arc::new(AtomicUsize::new(1));
        let first = {
            let value = Arc::clone(&value);
            thread::spawn(move || value.swap(2, SeqCst))
        };
        let second = {
            let value = Arc::clone(&value);
            thread::spawn(move || value.store(3, SeqCst))
        };
        let loaded = value.load(SeqCst);
        let exchanged = value.swap(4, SeqCst);
        second.join().unwrap();
        [first.join().unwrap(), loaded, exchanged]
    }
    assert!(results(run).contains(&[1, 3, 2]));
}

/// A consumer that looks again at once, without yielding to loom, is run for ever.
#[test]
#[should_panic(expected = "exceeded maximum number of branches")]
fn spin_on_stalled_queue_exceeds_branch_limit() {
    loom::model(|| {
        let queue = Arc::new(Jobs::<ForwardLinked>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || drop(queue.push(job(0, 0))))
        };
        let mut consumer = queue.consumer().unwrap();
        while consumer.pop().is_stalled() {
            std::hint::spin_loop(); // `pop_blocking` passes instead
        }
        producer.join().unwrap();
    });
}
