//! One consumer at a time, and the drop of a queue that is not empty.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Jobs, Model, assert_fifo, in_each_form, job, pop_rest};
use mpsc_queue::Pop;

in_each_form!(
    consumer_is_handed_over,
    queue_drop_drops_items,
    consumer_is_handed_over_during_pushes,
    owner_pushes_popped_item_again,
);

fn consumer_is_handed_over<F: BareForm>() {
    let model = Model::new("A consumer continues where one on another thread was dropped")
        .threads("2 consumers")
        .at_least(F::select([5, 5, 5]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        for number in 0..2 {
            let _ = queue.push(job(0, number)).unwrap();
        }
        let pop_one = |queue: &Jobs<F>| match queue.consumer().ok()?.pop() {
            Pop::Item(job) => Some(job),
            Pop::Empty | Pop::Closed | Pop::Stalled(_) => {
                panic!("two items, at most one of them popped")
            }
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

fn queue_drop_drops_items<F: BareForm>() {
    let model = Model::new("A queue drops the items that are in it, each once")
        .threads("2 x 1, consumer")
        .at_least(F::select([80_000, 15_000, 2_200]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    let _ = queue.push(job(producer, 0)).unwrap();
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

fn consumer_is_handed_over_during_pushes<F: BareForm>() {
    let model = Model::new("A consumer is replaced during pushes; no item is lost or popped twice")
        .threads("1 x 2, 2 consumers")
        .at_least(F::select([130_000, 10_000, 2_300]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0)).unwrap();
                let _ = queue.push(job(0, 1)).unwrap();
            })
        };
        let pop_one = |queue: &Jobs<F>| match queue.consumer().ok()?.pop() {
            Pop::Item(job) => Some(job),
            Pop::Empty | Pop::Closed | Pop::Stalled(_) => None,
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

/// A producer may have read the address of the item before it was popped (ABA).
fn owner_pushes_popped_item_again<F: BareForm>() {
    let model = Model::new("An item is pushed again by the consumer that popped it; none is lost")
        .threads("1 x 1, consumer x 3, of two items")
        .at_least(F::select([120, 110, 99]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let _ = queue.push(job(0, 0)).unwrap();
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(1, 0)).unwrap();
            })
        };
        let mut consumer = queue.consumer().unwrap();
        for _ in 0..2 {
            if let Pop::Item(job) = consumer.pop() {
                let _ = queue.push(job).unwrap();
            }
        }
        producer.join().unwrap();
        let mut items = pop_rest(&mut consumer);
        items.sort_by_key(|job| job.producer);
        assert_fifo(&items, 2, 1);
    });
}
