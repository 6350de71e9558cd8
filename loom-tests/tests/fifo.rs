//! Items are popped in FIFO order, each once.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use loom_tests::{BareForm, Jobs, Model, assert_fifo, in_each_form, job, pop_rest};
use mpsc_queue::Pop;

in_each_form!(
    fifo_1x3,
    fifo_2x1,
    fifo_2x2,
    fifo_3x1,
    earlier_push_is_popped_first,
    consumer_pushes_between_pops
);

const PROPERTY: &str = "Every item is popped once, in the order of its producer's pushes";

/// Pops `pops` times while `producers` threads push `each` items, then pops the rest.
fn fifo<F: BareForm>(producers: usize, each: usize, pops: usize) {
    let queue = Arc::new(Jobs::<F>::default());
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for number in 0..each {
                    let _ = queue.push(job(producer, number)).unwrap();
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

fn fifo_1x3<F: BareForm>() {
    let model = Model::new(PROPERTY)
        .threads("1 x 3, consumer")
        .at_least(F::select([120_000, 3_200, 620]));
    model.check(|| fifo::<F>(1, 3, 3));
}

fn fifo_2x1<F: BareForm>() {
    let model = Model::new(PROPERTY)
        .threads("2 x 1, consumer")
        .at_least(F::select([200_000, 19_000, 2_300]));
    model.check(|| fifo::<F>(2, 1, 2));
}

fn fifo_2x2<F: BareForm>() {
    let model = Model::new(PROPERTY)
        .threads("2 x 2, consumer")
        .bound(F::select([3, 4, 5]))
        .full_bound(F::select([Some(5), Some(6), None]))
        .at_least(F::select([20_000, 19_000, 20_000]));
    model.check(|| fifo::<F>(2, 2, 2));
}

fn fifo_3x1<F: BareForm>() {
    let model = Model::new(PROPERTY)
        .threads("3 x 1, consumer")
        .bound(F::select([3, 3, 4]))
        .full_bound(F::select([4, 4, 5]))
        .at_least(F::select([80_000, 21_000, 41_000]));
    model.check(|| fifo::<F>(3, 1, 2));
}

fn earlier_push_is_popped_first<F: BareForm>() {
    let model = Model::new("The item of an earlier push is popped first, also across producers")
        .threads("2 x 1, consumer")
        .at_least(F::select([100_000, 16_000, 2_900]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let returned = Arc::new(AtomicBool::new(false));
        let first = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                let _ = queue.push(job(0, 0)).unwrap();
                returned.store(true, Ordering::Release);
            })
        };
        let second = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                let is_later = returned.load(Ordering::Acquire);
                let _ = queue.push(job(1, 0)).unwrap();
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

fn consumer_pushes_between_pops<F: BareForm>() {
    let model = Model::new("The consumer may push between its own pops")
        .threads("1 x 2, consumer x 2")
        .at_least(F::select([800, 760, 500]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0)).unwrap();
                let _ = queue.push(job(0, 1)).unwrap();
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut items = Vec::new();
        for number in 0..2 {
            let _ = queue.push(job(1, number)).unwrap();
            if let Pop::Item(job) = consumer.pop() {
                items.push(job);
            }
        }
        other.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        assert_fifo(&items, 2, 2);
    });
}
