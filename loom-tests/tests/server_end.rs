//! Requests are resumed while their event loop ends, and after it.
#![cfg(loom)]

use http_resume::resume::{Pending, ResumeQueue};
use loom::sync::Arc;
use loom::thread;
use loom_tests::{Drops, Model, pending};

/// Returns a queue and `N` pending requests of it.
fn suspend_all<const N: usize>(drops: &Drops) -> (Arc<ResumeQueue>, [Pending<Drops>; N]) {
    let queue = Arc::new(ResumeQueue::new(|| {}));
    let all = [(); N].map(|()| pending(&queue, drops.clone()));
    (queue, all)
}

#[test]
fn resume_during_loop_end() {
    let model = Model::new("A request that is resumed while the loop ends is dropped once")
        .threads("worker, loop")
        .at_least(450);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [one]) = suspend_all(&drops);
        let worker = thread::spawn(move || one.resume());
        let mut consumer = queue.consumer();
        drop(consumer.park());
        consumer.drain(1).for_each(drop);
        drop(consumer);
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn resumes_and_drop_during_loop_end() {
    let model =
        Model::new("Requests that are resumed or dropped while the loop ends are dropped once")
            .threads("2 workers with 3 requests, loop")
            .bound(3)
            .full_bound(5)
            .at_least(30_000);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [one, two, three]) = suspend_all(&drops);
        let resumes = thread::spawn(move || {
            one.resume();
            two.resume();
        });
        let panics = thread::spawn(move || drop(three));
        drop(queue.consumer());
        resumes.join().unwrap();
        panics.join().unwrap();
        assert_eq!(drops.count(), 3);
    });
}

#[test]
fn resumes_and_drop_after_loop_end() {
    let model = Model::new(
        "Requests that are resumed or dropped after the loop has ended are dropped once",
    )
    .threads("3 workers, no loop")
    .bound(3)
    .full_bound(5)
    .at_least(11_000);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [one, two, three]) = suspend_all(&drops);
        drop(queue.consumer());
        drop(queue); // the last of the pending frees it
        let resumes = thread::spawn(move || one.resume());
        let panics = thread::spawn(move || drop(two));
        three.resume();
        resumes.join().unwrap();
        panics.join().unwrap();
        assert_eq!(drops.count(), 3);
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
            .at_least(160);
    model.check(|| {
        let drops = Drops::new();
        let (queue, [inner]) = suspend_all(&drops);
        let outer = Resumes {
            other: Some(inner),
            _drops: drops.clone(),
        };
        let outer = pending(&queue, outer);
        let worker = thread::spawn(move || outer.resume());
        drop(queue.consumer());
        worker.join().unwrap();
        assert_eq!(drops.count(), 2);
    });
}
