//! A thread that resumes any number of requests, each at its time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io;

use http_resume::Pending;
use mpsc_queue::channel::{Receiver, Sender, channel};
use mpsc_queue::{RecvError, RecvTimeoutError};

use super::sync::{Instant, thread};

/// The work of a sleeping request.
pub(crate) struct Alarm {
    pub(crate) when: Instant,
    pub(crate) millis: u64,
}

pub(crate) struct Timer {
    requests: Sender<Pending<Alarm>>,
}

impl Timer {
    pub(crate) fn new() -> io::Result<Self> {
        let (requests, receiver) = channel();
        thread::Builder::new()
            .name("timer".into())
            .spawn(|| run_timer(receiver))?;
        Ok(Self { requests })
    }

    /// Resumes the request at its time.
    pub(crate) fn submit(&self, pending: Pending<Alarm>) {
        // The timer does not end before its sender. If it did, dropping the refused request
        // would answer it with 500.
        drop(self.requests.send(pending));
    }
}

/// With fewer sleepers than this, abandoned ones are not searched for.
const MIN_SEARCHED: usize = 64;

/// Runs until the sender is gone. The requests that still sleep then are dropped, which
/// answers them with 500.
fn run_timer(mut receiver: Receiver<Pending<Alarm>>) {
    let mut sleepers: BinaryHeap<Reverse<Sleeper>> = BinaryHeap::new();
    let mut search_above = MIN_SEARCHED;
    loop {
        let first = sleepers.peek().map(|Reverse(sleeper)| sleeper.when());
        let received = match first {
            Some(when) => receiver.recv_deadline(when),
            None => receiver
                .recv()
                .map_err(|RecvError| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(pending) => sleepers.push(Reverse(Sleeper(pending))),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
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
