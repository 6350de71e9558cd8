//! Requests are resumed while their event loop ends, and after it.
#![cfg(loom)]

// Not loom's: the counter is not part of the model.
use std::sync::atomic::{AtomicUsize, Ordering};

use http_resume::resume::{Pending, ResumeQueue};
use loom::sync::Arc;
use loom::thread;
use loom_tests::{Drops, Model, pending};

/// Returns a queue, `N` pending requests of it, and the number of requests that its loop does
/// not receive.
fn suspend_all<const N: usize>(
    drops: &Drops,
) -> (
    Arc<ResumeQueue>,
    [Pending<Drops>; N],
    std::sync::Arc<AtomicUsize>,
) {
    let late = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&late);
    let count_late = move || {
        counter.fetch_add(1, Ordering::SeqCst);
    };
    let queue = Arc::new(ResumeQueue::new(|| {}).count_late(count_late));
    let all = [(); N].map(|()| pending(&queue, drops.clone()));
    (queue, all, late)
}

#[test]
fn resume_during_loop_end() {
    let model = Model::new(
        "A request that is resumed while the loop ends is received or late, and is dropped once",
    )
    .threads("worker, loop")
    .at_least(38);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [one], late) = suspend_all(&drops);
        let worker = thread::spawn(move || one.resume());
        let mut consumer = queue.consumer();
        drop(consumer.park());
        let received = consumer.drain(1).count();
        drop(consumer);
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
        assert_eq!(received + late.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn resumes_and_drop_during_loop_end() {
    let model = Model::new(
        "Requests that are resumed or dropped while the loop ends are late, and dropped once",
    )
    .threads("2 workers with 3 requests, loop")
    .at_least(6_300);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [one, two, three], late) = suspend_all(&drops);
        let resumes = thread::spawn(move || {
            one.resume();
            two.resume();
        });
        let panics = thread::spawn(move || drop(three));
        drop(queue.consumer());
        resumes.join().unwrap();
        panics.join().unwrap();
        assert_eq!(drops.count(), 3);
        assert_eq!(late.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn resumes_and_drop_after_loop_end() {
    let model = Model::new(
        "Requests that are resumed or dropped after the loop's end are late, and dropped once",
    )
    .threads("3 workers, no loop")
    .at_least(770);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [one, two, three], late) = suspend_all(&drops);
        drop(queue.consumer());
        drop(queue); // the last of the pending frees it
        let resumes = thread::spawn(move || one.resume());
        let panics = thread::spawn(move || drop(two));
        three.resume();
        resumes.join().unwrap();
        panics.join().unwrap();
        assert_eq!(drops.count(), 3);
        assert_eq!(late.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn queue_drop_during_resume() {
    let model = Model::new("A queue without a loop is freed with the request that is in it")
        .threads("worker, owner of the queue")
        .at_least(3);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [one], late) = suspend_all(&drops);
        let worker = thread::spawn(move || one.resume());
        drop(queue);
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
        assert_eq!(late.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn drop_of_work_resumes_another_request() {
    struct Resumes {
        other: Option<Pending<Drops>>,
        _drops: Drops,
    }
    impl Drop for Resumes {
        fn drop(&mut self) {
            self.other
                .take()
                .expect("the work is dropped once")
                .resume();
        }
    }

    let model =
        Model::new("The drop of a request's work may resume another request, on any thread")
            .threads("worker, loop")
            .at_least(7);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [inner], late) = suspend_all(&drops);
        let outer = Resumes {
            other: Some(inner),
            _drops: drops.clone(),
        };
        let outer = pending(&queue, outer);
        let worker = thread::spawn(move || outer.resume());
        drop(queue.consumer());
        worker.join().unwrap();
        assert_eq!(drops.count(), 2);
        assert_eq!(late.load(Ordering::SeqCst), 2);
    });
}
