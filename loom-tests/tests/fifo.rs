//! Every item comes out once, each producer's in the order of its pushes.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Job, assert_fifo, job, pop_rest};
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
    loom::model(|| fifo(1, 3, 3));
}

#[test]
fn two_producers_of_one() {
    loom::model(|| fifo(2, 1, 2));
}

#[test]
fn two_producers_of_two() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| fifo(2, 2, 2));
}

#[test]
fn three_producers_of_one() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| fifo(3, 1, 2));
}
