//! The event loop parks while requests are resumed and the server is stopped.
#![cfg(loom)]

use http_resume::resume::{Completion, ResumeQueue};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;
use loom_tests::{Drops, Model, pending};

const PROPERTY: &str = "Every request arrives, with one wake-up for each park that a resume ends";

/// Returns a queue, what its loop waits for, and the number of wake-ups.
fn queue() -> (Arc<ResumeQueue>, Arc<Notify>, Arc<AtomicUsize>) {
    let notify = Arc::new(Notify::new());
    let wakeups = Arc::new(AtomicUsize::new(0));
    let wake = {
        let (notify, wakeups) = (Arc::clone(&notify), Arc::clone(&wakeups));
        move || {
            wakeups.fetch_add(1, Ordering::Relaxed);
            notify.notify();
        }
    };
    (Arc::new(ResumeQueue::new(wake)), notify, wakeups)
}

/// Runs the loop until `workers` requests have come back. A lost wake-up is a
/// deadlock, which loom reports.
fn receive_all(workers: usize) {
    let (queue, notify, wakeups) = queue();
    let drops = Drops::new();
    let threads: Vec<_> = (0..workers)
        .map(|_| {
            let pending = pending(&queue, drops.clone());
            thread::spawn(move || pending.resume())
        })
        .collect();

    let mut consumer = queue.consumer();
    let (mut returned, mut ended) = (0, 0);
    while returned < workers {
        for suspended in consumer.drain(usize::MAX) {
            assert_eq!(suspended.completion(), Completion::Resumed);
            returned += 1;
        }
        if returned < workers
            && let Some(parked) = consumer.park()
        {
            notify.wait();
            ended += usize::from(!parked.unpark());
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
    assert_eq!(drops.count(), workers);
}

#[test]
fn loop_receives_one_resume() {
    let model = Model::new(PROPERTY).threads("worker, loop").at_least(46);
    model.check(|| receive_all(1));
}

#[test]
fn loop_receives_two_resumes() {
    let model = Model::new(PROPERTY)
        .threads("2 workers, loop")
        .bound(3)
        .at_least(4_800);
    model.check(|| receive_all(2));
}

#[test]
fn stop_wakes_loop() {
    let model = Model::new("The loop does not sleep through a stop")
        .threads("stopping thread, loop")
        .at_least(11);
    model.check(|| {
        let (queue, notify, _) = queue();
        let stops = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.stop())
        };
        let mut consumer = queue.consumer();
        while !queue.is_stopping() {
            if let Some(parked) = consumer.park() {
                notify.wait();
                drop(parked);
            }
        }
        drop(consumer);
        stops.join().unwrap();
    });
}

#[test]
fn stop_publishes_earlier_writes() {
    let model = Model::new("Writes before a stop are visible to a loop that sees the stop")
        .threads("stopping thread, loop")
        .at_least(3);
    model.check(|| {
        let (queue, _, _) = queue();
        let done = Arc::new(UnsafeCell::new(false));
        let stops = {
            let (queue, done) = (Arc::clone(&queue), Arc::clone(&done));
            thread::spawn(move || {
                // SAFETY: loom checks that no other access overlaps.
                done.with_mut(|done| unsafe { *done = true });
                queue.stop();
            })
        };
        if queue.is_stopping() {
            // SAFETY: loom checks that no other access overlaps.
            assert!(done.with(|done| unsafe { *done }));
        }
        stops.join().unwrap();
    });
}
