//! One consumer at a time, and the drop of a queue that is not empty.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Job, Model, assert_fifo, job, pop_rest};
use mpsc_queue::{Pop, Queue};

#[test]
fn consumer_is_handed_over() {
    let model = Model::new("A consumer continues where one on another thread was dropped")
        .threads("2 consumers")
        .at_least(5);
    model.check(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        for number in 0..2 {
            let _ = queue.push(job(0, number));
        }
        let pop_one = |queue: &Queue<Box<Job>>| match queue.consumer().ok()?.pop() {
            Pop::Item(job) => Some(job),
            Pop::Empty | Pop::Stalled => panic!("two items, at most one of them popped"),
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

#[test]
fn queue_drop_drops_items() {
    let model = Model::new("A queue drops the items that are in it, each once")
        .threads("2 x 1, consumer")
        .at_least(80_000);
    model.check(|| {
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

#[test]
fn consumer_is_handed_over_during_pushes() {
    let model = Model::new("A consumer is replaced during pushes; no item is lost or popped twice")
        .threads("1 x 2, 2 consumers")
        .at_least(130_000);
    model.check(|| {
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
