//! One thread that resumes requests when their time has come, however many.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io;
use std::time::Instant;

use http_resume::Pending;

use super::mailbox::{Mail, Mailbox, Next};

/// What a sleeping request waits for.
pub(crate) struct Alarm {
    pub(crate) when: Instant,
    pub(crate) millis: u64,
}

pub(crate) struct Timer {
    mailbox: Mailbox<Alarm>,
}

impl Timer {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            mailbox: Mailbox::spawn("timer".into(), keep_time)?,
        })
    }

    /// Resumes the request at its time.
    pub(crate) fn submit(&self, pending: Pending<Alarm>) {
        self.mailbox.send(pending);
    }
}

/// Below that many sleepers, it is not worth while to look for abandoned ones.
const FEW: usize = 64;

/// Those not due when the timer stops are dropped, and answered so.
fn keep_time(mut mail: Mail<'_, Alarm>) {
    let mut sleepers: BinaryHeap<Reverse<Sleeper>> = BinaryHeap::new();
    let mut many = FEW;
    loop {
        let first = sleepers.peek().map(|Reverse(sleeper)| sleeper.when());
        match mail.next(first) {
            Next::Item(pending) => sleepers.push(Reverse(Sleeper(pending))),
            Next::Deadline => {}
            Next::Stop => return,
        }
        // Nobody waits for some of them any more. Looked for whenever there are twice
        // as many as the last time: for each that comes, a constant share of work.
        if sleepers.len() > many {
            sleepers.retain(|Reverse(Sleeper(pending))| !pending.is_abandoned());
            many = FEW.max(2 * sleepers.len());
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

/// Ordered by its time.
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
