//! The length of a counted queue.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Jobs, Model, in_each_form, job, pop_rest};
use mpsc_queue::Counted;

in_each_form!(
    len_never_underflows,
    len_counts_completed_push,
    seen_item_is_counted,
    observer_counts_seen_item
);

fn len_never_underflows<F: BareForm>() {
    let model = Model::new("`len` is never negative, and at most the number of pushes")
        .threads("1 x 1, consumer, observer")
        .at_least(F::select([900, 310, 110]));
    model.check(|| {
        let queue = Arc::new(Jobs::<Counted<F>>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0)).unwrap();
            })
        };
        let observer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.len())
        };
        let mut consumer = queue.consumer().unwrap();
        let popped = usize::from(consumer.pop_blocking().is_some());
        let length = observer.join().unwrap();
        assert!(length <= 1, "{length} of one item");
        producer.join().unwrap();
        assert_eq!(popped + pop_rest(&mut consumer).len(), 1);
        assert_eq!(queue.len(), 0);
    });
}

fn len_counts_completed_push<F: BareForm>() {
    let model = Model::new("`len` counts a push that happens before the call")
        .threads("2 x 1")
        .at_least(F::select([100, 99, 99]));
    model.check(|| {
        let queue = Arc::new(Jobs::<Counted<F>>::default());
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    let _ = queue.push(job(producer, 0)).unwrap();
                    assert!((1..=2).contains(&queue.len()), "the push is not counted");
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(queue.len(), 2);
        assert_eq!(pop_rest(&mut queue.consumer().unwrap()).len(), 2);
    });
}

/// What the consumer has seen to be in the queue is counted, also if it cannot be reached yet.
fn seen_item_is_counted<F: BareForm>() {
    let model =
        Model::new("An item that the consumer has seen is counted, even if the queue is stalled")
            .threads("1 x 1, consumer")
            .at_least(F::select([50, 24, 8]));
    model.check(|| {
        let queue = Arc::new(Jobs::<Counted<F>>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(!queue.push(job(0, 0)).unwrap().is_needed()))
        };
        let mut consumer = queue.consumer().unwrap();
        if !queue.is_empty() {
            assert_eq!(queue.len(), 1, "the queue is not empty");
        }
        let first = consumer.pop();
        if first.is_stalled() {
            assert_eq!(queue.len(), 1, "the queue is stalled");
        }
        producer.join().unwrap();
        let popped = first.into_item().into_iter().chain(pop_rest(&mut consumer));
        assert_eq!(popped.count(), 1);
    });
}

/// Another thread notices items that the consumer holds already.
fn observer_counts_seen_item<F: BareForm>() {
    let model = Model::new("An item that another thread has noticed is counted")
        .threads("1 chain of 2, consumer of one, observer")
        .at_least(F::select([1000, 1400, 460]));
    model.check(|| {
        let queue = Arc::new(Jobs::<Counted<F>>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let chain = (0..2).map(|number| job(0, number)).collect();
                let _ = queue.push_chain(chain).unwrap();
            })
        };
        let observer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.is_empty() || queue.len() > 0)
        };
        let mut consumer = queue.consumer().unwrap();
        let popped = usize::from(consumer.pop().into_item().is_some());
        assert!(observer.join().unwrap(), "a second item is left");
        producer.join().unwrap();
        assert_eq!(popped + pop_rest(&mut consumer).len(), 2);
    });
}
