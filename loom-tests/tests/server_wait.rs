//! The event loop waits for its resume queue and its poll. The clock of a model advances whenever
//! it is looked at.
#![cfg(loom)]

use std::cell::Cell;
use std::time::Duration;

use http_resume::resume::{ResumeConsumer, ResumeQueue};
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};
use loom_tests::{Drops, Model, Poll, Reached, pending};
use mpsc_queue::{Wait, Waiter};

/// The event loop's means to wait.
struct EventLoop<'a> {
    poll: &'a Poll,
    consumer: ResumeConsumer<'a>,
    waiter: Waiter,
    time: Cell<u64>,
}

impl<'a> EventLoop<'a> {
    fn new(poll: &'a Poll, queue: &'a ResumeQueue, wait: Wait) -> Self {
        Self {
            poll,
            consumer: queue.consumer(),
            waiter: Waiter::new(wait),
            time: Cell::new(0),
        }
    }

    /// Pops one request, if there is one, as if the budget of an iteration were one.
    fn resume(&mut self) -> usize {
        self.consumer.drain(1).count()
    }

    /// Waits, for at most `limit`. Returns whether a poll had an event.
    fn wait(&mut self, limit: Option<Duration>) -> bool {
        let now = || Duration::from_nanos(self.time.replace(self.time.get() + 1));
        let deadline = limit.map(|limit| now() + limit);
        let mut has_event = false;
        let poll = |timeout| {
            has_event = self.poll.poll(timeout)?;
            Ok(has_event)
        };
        let waited = self
            .consumer
            .spin_or_sleep(&mut self.waiter, deadline, now, poll);
        waited.unwrap();
        has_event
    }
}

/// Spins for one look at the clock, but sleeps in the first wait.
const BRIEF: Wait = Wait::Adaptive {
    limit: Duration::from_nanos(1),
};

/// Starts a worker that resumes `count` requests, one after another.
fn spawn_worker(queue: &Arc<ResumeQueue>, drops: &Drops, count: usize) -> JoinHandle<()> {
    let requests: Vec<_> = (0..count).map(|_| pending(queue, drops.clone())).collect();
    thread::spawn(move || {
        for request in requests {
            request.resume();
        }
    })
}

/// Runs the loop until every request has come back. A lost wake-up is a deadlock, which loom
/// reports.
fn receive_all(wait: Wait, workers: usize, each: usize) {
    let drops = Drops::new();
    let (poll, queue) = Poll::with_queue();
    let workers: Vec<_> = (0..workers)
        .map(|_| spawn_worker(&queue, &drops, each))
        .collect();
    let all = workers.len() * each;

    let mut event_loop = EventLoop::new(&poll, &queue, wait);
    let mut returned = event_loop.resume();
    while returned < all {
        event_loop.wait(None);
        returned += event_loop.resume();
    }
    for worker in workers {
        worker.join().unwrap();
    }
    assert!(poll.wake_ups() <= poll.sleeps(), "one wake-up per sleep");
    assert_eq!(drops.count(), all);
}

const PROPERTY: &str =
    "An event loop that waits receives every request, with at most one wake-up for each sleep";

#[test]
fn loop_sleeps_1x2() {
    let model = Model::new(PROPERTY)
        .threads("worker with 2 requests, loop")
        .at_least(1_600);
    model.check(|| receive_all(Wait::Park, 1, 2));
}

#[test]
fn loop_sleeps_2x1() {
    let model = Model::new(PROPERTY)
        .threads("2 workers, loop")
        .bound(3)
        .at_least(1_900);
    model.check(|| receive_all(Wait::Park, 2, 1));
}

#[test]
fn loop_sleeps_and_spins() {
    let model = Model::new(PROPERTY)
        .threads("worker with 2 requests, loop that spins briefly in its second wait")
        .at_least(880);
    model.check(|| receive_all(BRIEF, 1, 2));
}

#[test]
fn loop_spins() {
    let property = "An event loop that always spins receives every request, and is not woken";
    let model = Model::new(property)
        .threads("worker with 2 requests, loop")
        .at_least(670);
    model.check(|| receive_all(Wait::Spin, 1, 2));
}

/// The loop asks whether it was stopped after each wait, as `EventLoop::iterate` does.
fn run_until_stop(wait: Wait) {
    let drops = Drops::new();
    let (poll, queue) = Poll::with_queue();
    let [one, own] = [(); 2].map(|()| pending(&queue, drops.clone()));
    let stops = {
        let queue = Arc::clone(&queue);
        thread::spawn(move || {
            one.resume();
            queue.stop();
        })
    };
    let mut event_loop = EventLoop::new(&poll, &queue, wait);
    let mut returned = event_loop.resume();
    loop {
        event_loop.wait(None);
        if queue.is_stopping() {
            break;
        }
        returned += event_loop.resume();
    }
    stops.join().unwrap();
    // The loop is awake, so it need not be woken.
    let wake_ups = poll.wake_ups();
    own.resume();
    assert_eq!(poll.wake_ups(), wake_ups);
    drop(event_loop);
    assert!(returned <= 1);
    assert_eq!(drops.count(), 2);
}

const STOP: &str = "An event loop that waits notices a stop, also one that follows a resume, and is \
                    awake then: a resume does not wake it";

#[test]
fn stop_ends_sleep() {
    let model = Model::new(STOP)
        .threads("thread that resumes and stops, loop")
        .at_least(280);
    model.check(|| run_until_stop(Wait::Park));
}

#[test]
fn stop_ends_spin() {
    let model = Model::new(STOP)
        .threads("thread that resumes and stops, loop that spins")
        .at_least(140);
    model.check(|| run_until_stop(Wait::Spin));
}

#[test]
fn deadline_ends_wait() {
    const EVENT: usize = 0;
    const NOTHING: usize = 1;
    const REQUEST: usize = 2;
    let reached = Reached::new(["an event", "nothing", "a request without an event"]);
    let model = Model::new("A wait that ends at its deadline loses no request")
        .threads("worker, loop")
        .at_least(29);
    let in_model = reached.clone();
    model.check(move || {
        let drops = Drops::new();
        let (poll, queue) = Poll::with_queue();
        let worker = spawn_worker(&queue, &drops, 1);
        let mut event_loop = EventLoop::new(&poll, &queue, Wait::Park);
        let has_event = event_loop.wait(Some(Duration::from_nanos(2)));
        let returned = event_loop.resume();
        in_model.note(match (has_event, returned) {
            (true, _) => EVENT,
            (false, 0) => NOTHING,
            (false, _) => REQUEST,
        });
        worker.join().unwrap();
        assert_eq!(returned + event_loop.resume(), 1);
        assert_eq!(drops.count(), 1);
    });
    reached.assert_reached(&[EVENT, NOTHING, REQUEST]);
}
