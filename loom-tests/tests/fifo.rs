//! Items are popped in FIFO order, each once.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use loom_tests::{Job, Model, assert_fifo, job, pop_rest};
use mpsc_queue::{Pop, Queue};

const PROPERTY: &str = "Every item is popped once, in the order of its producer's pushes";

/// Pops `pops` times while `producers` threads push `each` items, then pops the rest.
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
fn fifo_1x3() {
    let model = Model::new(PROPERTY)
        .threads("1 x 3, consumer")
        .at_least(120_000);
    model.check(|| fifo(1, 3, 3));
}

#[test]
fn fifo_2x1() {
    let model = Model::new(PROPERTY)
        .threads("2 x 1, consumer")
        .at_least(200_000);
    model.check(|| fifo(2, 1, 2));
}

#[test]
fn fifo_2x2() {
    let model = Model::new(PROPERTY)
        .threads("2 x 2, consumer")
        .bound(3)
        .full_bound(5)
        .at_least(20_000);
    model.check(|| fifo(2, 2, 2));
}

#[test]
fn fifo_3x1() {
    let model = Model::new(PROPERTY)
        .threads("3 x 1, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(80_000);
    model.check(|| fifo(3, 1, 2));
}

#[test]
fn earlier_push_is_popped_first() {
    let model = Model::new("The item of an earlier push is popped first, also across producers")
        .threads("2 x 1, consumer")
        .at_least(100_000);
    model.check(|| {
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
            "the later push was popped first"
        );
    });
}

#[test]
fn consumer_pushes_between_pops() {
    let model = Model::new("The consumer may push between its own pops")
        .threads("1 x 2, consumer x 2")
        .at_least(800);
    model.check(|| {
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
