//! Each suspended request has exactly one outcome, also when its event loop ends. The models
//! in `loom-tests` explore the interleavings.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Weak};
use std::thread;

use super::*;
use crate::sync::Arc;

const KEY: RequestKey = RequestKey {
    connection: 3,
    serial: 7,
};

/// Counts its drops.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Returns a counter that threads of a test can share.
fn counter() -> &'static AtomicUsize {
    Box::leak(Box::new(AtomicUsize::new(0)))
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

/// Returns a queue and the number of times that its loop was woken.
fn queue() -> (Arc<ResumeQueue>, &'static AtomicUsize) {
    let wakes = counter();
    let wake = || {
        wakes.fetch_add(1, Ordering::SeqCst);
    };
    (Arc::new(ResumeQueue::new(wake)), wakes)
}

fn pending<W: Send + 'static>(queue: &Arc<ResumeQueue>, work: W) -> Pending<W> {
    suspend(queue, KEY, None, work).0
}

fn one(consumer: &mut ResumeConsumer<'_>) -> Returned {
    let mut drained: Vec<Returned> = consumer.drain(usize::MAX).collect();
    assert_eq!(drained.len(), 1);
    drained.remove(0)
}

#[test]
fn resume_returns_work() {
    let (queue, wakes) = queue();
    let mut consumer = queue.consumer();
    let mut pending = pending(&queue, vec![1]);
    thread::spawn(move || {
        pending.work_mut().push(2);
        pending.resume();
    })
    .join()
    .unwrap();

    let returned = one(&mut consumer);
    assert_eq!(returned.key(), KEY);
    assert_eq!(returned.completion(), Completion::Resumed);
    let (work, _vacant) = returned.open::<Vec<i32>>().unwrap();
    assert_eq!(work, [1, 2]);
    assert_eq!(count(wakes), 0, "the loop was awake");
}

#[test]
fn dropped_pending_returns_as_dropped() {
    let (queue, _) = queue();
    let mut consumer = queue.consumer();
    let drops = counter();
    drop(pending(&queue, Counted(drops)));

    let returned = one(&mut consumer);
    assert_eq!(returned.completion(), Completion::Dropped);
    assert_eq!(count(drops), 0, "the work is dropped on the loop's thread");
    drop(returned);
    assert_eq!(count(drops), 1);
}

#[test]
fn resumes_wake_sleeping_loop_once() {
    let (queue, wakes) = queue();
    let mut consumer = queue.consumer();
    let both = [pending(&queue, ()), pending(&queue, ())];
    let parked = consumer.park().expect("nothing has returned");
    both.into_iter().for_each(Pending::resume);
    assert_eq!(count(wakes), 1);
    drop(parked);
    assert!(
        consumer.park().is_none(),
        "the loop must not sleep with requests in the queue"
    );
    assert_eq!(consumer.drain(usize::MAX).count(), 2);
}

#[test]
fn suspend_reuses_cell_of_same_type_only() {
    let (queue, _) = queue();
    let mut consumer = queue.consumer();
    let first = pending(&queue, 1_u64);
    let cell = cell_id(&first);
    first.resume();
    let (_, vacant) = one(&mut consumer).open::<u64>().unwrap();

    let (second, flag) = suspend(&queue, KEY, Some(vacant), 2_u64);
    assert_eq!(cell_id(&second), cell);
    flag.set();
    assert!(second.is_abandoned());
    second.resume();
    let (work, vacant) = one(&mut consumer).open::<u64>().unwrap();
    assert_eq!(work, 2);

    let (third, _) = suspend(&queue, KEY, Some(vacant), 3_u64);
    assert!(
        !third.is_abandoned(),
        "only the previous request was abandoned"
    );
    let (_, vacant) = cancel(third);
    let (fourth, _) = suspend(&queue, KEY, Some(vacant), "another type");
    assert_eq!(*fourth.work(), "another type");
}

#[test]
fn open_fails_for_another_type() {
    let (queue, _) = queue();
    let mut consumer = queue.consumer();
    pending(&queue, 1_u64).resume();
    let returned = one(&mut consumer).open::<i64>().unwrap_err();
    assert_eq!(returned.open::<u64>().unwrap().0, 1);
}

#[test]
fn cancelled_request_does_not_return() {
    let (queue, _) = queue();
    let mut consumer = queue.consumer();
    let drops = counter();
    let (work, vacant) = cancel(pending(&queue, Counted(drops)));
    assert_eq!(consumer.drain(usize::MAX).count(), 0);
    drop(vacant);
    assert_eq!(count(drops), 0, "the work was given back");
    drop(work);
    assert_eq!(count(drops), 1);
}

#[test]
fn resume_with_drops_old_work() {
    let (queue, _) = queue();
    let mut consumer = queue.consumer();
    let (old, new) = (counter(), counter());
    pending(&queue, Counted(old)).resume_with(Counted(new));
    assert_eq!((count(old), count(new)), (1, 0));
    drop(one(&mut consumer));
    assert_eq!((count(old), count(new)), (1, 1));
}

/// Returns a queue whose loop is woken by `wake`, and the number of requests that were too late
/// for the loop.
fn ending_queue(wake: fn()) -> (Arc<ResumeQueue>, Weak<ResumeQueue>, &'static AtomicUsize) {
    let late = counter();
    let count_late = || {
        late.fetch_add(1, Ordering::SeqCst);
    };
    let queue = Arc::new(ResumeQueue::new(wake).count_late(count_late));
    let weak = Arc::downgrade(&queue);
    (queue, weak, late)
}

fn must_not_wake() {
    panic!("a loop that has ended is not woken");
}

#[test]
fn resume_after_close_drops_work_once() {
    let (queue, weak, late) = ending_queue(must_not_wake);
    let consumer = queue.consumer();
    let drops = counter();
    let first = pending(&queue, Counted(drops));
    let second = pending(&queue, Counted(drops));
    let third = pending(&queue, Counted(drops));
    third.resume();
    drop(consumer);
    assert_eq!(count(drops), 1, "the end of the loop drops what was queued");
    assert_eq!(count(late), 1);
    drop(queue);

    first.resume();
    assert_eq!((count(drops), count(late)), (2, 2));
    assert!(
        weak.upgrade().is_some(),
        "the second pending request keeps the queue"
    );
    drop(second);
    assert_eq!((count(drops), count(late)), (3, 3));
    assert!(
        weak.upgrade().is_none(),
        "the last pending request frees the queue"
    );
}

#[test]
fn queue_drop_drops_queued_work_once() {
    let (queue, weak, _) = ending_queue(must_not_wake);
    let drops = counter();
    for _ in 0..3 {
        pending(&queue, Counted(drops)).resume();
    }
    assert_eq!(count(drops), 0, "no loop has ended");
    drop(queue);
    assert!(
        weak.upgrade().is_none(),
        "queued requests do not keep the queue"
    );
    assert_eq!(count(drops), 3);
}

/// Work that resumes another request when it is dropped.
struct Resumes(Option<Pending<Counted<'static>>>);

impl Drop for Resumes {
    fn drop(&mut self) {
        self.0.take().expect("dropped once").resume();
    }
}

#[test]
fn drop_can_resume_another_request() {
    for is_late in [false, true] {
        let (queue, weak, late) = ending_queue(must_not_wake);
        let consumer = queue.consumer();
        let drops = counter();
        let inner = pending(&queue, Counted(drops));
        let outer = pending(&queue, Resumes(Some(inner)));
        if is_late {
            drop(consumer);
            outer.resume();
        } else {
            outer.resume();
            drop(consumer);
        }
        assert_eq!((count(drops), count(late)), (1, 2));
        drop(queue);
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
                panic!("dropping the payload panics, too");
            }
        }
        std::panic::panic_any(Payload);
    }
}

#[test]
fn panicking_drop_does_not_affect_other_requests() {
    let (queue, _, late) = ending_queue(must_not_wake);
    let consumer = queue.consumer();
    let drops = counter();
    pending(&queue, Bomb).resume();
    pending(&queue, Counted(drops)).resume();
    drop(consumer);
    assert_eq!((count(drops), count(late)), (1, 2));
    pending(&queue, Bomb).resume();
    assert_eq!(count(late), 3);
}

#[test]
fn close_during_resumes_loses_no_request() {
    const THREADS: usize = 4;
    const EACH: usize = if cfg!(miri) { 5 } else { 200 };
    for _ in 0..if cfg!(miri) { 3 } else { 100 } {
        let (queue, weak, late) = ending_queue(|| {});
        let mut consumer = queue.consumer();
        let mut received = 0;
        let drops = counter();
        let barrier = Barrier::new(THREADS + 1);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let batch: Vec<_> = (0..EACH).map(|_| pending(&queue, Counted(drops))).collect();
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
            drop(consumer.park());
            received = consumer.drain(EACH).count();
            drop(consumer);
        });
        assert_eq!(count(drops), THREADS * EACH);
        assert_eq!(received + count(late), THREADS * EACH);
        drop(queue);
        assert!(weak.upgrade().is_none());
    }
}
