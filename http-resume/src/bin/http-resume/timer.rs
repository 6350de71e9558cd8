//! A thread that resumes any number of requests, each at its time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io;
use std::time::Instant;

use http_resume::Pending;

use super::worker_queue::{Next, WorkerQueue, WorkerReceiver};

/// The work of a sleeping request.
pub(crate) struct Alarm {
    pub(crate) when: Instant,
    pub(crate) millis: u64,
}

pub(crate) struct Timer {
    queue: WorkerQueue<Alarm>,
}

impl Timer {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            queue: WorkerQueue::spawn("timer".into(), run_timer)?,
        })
    }

    /// Resumes the request at its time.
    pub(crate) fn submit(&self, pending: Pending<Alarm>) {
        self.queue.send(pending);
    }
}

/// With fewer sleepers than this, abandoned ones are not searched for.
const MIN_SEARCHED: usize = 64;

/// Runs until the queue stops. The requests that still sleep then are dropped, which
/// answers them with 500.
fn run_timer(mut receiver: WorkerReceiver<'_, Alarm>) {
    let mut sleepers: BinaryHeap<Reverse<Sleeper>> = BinaryHeap::new();
    let mut search_above = MIN_SEARCHED;
    loop {
        let first = sleepers.peek().map(|Reverse(sleeper)| sleeper.when());
        match receiver.next(first) {
            Next::Item(pending) => sleepers.push(Reverse(Sleeper(pending))),
            Next::Deadline => {}
            Next::Stop => return,
        }
        // Abandoned sleepers are removed whenever the heap has doubled since the last
        // search: amortised, that is constant work per sleeper.
        if sleepers.len() > search_above {
            sleepers.retain(|Reverse(Sleeper(pending))| !pending.is_abandoned());
            search_above = MIN_SEARCHED.max(2 * sleepers.len());
        }
        let now = Instant::now();
        while sleepers
            .peek()
            .is_some_and(|Reverse(sleeper)| sleeper.when() <= now)
        {
            let Some(Reverse(Sleeper(pending))) = sleepers.pop() else {
                break;
            };
            pending.resume();
        }
    }
}

/// A sleeping request, ordered by its time.
struct Sleeper(Pending<Alarm>);

impl Sleeper {
    fn when(&self) -> Instant {
        self.0.work().when
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> Ordering {
        self.when().cmp(&other.when())
    }
}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Sleeper {}
