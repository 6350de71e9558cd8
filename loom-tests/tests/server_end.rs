//! Requests are resumed while their event loop ends, and after: each comes to one
//! end, and nothing leaks.
#![cfg(loom)]

use http_resume::resume::{Pending, ResumeQueue};
use loom::sync::Arc;
use loom::thread;
use loom_tests::{Drops, bounded, exhaustive, pending};

/// An inbox, and what is pending of it.
fn suspend_all<const N: usize>(drops: &Drops) -> (Arc<ResumeQueue>, [Pending<Drops>; N]) {
    let inbox = Arc::new(ResumeQueue::new(|| {}));
    let all = [(); N].map(|()| pending(&inbox, drops.clone()));
    (inbox, all)
}

/// One worker, and a loop that ends after a last look at its queue.
#[test]
fn a_resume_while_the_loop_ends() {
    exhaustive(|| {
        let drops = Drops::new();
        let (inbox, [one]) = suspend_all(&drops);
        let worker = thread::spawn(move || one.resume());
        let mut arrivals = inbox.consumer();
        drop(arrivals.park());
        arrivals.drain(1).for_each(drop);
        drop(arrivals);
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
    });
}

/// Several workers, one of which drops what is pending.
#[test]
fn several_resumes_while_the_loop_ends() {
    bounded(3, 5, || {
        let drops = Drops::new();
        let (inbox, [one, two, three]) = suspend_all(&drops);
        let resumes = thread::spawn(move || {
            one.resume();
            two.resume();
        });
        let panics = thread::spawn(move || drop(three));
        drop(inbox.consumer());
        resumes.join().unwrap();
        panics.join().unwrap();
        assert_eq!(drops.count(), 3);
    });
}

/// The loop is gone. The first resume is told to wake it, and sweeps; the other
/// comes before, during or after the sweep.
#[test]
fn several_resumes_after_the_end() {
    bounded(3, 5, || {
        let drops = Drops::new();
        let (inbox, [one, two, three]) = suspend_all(&drops);
        drop(inbox.consumer());
        drop(inbox); // the last of the pending frees it
        let resumes = thread::spawn(move || one.resume());
        let panics = thread::spawn(move || drop(two));
        three.resume();
        resumes.join().unwrap();
        panics.join().unwrap();
        assert_eq!(drops.count(), 3);
    });
}

/// The work of one request holds another: its drop resumes that, on whichever
/// thread it happens.
#[test]
fn a_drop_that_resumes_another() {
    struct Resumes {
        other: Option<Pending<Drops>>,
        _drops: Drops,
    }
    impl Drop for Resumes {
        fn drop(&mut self) {
            self.other.take().expect("dropped once").resume();
        }
    }

    exhaustive(|| {
        let drops = Drops::new();
        let (inbox, [inner]) = suspend_all(&drops);
        let outer = Resumes {
            other: Some(inner),
            _drops: drops.clone(),
        };
        let outer = pending(&inbox, outer);
        let worker = thread::spawn(move || outer.resume());
        drop(inbox.consumer());
        worker.join().unwrap();
        assert_eq!(drops.count(), 2);
    });
}
