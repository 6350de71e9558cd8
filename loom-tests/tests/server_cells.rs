//! The cell of a suspended request has one owner at a time, returns its work, and is freed once.
#![cfg(loom)]

use http_resume::resume::{
    Completion, Pending, RequestKey, ResumeConsumer, ResumeQueue, Returned, suspend,
};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use loom_tests::{Drops, Model, pending};
use mpsc_queue::channel;

/// Work whose accesses loom checks.
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
        // SAFETY: loom checks that no other access overlaps.
        self.value.with(|value| unsafe { *value })
    }
}

fn key(serial: u64) -> RequestKey {
    RequestKey {
        connection: 0,
        serial,
    }
}

/// Waits for the next request that comes back.
fn one(consumer: &mut ResumeConsumer<'_>) -> Returned {
    loop {
        if let Some(suspended) = consumer.drain(1).next() {
            return suspended;
        }
        thread::yield_now();
    }
}

#[test]
fn cell_is_reused() {
    let model = Model::new("A cell is reused while its first worker still returns from `resume`")
        .threads("2 workers, loop")
        .at_least(420);
    model.check(|| {
        let drops = Drops::new();
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let mut consumer = queue.consumer();
        let (mut spare, mut workers) = (None, Vec::new());
        for serial in 1..=2 {
            let (pending, _flag) = suspend(&queue, key(serial), spare, Work::new(&drops));
            workers.push(thread::spawn(move || {
                pending.work().add_one();
                pending.resume();
            }));
            let suspended = one(&mut consumer);
            assert_eq!(suspended.key(), key(serial));
            let Ok((work, vacant)) = suspended.open::<Work>() else {
                panic!("the work has the type that was suspended");
            };
            assert_eq!(work.value(), 1, "the worker's result");
            spare = Some(vacant);
        }
        drop(consumer);
        for worker in workers {
            worker.join().unwrap();
        }
        drop(spare);
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn abandon_races_with_resume() {
    let model =
        Model::new("A request that is abandoned during its resume comes back once, as resumed")
            .threads("worker, loop")
            .at_least(29);
    model.check(|| {
        let drops = Drops::new();
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let mut consumer = queue.consumer();
        let (pending, flag) = suspend(&queue, key(1), None, Work::new(&drops));
        let worker = thread::spawn(move || {
            if !pending.is_abandoned() {
                pending.work().add_one();
            }
            pending.resume();
        });
        flag.set();
        let suspended = one(&mut consumer);
        assert_eq!(suspended.completion(), Completion::Resumed);
        let Ok((work, vacant)) = suspended.open::<Work>() else {
            panic!("the work has the type that was suspended");
        };
        assert!(work.value() <= 1);
        drop((work, vacant));
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn dropped_pending_returns_work() {
    let model = Model::new("A pending request that is dropped comes back with its work")
        .threads("worker, loop")
        .at_least(6);
    model.check(|| {
        let drops = Drops::new();
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let mut consumer = queue.consumer();
        let pending = pending(&queue, Work::new(&drops));
        let worker = thread::spawn(move || drop(pending));
        let suspended = one(&mut consumer);
        assert_eq!(suspended.completion(), Completion::Dropped);
        assert_eq!(drops.count(), 0, "the work comes back whole");
        drop(suspended);
        assert_eq!(drops.count(), 1);
        worker.join().unwrap();
    });
}

#[test]
fn pending_travels_through_worker_channel() {
    let model = Model::new(
        "The link that returns a request also carries it to a worker, until its channel ends",
    )
    .threads("worker with a channel, loop")
    .at_least(4_500);
    model.check(|| {
        let drops = Drops::new();
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let mut consumer = queue.consumer();
        let (jobs, receiver) = channel::<Pending<Work>>();
        let worker = thread::spawn(move || {
            for pending in receiver {
                pending.work().add_one();
                pending.resume();
            }
        });
        assert!(jobs.send(pending(&queue, Work::new(&drops))).is_ok());
        drop(jobs);
        let Ok((work, vacant)) = one(&mut consumer).open::<Work>() else {
            panic!("the work has the type that was suspended");
        };
        assert_eq!(work.value(), 1);
        drop((work, vacant));
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
    });
}
