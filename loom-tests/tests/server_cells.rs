//! The cell of a suspended request goes to a worker and back, and is used again:
//! no two threads touch it at once, the work arrives, and the cell is freed once.
#![cfg(loom)]

use http_resume::resume::{
    Completion, Pending, RequestKey, ResumeConsumer, ResumeQueue, Returned, suspend,
};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use loom_tests::{Drops, exhaustive, pending};
use mpsc_queue::{Pop, Queue};

/// Work whose every access loom checks.
struct Work {
    value: UnsafeCell<usize>,
    _drops: Drops,
}

impl Work {
    fn new(drops: &Drops) -> Self {
        Self {
            value: UnsafeCell::new(0),
            _drops: drops.clone(),
        }
    }

    fn add_one(&self) {
        // SAFETY: loom checks that no other access overlaps.
        self.value.with_mut(|value| unsafe { *value += 1 });
    }

    fn value(&self) -> usize {
        // SAFETY: as above.
        self.value.with(|value| unsafe { *value })
    }
}

fn key(serial: u64) -> RequestKey {
    RequestKey {
        connection: 0,
        serial,
    }
}

/// The next that comes back.
fn one(arrivals: &mut ResumeConsumer<'_>) -> Returned {
    loop {
        if let Some(suspended) = arrivals.drain(1).next() {
            return suspended;
        }
        thread::yield_now();
    }
}

/// The same cell is suspended twice; the worker of the first time may still be on
/// its way out of `resume` when the second fills the cell again.
#[test]
fn a_cell_is_used_again() {
    exhaustive(|| {
        let drops = Drops::new();
        let inbox = Arc::new(ResumeQueue::new(|| {}));
        let mut arrivals = inbox.consumer();
        let (mut spare, mut workers) = (None, Vec::new());
        for serial in 1..=2 {
            let (pending, _watch) = suspend(&inbox, key(serial), spare, Work::new(&drops));
            workers.push(thread::spawn(move || {
                pending.work().add_one();
                pending.resume();
            }));
            let suspended = one(&mut arrivals);
            assert_eq!(suspended.key(), key(serial));
            let Ok((work, vacant)) = suspended.open::<Work>() else {
                panic!("it is of that type");
            };
            assert_eq!(work.value(), 1, "the worker's result");
            spare = Some(vacant);
        }
        drop(arrivals);
        for worker in workers {
            worker.join().unwrap();
        }
        drop(spare);
        assert_eq!(drops.count(), 2);
    });
}

/// The loop gives a request up while its worker looks whether it has, and resumes
/// it all the same: that comes back once, as resumed.
#[test]
fn a_request_is_given_up_while_it_is_resumed() {
    exhaustive(|| {
        let drops = Drops::new();
        let inbox = Arc::new(ResumeQueue::new(|| {}));
        let mut arrivals = inbox.consumer();
        let (pending, watch) = suspend(&inbox, key(1), None, Work::new(&drops));
        let worker = thread::spawn(move || {
            if !pending.is_abandoned() {
                pending.work().add_one();
            }
            pending.resume();
        });
        watch.set();
        let suspended = one(&mut arrivals);
        assert_eq!(suspended.completion(), Completion::Resumed);
        let Ok((work, vacant)) = suspended.open::<Work>() else {
            panic!("it is of that type");
        };
        assert!(work.value() <= 1);
        drop((work, vacant));
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
    });
}

/// A worker lets go of what is pending: the loop is told, and drops the work.
#[test]
fn a_pending_request_is_dropped() {
    exhaustive(|| {
        let drops = Drops::new();
        let inbox = Arc::new(ResumeQueue::new(|| {}));
        let mut arrivals = inbox.consumer();
        let pending = pending(&inbox, Work::new(&drops));
        let worker = thread::spawn(move || drop(pending));
        let suspended = one(&mut arrivals);
        assert_eq!(suspended.completion(), Completion::Dropped);
        assert_eq!(drops.count(), 0, "the work comes back whole");
        drop(suspended);
        assert_eq!(drops.count(), 1);
        worker.join().unwrap();
    });
}

/// A pending request travels to its worker through a queue of the worker's, by
/// the same link that takes it back.
#[test]
fn a_request_travels_by_its_own_link() {
    exhaustive(|| {
        let drops = Drops::new();
        let inbox = Arc::new(ResumeQueue::new(|| {}));
        let mut arrivals = inbox.consumer();
        let jobs = Arc::new(Queue::<Pending<Work>>::new());
        let worker = {
            let jobs = Arc::clone(&jobs);
            thread::spawn(move || {
                let mut consumer = jobs.consumer().unwrap();
                let pending = loop {
                    match consumer.pop() {
                        Pop::Item(pending) => break pending,
                        _ => thread::yield_now(),
                    }
                };
                pending.work().add_one();
                pending.resume();
            })
        };
        let _ = jobs.push(pending(&inbox, Work::new(&drops)));
        let Ok((work, vacant)) = one(&mut arrivals).open::<Work>() else {
            panic!("it is of that type");
        };
        assert_eq!(work.value(), 1);
        drop((work, vacant));
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
    });
}
