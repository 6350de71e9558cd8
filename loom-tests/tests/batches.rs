//! The items that a consumer has taken from the producers and not yet returned.
//!
//! A forward-linked queue has no such batch. Its models show that the forms do not differ.
//!
//! The consumer is on the thread of the model, and the observers of `is_empty` on others. A
//! pop that takes a batch loads `back` before it exchanges it, so loom would skip schedules
//! if it ran an observer first (`loom_limits.rs`).
#![cfg(loom)]

use std::collections::BTreeSet;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use loom_tests::{BareForm, Jobs, Model, assert_fifo, in_each_form, job, pop_rest};
use mpsc_queue::Pop;

in_each_form!(
    is_empty_after_own_push_is_false,
    is_empty_after_observed_push_is_false,
    is_empty_after_last_pop_is_true,
    park_fails_while_batch_is_held,
    stalled_walk_keeps_its_place,
    drain_yields_rest_of_batch,
);

/// The observer's item is the second one, and the consumer pops once.
fn is_empty_after_own_push_is_false<F: BareForm>() {
    let model =
        Model::new("`is_empty` is false on the producer's thread while its item is in the queue")
            .threads("1 x 1 and observer, consumer x 1")
            .at_least(F::select([24, 41, 11]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let _ = queue.push(job(0, 0)).unwrap();
        let observer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 1)).unwrap();
                assert!(!queue.is_empty(), "the item is in the queue");
            })
        };
        let mut items = Vec::new();
        let mut consumer = queue.consumer().unwrap();
        items.extend(consumer.pop().into_item());
        observer.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        assert_fifo(&items, 1, 2);
        assert!(queue.is_empty());
    });
}

fn is_empty_after_observed_push_is_false<F: BareForm>() {
    let model = Model::new(
        "`is_empty` is false on a third thread while an item whose push happens before is in the \
         queue",
    )
    .threads("1 x 1, observer, consumer x 1")
    .at_least(F::select([2_300, 3_400, 910]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let returned = Arc::new(AtomicBool::new(false));
        let _ = queue.push(job(0, 0)).unwrap();
        let producer = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                let _ = queue.push(job(0, 1)).unwrap();
                returned.store(true, Ordering::Release);
            })
        };
        let observer = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                if returned.load(Ordering::Acquire) {
                    assert!(!queue.is_empty(), "the item is in the queue");
                }
            })
        };
        let mut items = Vec::new();
        let mut consumer = queue.consumer().unwrap();
        items.extend(consumer.pop().into_item());
        producer.join().unwrap();
        observer.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        assert_fifo(&items, 1, 2);
    });
}

fn is_empty_after_last_pop_is_true<F: BareForm>() {
    let model = Model::new(
        "`is_empty` is true on another thread if the pop of the last item happens before",
    )
    .threads("observer, consumer x 2")
    .at_least(F::select([3, 3, 3]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let popped = Arc::new(AtomicBool::new(false));
        let observer = {
            let (queue, popped) = (Arc::clone(&queue), Arc::clone(&popped));
            thread::spawn(move || {
                if popped.load(Ordering::Acquire) {
                    assert!(queue.is_empty(), "every item was popped");
                }
            })
        };
        for number in 0..2 {
            let _ = queue.push(job(0, number)).unwrap();
        }
        let items = pop_rest(&mut queue.consumer().unwrap());
        popped.store(true, Ordering::Release);
        observer.join().unwrap();
        assert_fifo(&items, 1, 2);
    });
}

fn park_fails_while_batch_is_held<F: BareForm>() {
    let model = Model::new("A park fails if the consumer has taken items that it has not returned")
        .threads("1 x 1, consumer x 2")
        .at_least(F::select([2, 19, 8]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        for number in 0..2 {
            let _ = queue.push(job(0, number)).unwrap();
        }
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(1, 0)).unwrap().is_needed())
        };
        let mut consumer = queue.consumer().unwrap();
        let mut items = Vec::new();
        items.extend(consumer.pop().into_item());
        assert!(consumer.park().is_none(), "an item is in the queue");
        assert!(!producer.join().unwrap(), "the consumer did not park");
        items.extend(pop_rest(&mut consumer));
        assert_eq!(items.len(), 3);
        let parked = consumer.park().expect("the queue is empty");
        assert!(queue.push(job(1, 1)).unwrap().is_needed());
        assert!(!parked.unpark(), "a push ended the park");
    });
}

/// In a back-linked queue, the walk over the batch meets the push of the producer in its gap,
/// between two links of the consumer's own.
fn stalled_walk_keeps_its_place<F: BareForm>() {
    let model = Model::new(
        "A pop that stalls changes nothing: no item is lost, and none is overtaken by a later push",
    )
    .threads("1 x 1, consumer x 3")
    .at_least(F::select([38, 74, 69]));
    // Not loom's: it outlives each execution.
    let stalled = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let seen = std::sync::Arc::clone(&stalled);
    model.check(move || {
        let queue = Arc::new(Jobs::<F>::default());
        let _ = queue.push(job(0, 0)).unwrap();
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(1, 0)).unwrap();
            })
        };
        let _ = queue.push(job(0, 1)).unwrap();
        let mut consumer = queue.consumer().unwrap();
        let mut items = Vec::new();
        let first = consumer.pop();
        let is_stalled = first.is_stalled();
        seen.lock().unwrap().insert(is_stalled);
        items.extend(first.into_item());
        let _ = queue.push(job(0, 2)).unwrap();
        items.extend(consumer.pop().into_item());
        producer.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        let producers: Vec<_> = items.iter().map(|job| job.producer).collect();
        if is_stalled {
            assert_ne!(producers[3], 1, "overtaken by a later push: {producers:?}");
        }
        let theirs = producers.iter().position(|producer| *producer == 1);
        drop(items.remove(theirs.expect("the producer's item is popped")));
        assert_fifo(&items, 1, 3);
    });
    let stalled = stalled.lock().unwrap();
    assert_eq!(stalled.contains(&true), F::can_stall());
}

fn drain_yields_rest_of_batch<F: BareForm>() {
    let model = Model::new("A drain yields the items that the consumer has taken before its start")
        .threads("1 x 1, consumer x 2")
        .at_least(F::select([35, 9, 5]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        for number in 0..2 {
            let _ = queue.push(job(0, number)).unwrap();
        }
        let mut consumer = queue.consumer().unwrap();
        let Pop::Item(first) = consumer.pop() else {
            panic!("both pushes happen before the pop");
        };
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(1, 0)).unwrap();
            })
        };
        let mut items = vec![first];
        let mut drain = consumer.drain(usize::MAX);
        let _ = queue.push(job(0, 2)).unwrap(); // after the start of the drain
        items.extend(&mut drain);
        // The rest of a batch is reached without its neighbours. In the forward-linked form, the
        // oldest link leads to that of the producer.
        let may_stall = F::select([true, false, false]);
        assert!(
            items.len() > 1 || may_stall && drain.is_stalled(),
            "the rest of the batch"
        );
        assert!(
            items.iter().all(|job| job.number < 2),
            "an item that was pushed after the start"
        );
        producer.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        let theirs = items.iter().position(|job| job.producer == 1).unwrap();
        drop(items.remove(theirs));
        assert_fifo(&items, 1, 3);
    });
}
