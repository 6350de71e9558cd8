//! Every item comes out once, each producer's in the order of its pushes.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use loom_tests::{Job, assert_fifo, bounded, exhaustive, job, pop_rest};
use mpsc_queue::{Pop, Queue};

/// `producers` threads push `each` items, while the consumer pops `pops` times;
/// the rest is popped at the end.
fn fifo(producers: usize, each: usize, pops: usize) {
    let queue = Arc::new(Queue::<Box<Job>>::new());
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for number in 0..each {
                    let _ = queue.push(job(producer, number));
                }
            })
        })
        .collect();

    let mut consumer = queue.consumer().unwrap();
    let mut items = Vec::new();
    for _ in 0..pops {
        if let Pop::Item(job) = consumer.pop() {
            items.push(job);
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    items.extend(pop_rest(&mut consumer));
    assert_fifo(&items, producers, each);
}

#[test]
fn one_producer_of_three() {
    exhaustive(|| fifo(1, 3, 3));
}

#[test]
fn two_producers_of_one() {
    exhaustive(|| fifo(2, 1, 2));
}

#[test]
fn two_producers_of_two() {
    bounded(3, 5, || fifo(2, 2, 2));
}

#[test]
fn three_producers_of_one() {
    bounded(3, 4, || fifo(3, 1, 2));
}

/// A push that returned before another began comes out first, whoever made them:
/// the order is one for all producers.
#[test]
fn an_earlier_push_comes_out_first() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let returned = Arc::new(AtomicBool::new(false));
        let first = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                let _ = queue.push(job(0, 0));
                returned.store(true, Ordering::Release);
            })
        };
        let second = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                let is_later = returned.load(Ordering::Acquire);
                let _ = queue.push(job(1, 0));
                is_later
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut items = Vec::new();
        if let Pop::Item(job) = consumer.pop() {
            items.push(job);
        }
        first.join().unwrap();
        let is_later = second.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        assert_fifo(&items, 2, 1);
        assert!(
            !is_later || items[0].producer == 0,
            "the later push came out first"
        );
    });
}

/// The consumer is a producer, too: it pushes between its own pops.
#[test]
fn the_consumer_pushes_to_itself() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0));
                let _ = queue.push(job(0, 1));
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut items = Vec::new();
        for number in 0..2 {
            let _ = queue.push(job(1, number));
            if let Pop::Item(job) = consumer.pop() {
                items.push(job);
            }
        }
        other.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        assert_fifo(&items, 2, 2);
    });
}
