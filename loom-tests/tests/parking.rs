//! No wake-up is lost, and each successful park is ended by at most one push.
#![cfg(loom)]

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;
use loom_tests::{BareForm, Jobs, Model, assert_fifo, in_each_form, job, pop_rest};
use mpsc_queue::Pop;

in_each_form!(
    parking_consumer_receives_1x2,
    parking_consumer_receives_2x1,
    park_publishes_to_waking_push,
    other_wakeup_may_precede_push,
    push_by_parked_consumer_ends_park_once,
    park_fails_during_push_gap,
    second_park_publishes_again,
    leaked_guard_leaves_pops_and_parks_intact,
);

const PROPERTY: &str =
    "Every item arrives, with one `Wakeup::Needed` for each park that a push ends";

/// Receives every item, and parks whenever the queue is empty. A lost wake-up is a
/// deadlock, which loom reports.
fn receive_all<F: BareForm>(notify: &Arc<Notify>, producers: usize, each: usize) {
    let queue = Arc::new(Jobs::<F>::default());
    let wakeups = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let (queue, notify) = (Arc::clone(&queue), Arc::clone(notify));
            let wakeups = Arc::clone(&wakeups);
            thread::spawn(move || {
                for number in 0..each {
                    if queue.push(job(producer, number)).unwrap().is_needed() {
                        wakeups.fetch_add(1, Ordering::Relaxed);
                        notify.notify();
                    }
                }
            })
        })
        .collect();

    let mut consumer = queue.consumer().unwrap();
    let (mut items, mut ended) = (Vec::new(), 0);
    while items.len() < producers * each {
        match consumer.pop() {
            Pop::Item(job) => items.push(job),
            Pop::Stalled(_) => thread::yield_now(),
            Pop::Closed => unreachable!("the consumer does not close the queue"),
            Pop::Empty => {
                if let Some(parked) = consumer.park() {
                    notify.wait();
                    // Unpark fails if a push ended this park. It succeeds after
                    // a late notification, which belongs to an earlier park.
                    ended += usize::from(!parked.unpark());
                }
            }
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(
        wakeups.load(Ordering::Relaxed),
        ended,
        "one wake-up per ended park"
    );
    assert_fifo(&items, producers, each);
}

fn parking_consumer_receives_1x2<F: BareForm>() {
    let model = Model::new(PROPERTY)
        .threads("1 x 2, consumer")
        .at_least(F::select([25_000, 6_900, 7_200]));
    model.check(|| receive_all::<F>(&Arc::new(Notify::new()), 1, 2));
}

fn parking_consumer_receives_2x1<F: BareForm>() {
    let model = Model::new(PROPERTY)
        .threads("2 x 1, consumer")
        .bound(3)
        .full_bound(5)
        .at_least(F::select([25_000, 19_000, 8_500]));
    model.check(|| receive_all::<F>(&Arc::new(Notify::new()), 2, 1));
}

fn park_publishes_to_waking_push<F: BareForm>() {
    let model = Model::new("Writes before a park are visible to the push that ends it")
        .threads("1 x 1, consumer")
        .at_least(F::select([12, 12, 23]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let left = Arc::new(loom::cell::UnsafeCell::new(0));
        let producer = {
            let (queue, left) = (Arc::clone(&queue), Arc::clone(&left));
            thread::spawn(move || {
                if queue.push(job(0, 0)).unwrap().is_needed() {
                    // SAFETY: loom checks that no other access overlaps.
                    let seen = left.with(|value| unsafe { *value });
                    assert!(seen > 0, "the exchange did not acquire the park");
                }
            })
        };
        let mut consumer = queue.consumer().unwrap();
        for round in 1..3 {
            // SAFETY: loom checks that no other access overlaps.
            left.with_mut(|value| unsafe { *value = round });
            match consumer.park().map(mpsc_queue::Parked::unpark) {
                Some(true) => {}
                Some(false) | None => break,
            }
        }
        producer.join().unwrap();
        assert!(matches!(consumer.pop(), Pop::Item(_)));
    });
}

fn other_wakeup_may_precede_push<F: BareForm>() {
    let model =
        Model::new("A consumer that is woken for another reason unparks, and misses no push")
            .threads("1 x 2, consumer, timer")
            .bound(3)
            .full_bound(5)
            .at_least(F::select([16_000, 9_100, 5_600]));
    model.check(|| {
        let notify = Arc::new(Notify::new());
        let elsewhere = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || notify.notify())
        };
        receive_all::<F>(&notify, 1, 2);
        elsewhere.join().unwrap();
    });
}

fn push_by_parked_consumer_ends_park_once<F: BareForm>() {
    let model = Model::new("Of the consumer's own push and another one, exactly one ends a park")
        .threads("1 x 1, consumer x 1")
        .at_least(F::select([5, 4, 16]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let mut consumer = queue.consumer().unwrap();
        let parked = consumer.park().expect("the queue is empty");
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)).unwrap().is_needed())
        };
        let mine_is_needed = queue.push(job(1, 0)).unwrap().is_needed();
        assert!(!parked.unpark(), "a push ended the park");
        let other_is_needed = other.join().unwrap();
        assert!(mine_is_needed != other_is_needed, "one push ends one park");
        assert!(consumer.park().is_none(), "two items are in the queue");
        assert_eq!(pop_rest(&mut consumer).len(), 2);
    });
}

fn park_fails_during_push_gap<F: BareForm>() {
    let model = Model::new("A park fails if the queue is not empty, even if it is stalled")
        .threads("1 x 1, consumer")
        .at_least(F::select([28, 13, 10]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)).unwrap().is_needed())
        };
        let mut consumer = queue.consumer().unwrap();
        let is_stalled = consumer.pop().is_stalled();
        let is_ended = match consumer.park() {
            Some(parked) => {
                assert!(!is_stalled, "parked although the queue was stalled");
                !parked.unpark()
            }
            None => false,
        };
        assert_eq!(other.join().unwrap(), is_ended);
        drop(pop_rest(&mut consumer));
    });
}

fn second_park_publishes_again<F: BareForm>() {
    let model = Model::new("Writes before a second park, after a leaked guard, are visible too")
        .threads("1 x 1, consumer")
        .at_least(F::select([14, 14, 25]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let done = Arc::new(AtomicUsize::new(0));
        let mut consumer = queue.consumer().unwrap();
        std::mem::forget(consumer.park().expect("the queue is empty"));
        let producer = {
            let (queue, done) = (Arc::clone(&queue), Arc::clone(&done));
            thread::spawn(move || {
                assert!(queue.push(job(0, 0)).unwrap().is_needed());
                done.load(Ordering::Relaxed)
            })
        };
        done.store(1, Ordering::Relaxed);
        let parked_again = match consumer.park() {
            Some(parked) => {
                std::mem::forget(parked);
                true
            }
            None => false, // the push came before
        };
        let seen = producer.join().unwrap();
        assert!(!parked_again || seen == 1);
        assert!(matches!(consumer.pop(), Pop::Item(_)));
    });
}

fn leaked_guard_leaves_pops_and_parks_intact<F: BareForm>() {
    let model = Model::new(
        "After a leaked guard, pops return every item, one push returns `Needed`, and the \
         consumer can park again",
    )
    .threads("2 x 1, consumer")
    .at_least(F::select([14_000, 2_700, 1_500]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let mut consumer = queue.consumer().unwrap();
        std::mem::forget(consumer.park().expect("the queue is empty"));
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.push(job(producer, 0)).unwrap().is_needed())
            })
            .collect();
        let mut items = Vec::new();
        items.extend(consumer.pop().into_item());
        let needed = threads.into_iter().map(|thread| thread.join().unwrap());
        assert_eq!(needed.map(usize::from).sum::<usize>(), 1);
        items.extend(pop_rest(&mut consumer));
        assert_fifo(&items, 2, 1);
        let parked = consumer.park().expect("the queue is empty");
        assert!(parked.unpark(), "no push followed");
    });
}
