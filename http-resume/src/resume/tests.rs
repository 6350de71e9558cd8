//! Exactly one outcome for everything that is suspended, whatever happens to the
//! loop meanwhile. (`loom-tests` goes through the interleavings.)

use std::sync::atomic::AtomicUsize;
use std::sync::{Barrier, Weak};
use std::thread;

use super::*;

const KEY: Key = Key {
    connection: 3,
    serial: 7,
};

/// Counts how often it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A counter that tests of their own threads may share.
fn counter() -> &'static AtomicUsize {
    Box::leak(Box::new(AtomicUsize::new(0)))
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

/// An inbox, and how often its loop was woken.
fn inbox() -> (Arc<Inbox>, &'static AtomicUsize) {
    let wakes = counter();
    let wake = || {
        wakes.fetch_add(1, Ordering::SeqCst);
    };
    (Arc::new(Inbox::new(wake)), wakes)
}

fn pending<W: Send + 'static>(inbox: &Arc<Inbox>, work: W) -> Pending<W> {
    suspend(inbox, KEY, None, work).0
}

fn one(arrivals: &mut Arrivals<'_>) -> Suspended {
    let mut drained: Vec<Suspended> = arrivals.drain(usize::MAX).collect();
    assert_eq!(drained.len(), 1);
    drained.remove(0)
}

#[test]
fn what_is_resumed_comes_back_with_its_work() {
    let (inbox, wakes) = inbox();
    let mut arrivals = inbox.arrivals();
    let mut pending = pending(&inbox, vec![1]);
    thread::spawn(move || {
        pending.work_mut().push(2);
        pending.resume();
    })
    .join()
    .unwrap();

    let suspended = one(&mut arrivals);
    assert_eq!(suspended.key(), KEY);
    assert_eq!(suspended.ended(), Ended::Resumed);
    let (work, _vacant) = suspended.open::<Vec<i32>>().unwrap();
    assert_eq!(work, [1, 2]);
    assert_eq!(count(wakes), 0, "the loop was awake");
}

#[test]
fn what_is_dropped_comes_back_as_dropped() {
    let (inbox, _) = inbox();
    let mut arrivals = inbox.arrivals();
    let drops = counter();
    drop(pending(&inbox, Counted(drops)));

    let suspended = one(&mut arrivals);
    assert_eq!(suspended.ended(), Ended::Dropped);
    assert_eq!(count(drops), 0, "the work is dropped on the loop's thread");
    drop(suspended);
    assert_eq!(count(drops), 1);
}

#[test]
fn a_sleeping_loop_is_woken_once() {
    let (inbox, wakes) = inbox();
    let mut arrivals = inbox.arrivals();
    let both = [pending(&inbox, ()), pending(&inbox, ())];
    let parked = arrivals.park().expect("nothing has come back");
    both.into_iter().for_each(Pending::resume);
    assert_eq!(count(wakes), 1);
    drop(parked);
    assert!(arrivals.park().is_none(), "it must not sleep over those");
    assert_eq!(arrivals.drain(usize::MAX).count(), 2);
}

#[test]
fn a_cell_is_used_again_for_the_same_type_only() {
    let (inbox, _) = inbox();
    let mut arrivals = inbox.arrivals();
    let first = pending(&inbox, 1_u64);
    let cell = identity(&first);
    first.resume();
    let (_, vacant) = one(&mut arrivals).open::<u64>().unwrap();

    let (second, watch) = suspend(&inbox, KEY, Some(vacant), 2_u64);
    assert_eq!(identity(&second), cell);
    watch.abandon();
    assert!(second.is_abandoned());
    second.resume();
    let (work, vacant) = one(&mut arrivals).open::<u64>().unwrap();
    assert_eq!(work, 2);

    let (third, _) = suspend(&inbox, KEY, Some(vacant), 3_u64);
    assert!(!third.is_abandoned(), "that was the one before");
    let (_, vacant) = cancel(third);
    let (fourth, _) = suspend(&inbox, KEY, Some(vacant), "another type");
    assert_eq!(*fourth.work(), "another type");
}

#[test]
fn work_of_another_type_is_not_opened() {
    let (inbox, _) = inbox();
    let mut arrivals = inbox.arrivals();
    pending(&inbox, 1_u64).resume();
    let suspended = one(&mut arrivals).open::<i64>().unwrap_err();
    assert_eq!(suspended.open::<u64>().unwrap().0, 1);
}

#[test]
fn what_is_cancelled_does_not_come_back() {
    let (inbox, _) = inbox();
    let mut arrivals = inbox.arrivals();
    let drops = counter();
    let (work, vacant) = cancel(pending(&inbox, Counted(drops)));
    assert_eq!(arrivals.drain(usize::MAX).count(), 0);
    drop(vacant);
    assert_eq!(count(drops), 0, "the work was given back");
    drop(work);
    assert_eq!(count(drops), 1);
}

#[test]
fn replaced_work_is_dropped_and_the_new_one_comes_back() {
    let (inbox, _) = inbox();
    let mut arrivals = inbox.arrivals();
    let (old, new) = (counter(), counter());
    pending(&inbox, Counted(old)).resume_with(Counted(new));
    assert_eq!((count(old), count(new)), (1, 0));
    drop(one(&mut arrivals));
    assert_eq!((count(old), count(new)), (1, 1));
}

/// The inbox of a loop that is gone, as whoever still has something pending
/// knows it.
fn closed_inbox() -> (Arc<Inbox>, Weak<Inbox>) {
    let wake = || panic!("nobody is there to be woken");
    let inbox = Arc::new(Inbox::new(wake));
    let weak = Arc::downgrade(&inbox);
    (inbox, weak)
}

#[test]
fn what_comes_after_the_loops_end_is_dropped_once() {
    let (inbox, weak) = closed_inbox();
    let arrivals = inbox.arrivals();
    let drops = counter();
    let first = pending(&inbox, Counted(drops));
    let second = pending(&inbox, Counted(drops));
    let third = pending(&inbox, Counted(drops));
    third.resume();
    drop(arrivals);
    assert_eq!(count(drops), 1, "what was there is dropped with the loop");
    drop(inbox);

    first.resume();
    assert_eq!(count(drops), 2);
    assert!(weak.upgrade().is_some(), "the second needs it");
    drop(second);
    assert_eq!(count(drops), 3);
    assert!(weak.upgrade().is_none(), "the last one frees the inbox");
}

/// Work that resumes another request when it is dropped.
struct Resumes(Option<Pending<Counted<'static>>>);

impl Drop for Resumes {
    fn drop(&mut self) {
        self.0.take().expect("dropped once").resume();
    }
}

#[test]
fn a_drop_may_resume_others_of_the_same_inbox() {
    for is_late in [false, true] {
        let (inbox, weak) = closed_inbox();
        let arrivals = inbox.arrivals();
        let drops = counter();
        let inner = pending(&inbox, Counted(drops));
        let outer = pending(&inbox, Resumes(Some(inner)));
        if is_late {
            drop(arrivals);
            outer.resume();
        } else {
            outer.resume();
            drop(arrivals);
        }
        assert_eq!(count(drops), 1);
        drop(inbox);
        assert!(weak.upgrade().is_none());
    }
}

/// Work whose drop panics, with something that panics when that is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        struct Payload;
        impl Drop for Payload {
            fn drop(&mut self) {
                panic!("a second time");
            }
        }
        std::panic::panic_any(Payload);
    }
}

#[test]
fn a_drop_that_panics_takes_nothing_along() {
    let (inbox, _) = closed_inbox();
    let arrivals = inbox.arrivals();
    let drops = counter();
    pending(&inbox, Bomb).resume();
    pending(&inbox, Counted(drops)).resume();
    drop(arrivals);
    assert_eq!(count(drops), 1);
    pending(&inbox, Bomb).resume();
}

#[test]
fn a_loop_that_ends_among_resumes_loses_nothing() {
    const THREADS: usize = 4;
    const EACH: usize = if cfg!(miri) { 5 } else { 200 };
    for _ in 0..if cfg!(miri) { 3 } else { 100 } {
        let (inbox, _) = inbox();
        let weak = Arc::downgrade(&inbox);
        let mut arrivals = inbox.arrivals();
        let drops = counter();
        let barrier = Barrier::new(THREADS + 1);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let batch: Vec<_> = (0..EACH).map(|_| pending(&inbox, Counted(drops))).collect();
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    for (index, pending) in batch.into_iter().enumerate() {
                        match index % 2 {
                            0 => pending.resume(),
                            _ => drop(pending),
                        }
                    }
                });
            }
            barrier.wait();
            drop(arrivals.park());
            arrivals.drain(EACH).for_each(drop);
            drop(arrivals);
        });
        assert_eq!(count(drops), THREADS * EACH);
        drop(inbox);
        assert!(weak.upgrade().is_none());
    }
}
