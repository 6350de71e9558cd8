//! One consumer at a time, handed over; a queue that is dropped with items in it.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Job, assert_fifo, exhaustive, job, pop_rest};
use mpsc_queue::{Pop, Queue};

/// Two threads compete for the consumer's place; what one leaves the other takes.
#[test]
fn the_place_is_handed_over() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        for number in 0..2 {
            let _ = queue.push(job(0, number));
        }
        let pop_one = |queue: &Queue<Box<Job>>| match queue.consumer().ok()?.pop() {
            Pop::Item(job) => Some(job),
            Pop::Empty | Pop::Stalled => panic!("two items, and at most one is taken by the other"),
        };
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || pop_one(&queue))
        };
        let mine = pop_one(&queue);
        let theirs = other.join().unwrap();
        let mut items: Vec<_> = [mine, theirs].into_iter().flatten().collect();
        items.extend(pop_rest(&mut queue.consumer().unwrap()));
        items.sort_by_key(|job| job.number);
        assert_fifo(&items, 1, 2);
    });
}

/// Items that nobody pops are dropped with the queue, once (loom tracks leaks).
#[test]
fn a_queue_is_dropped_with_items_in_it() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    let _ = queue.push(job(producer, 0));
                })
            })
            .collect();
        let _ = queue.consumer().unwrap().pop();
        drop(queue);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// The place changes hands while a push is under way: no item is popped twice, or
/// by nobody.
#[test]
fn the_place_is_handed_over_while_others_push() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0));
                let _ = queue.push(job(0, 1));
            })
        };
        let pop_one = |queue: &Queue<Box<Job>>| match queue.consumer().ok()?.pop() {
            Pop::Item(job) => Some(job),
            Pop::Empty | Pop::Stalled => None,
        };
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || pop_one(&queue))
        };
        let mine = pop_one(&queue);
        producer.join().unwrap();
        let theirs = other.join().unwrap();
        let mut items: Vec<_> = [mine, theirs].into_iter().flatten().collect();
        items.extend(pop_rest(&mut queue.consumer().unwrap()));
        items.sort_by_key(|job| job.number);
        assert_fifo(&items, 1, 2);
    });
}
