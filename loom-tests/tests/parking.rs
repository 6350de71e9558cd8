//! No wake-up is lost, and there is at most one for each successful park.
#![cfg(loom)]

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;
use loom_tests::{Job, assert_fifo, bounded, exhaustive, job, pop_rest};
use mpsc_queue::{Pop, Queue};

/// The consumer sleeps whenever it may, until it has all items. If a wake-up is
/// lost, loom finds the deadlock.
fn receive_all(bell: &Arc<Notify>, producers: usize, each: usize) {
    let queue = Arc::new(Queue::<Box<Job>>::new());
    let rung = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let (queue, bell, rung) = (Arc::clone(&queue), Arc::clone(bell), Arc::clone(&rung));
            thread::spawn(move || {
                for number in 0..each {
                    if queue.push(job(producer, number)).is_needed() {
                        rung.fetch_add(1, Ordering::Relaxed);
                        bell.notify();
                    }
                }
            })
        })
        .collect();

    let mut consumer = queue.consumer().unwrap();
    let (mut items, mut parks) = (Vec::new(), 0);
    while items.len() < producers * each {
        match consumer.pop() {
            Pop::Item(job) => items.push(job),
            Pop::Stalled => thread::yield_now(),
            Pop::Empty => {
                if let Some(parked) = consumer.park() {
                    bell.wait();
                    // Woken by a push, not by a late notification: this push
                    // has replaced the mark. If the notification was a late one,
                    // the mark is still there, and that park needs no wake-up.
                    parks += usize::from(!parked.unpark());
                }
            }
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(
        rung.load(Ordering::Relaxed),
        parks,
        "one wake-up per ended park"
    );
    assert_fifo(&items, producers, each);
}

#[test]
fn one_producer_of_two() {
    exhaustive(|| receive_all(&Arc::new(Notify::new()), 1, 2));
}

#[test]
fn two_producers_of_one() {
    bounded(3, 5, || receive_all(&Arc::new(Notify::new()), 2, 1));
}

/// What the consumer writes before it parks is visible to the push that is told
/// to wake it; after a successful unpark the consumer may write it anew.
#[test]
fn what_is_left_for_the_waker_is_seen() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let left = Arc::new(loom::cell::UnsafeCell::new(0));
        let producer = {
            let (queue, left) = (Arc::clone(&queue), Arc::clone(&left));
            thread::spawn(move || {
                if queue.push(job(0, 0)).is_needed() {
                    // SAFETY: loom checks that no other access overlaps.
                    let seen = left.with(|value| unsafe { *value });
                    assert!(seen > 0, "the exchange did not acquire the park");
                }
            })
        };
        let mut consumer = queue.consumer().unwrap();
        for round in 1..3 {
            // SAFETY: as above.
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

/// The sleep ends for another reason, too: a timer, a socket. Then the consumer
/// unparks, and what was about to wake it comes late or not at all.
#[test]
fn woken_from_elsewhere() {
    bounded(3, 5, || {
        let bell = Arc::new(Notify::new());
        let elsewhere = {
            let bell = Arc::clone(&bell);
            thread::spawn(move || bell.notify())
        };
        receive_all(&bell, 1, 2);
        elsewhere.join().unwrap();
    });
}

/// A consumer that pushes while it is parked is told to wake itself, or another
/// push was told: one of them, and never both.
#[test]
fn the_consumer_pushes_while_it_is_parked() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let mut consumer = queue.consumer().unwrap();
        let parked = consumer.park().expect("the queue is empty");
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)).is_needed())
        };
        let told_me = queue.push(job(1, 0)).is_needed();
        assert!(!parked.unpark(), "a push has replaced the mark");
        let told_other = other.join().unwrap();
        assert!(told_me != told_other, "one push ends one park");
        assert!(consumer.park().is_none(), "two items are in the queue");
        assert_eq!(pop_rest(&mut consumer).len(), 2);
    });
}

/// A park fails exactly if something is in the queue, also a push that is not
/// linked yet.
#[test]
fn a_park_fails_over_a_push_in_its_gap() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)).is_needed())
        };
        let mut consumer = queue.consumer().unwrap();
        let is_stalled = matches!(consumer.pop(), Pop::Stalled);
        let told = match consumer.park() {
            Some(parked) => {
                assert!(!is_stalled, "parked over a push that was under way");
                !parked.unpark()
            }
            None => false,
        };
        assert_eq!(other.join().unwrap(), told);
        drop(pop_rest(&mut consumer));
    });
}
