//! All event loops of a server end if one of them does.
#![cfg(loom)]

use http_resume::resume::{ResumeQueue, StopOnDrop, Stopper, stopper};
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};
use loom_tests::{Model, Poll};

/// The event loops of a server, and how they are stopped.
struct Loops<const N: usize> {
    polls: [Arc<Poll>; N],
    queues: [Arc<ResumeQueue>; N],
    stopper: Stopper,
}

impl<const N: usize> Loops<N> {
    fn new() -> Self {
        let ends = [(); N].map(|()| Poll::with_queue());
        let polls = ends.each_ref().map(|(poll, _)| Arc::clone(poll));
        let queues = ends.map(|(_, queue)| queue);
        let stopper = stopper(queues.iter().map(Arc::clone).collect());
        Self {
            polls,
            queues,
            stopper,
        }
    }

    /// Returns what the event loop `index` has until it ends.
    fn guard(&self, index: usize) -> StopOnDrop {
        StopOnDrop::new(Arc::clone(&self.queues[index]), self.stopper.clone())
    }

    /// Starts an event loop that fails.
    fn spawn_failing(&self, index: usize) -> JoinHandle<()> {
        let guard = self.guard(index);
        thread::spawn(move || drop(guard))
    }

    /// Runs an event loop until it is asked to stop. If that does not happen, it sleeps for ever,
    /// which loom reports as a deadlock.
    fn run(&self, index: usize) {
        let _guard = self.guard(index);
        let queue = &self.queues[index];
        let mut consumer = queue.consumer();
        while !queue.is_stopping() {
            let poll = |timeout| self.polls[index].poll(timeout).map(drop);
            consumer.sleep(None, Default::default, poll).unwrap();
        }
    }

    /// Asserts that each event loop was asked to stop, by at most `stops` threads.
    fn assert_stopped(&self, stops: usize) {
        for (queue, poll) in self.queues.iter().zip(&self.polls) {
            assert!(queue.is_stopping());
            assert!((1..=stops).contains(&poll.wake_ups()));
        }
    }
}

#[test]
fn failed_loop_stops_others() {
    let model = Model::new(
        "An event loop that fails during a stop, or before, stops the others; one that was \
         asked to stop wakes none",
    )
    .threads("failing loop, stopping thread, loop")
    .bound(3)
    .full_bound(4)
    .at_least(14_000);
    model.check(|| {
        let loops = Loops::<2>::new();
        let failing = loops.spawn_failing(0);
        let stopper = loops.stopper.clone();
        let stopping = thread::spawn(move || stopper.stop());
        loops.run(1);
        failing.join().unwrap();
        stopping.join().unwrap();
        loops.assert_stopped(2);
    });
}

#[test]
fn two_failed_loops_stop_third() {
    let model =
        Model::new("Of two event loops that fail at the same time, at least one stops the rest")
            .threads("2 failing loops, loop")
            .bound(2)
            .full_bound(3)
            .at_least(4_200);
    model.check(|| {
        let loops = Loops::<3>::new();
        let failing = [0, 1].map(|index| loops.spawn_failing(index));
        loops.run(2);
        for failing in failing {
            failing.join().unwrap();
        }
        loops.assert_stopped(2);
    });
}
