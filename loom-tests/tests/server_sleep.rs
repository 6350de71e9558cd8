//! The event loop goes to sleep while requests are resumed, and while it is asked
//! to stop: it sleeps over nothing, and is woken no more than it must be.
#![cfg(loom)]

use http_resume::resume::{Completion, ResumeQueue};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;
use loom_tests::{Drops, bounded, exhaustive, pending};

/// An inbox whose loop sleeps on the bell, and how often that was rung.
fn inbox() -> (Arc<ResumeQueue>, Arc<Notify>, Arc<AtomicUsize>) {
    let bell = Arc::new(Notify::new());
    let rung = Arc::new(AtomicUsize::new(0));
    let wake = {
        let (bell, rung) = (Arc::clone(&bell), Arc::clone(&rung));
        move || {
            rung.fetch_add(1, Ordering::Relaxed);
            bell.notify();
        }
    };
    (Arc::new(ResumeQueue::new(wake)), bell, rung)
}

/// Turns of the loop, until `workers` requests have come back. A wake-up that is
/// lost is a deadlock.
fn receive_all(workers: usize) {
    let (inbox, bell, rung) = inbox();
    let drops = Drops::new();
    let threads: Vec<_> = (0..workers)
        .map(|_| {
            let pending = pending(&inbox, drops.clone());
            thread::spawn(move || pending.resume())
        })
        .collect();

    let mut arrivals = inbox.consumer();
    let (mut returned, mut ended) = (0, 0);
    while returned < workers {
        let mut drain = arrivals.drain(usize::MAX);
        for suspended in &mut drain {
            assert_eq!(suspended.completion(), Completion::Resumed);
            returned += 1;
        }
        if drain.is_stalled() {
            thread::yield_now();
        } else if returned < workers
            && let Some(parked) = arrivals.park()
        {
            bell.wait();
            ended += usize::from(!parked.unpark());
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(rung.load(Ordering::Relaxed), ended, "one for each park");
    assert_eq!(drops.count(), workers);
}

#[test]
fn one_resume() {
    exhaustive(|| receive_all(1));
}

#[test]
fn two_resumes() {
    bounded(3, None, || receive_all(2));
}

/// The loop is asked to stop at any moment: it is not slept over, either.
#[test]
fn a_stop() {
    exhaustive(|| {
        let (inbox, bell, _) = inbox();
        let stops = {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || inbox.stop())
        };
        let mut arrivals = inbox.consumer();
        while !inbox.is_stopping() {
            if let Some(parked) = arrivals.park() {
                bell.wait();
                drop(parked);
            }
        }
        drop(arrivals);
        stops.join().unwrap();
    });
}

/// What was done before the request to stop is visible to a loop that sees it,
/// woken or not.
#[test]
fn what_was_done_before_a_stop_is_seen() {
    exhaustive(|| {
        let (inbox, _, _) = inbox();
        let done = Arc::new(UnsafeCell::new(false));
        let stops = {
            let (inbox, done) = (Arc::clone(&inbox), Arc::clone(&done));
            thread::spawn(move || {
                // SAFETY: loom checks that no other access overlaps.
                done.with_mut(|done| unsafe { *done = true });
                inbox.stop();
            })
        };
        if inbox.is_stopping() {
            // SAFETY: as above.
            assert!(done.with(|done| unsafe { *done }));
        }
        stops.join().unwrap();
    });
}
