//! The timer and the worker pool of the demonstration program.
#![cfg(loom)]

/// The code of the program, whose threads, atomics and clock are those of loom here.
#[expect(dead_code, reason = "a route reads `Alarm::millis`")]
#[path = "../../http-resume/src/bin/http-resume"]
mod demo {
    #[path = "../../panic.rs"]
    pub(crate) mod panic;
    pub(crate) mod pool;
    pub(crate) mod sync;
    pub(crate) mod timer;
}

use std::time::Duration;

use demo::pool::{Pool, Work};
use demo::sync::{Arc, Instant};
use demo::timer::{Alarm, Timer};
use http_resume::Wait;
use http_resume::resume::{
    Completion, Pending, RequestKey, ResumeConsumer, ResumeQueue, Returned, suspend,
};
use loom::thread::yield_now;
use loom_tests::{Model, Reached};

/// Suspends the request `serial` with `work`.
fn suspended<W: Send + 'static>(queue: &Arc<ResumeQueue>, serial: u64, work: W) -> Pending<W> {
    let key = RequestKey {
        connection: 0,
        serial,
    };
    suspend(queue, key, None, work).0
}

/// Waits for two requests. Returns how each came back, in the order of their serial numbers.
fn two(consumer: &mut ResumeConsumer<'_>) -> [(Completion, Returned); 2] {
    let mut returned = Vec::new();
    while returned.len() < 2 {
        returned.extend(consumer.drain(1));
        yield_now();
    }
    returned.sort_by_key(|returned| returned.key().serial);
    let outcomes = returned
        .into_iter()
        .map(|returned| (returned.completion(), returned));
    match <[_; 2]>::try_from(outcomes.collect::<Vec<_>>()) {
        Ok(two) => two,
        Err(_) => unreachable!("two have returned"),
    }
}

#[test]
fn timer_resumes_or_drops() {
    const RESUMED: usize = 0;
    const DROPPED: usize = 1;
    let reached = Reached::new(["the later one is resumed", "it is dropped"]);
    let model = Model::new(
        "A sleeping request is resumed at its time, or dropped when the timer ends, also if \
         another one comes while the timer waits",
    )
    .threads("event loop, timer")
    .bound(3)
    .full_bound(4)
    .at_least(2_800);
    let in_model = reached.clone();
    model.check(move || {
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let mut consumer = queue.consumer();
        let timer = Timer::new().unwrap();
        let begin = Instant::now();
        for (serial, delay) in [(0, Duration::from_nanos(3)), (1, Duration::ZERO)] {
            let when = begin.checked_add(delay).unwrap();
            timer.submit(suspended(&queue, serial, Alarm { when, millis: 0 }));
        }
        drop(timer);
        let [(later, _), (due, _)] = two(&mut consumer);
        in_model.note(match later {
            Completion::Resumed => RESUMED,
            Completion::Dropped => DROPPED,
        });
        assert_eq!(due, Completion::Resumed);
    });
    reached.assert_reached(&[RESUMED, DROPPED]);
}

/// The work of a request. The pool adds one.
struct Addition(usize);

impl Work for Pending<Addition> {
    fn run(mut self) {
        self.work_mut().0 += 1;
        self.resume();
    }
}

#[test]
fn pool_does_all_work() {
    let model = Model::new("A pool that is dropped does everything that was handed over before")
        .threads("event loop, 2 workers")
        .bound(2)
        .full_bound(2)
        .at_least(28_000);
    model.check(|| {
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let mut consumer = queue.consumer();
        let pool = Pool::new(2, Wait::Park).unwrap();
        for serial in 0..2 {
            pool.submit(suspended(&queue, serial, Addition(0)));
            pool.hand_over();
        }
        drop(pool);
        for (completion, returned) in two(&mut consumer) {
            assert_eq!(completion, Completion::Resumed);
            let Ok((Addition(sum), _)) = returned.open() else {
                panic!("the work has the type that was suspended");
            };
            assert_eq!(sum, 1);
        }
    });
}
