//! The poll of an event loop: its sockets, and the waker of its resume queue.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry};
use mpsc_queue::{Wait, Waiter};

use crate::resume::ResumeConsumer;

/// The poll of an event loop, with the strategy by which the event loop waits.
pub(super) struct Poller {
    poll: Poll,
    waiter: Waiter,
    /// The moment from which the times of a wait count.
    created: Instant,
}

impl Poller {
    pub(super) fn new(wait: Wait) -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            waiter: Waiter::new(wait),
            created: Instant::now(),
        })
    }

    pub(super) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Fetches the events of the sockets without waiting.
    pub(super) fn poll_now(&mut self, events: &mut Events) -> io::Result<()> {
        poll(&mut self.poll, events, Some(Duration::ZERO))
    }

    /// Waits for an event of a socket, a resume, or the deadline. Spins first, as far as the
    /// strategy permits.
    pub(super) fn spin_or_sleep(
        &mut self,
        consumer: &mut ResumeConsumer<'_>,
        events: &mut Events,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let deadline = deadline.map(|when| when - self.created);
        let now = || self.created.elapsed();
        consumer.spin_or_sleep(&mut self.waiter, deadline, now, |timeout| {
            poll(&mut self.poll, events, timeout)?;
            Ok(!events.is_empty())
        })
    }

    /// Waits for an event of a socket, a resume, or the deadline, in the poll.
    pub(super) fn sleep(
        &mut self,
        consumer: &mut ResumeConsumer<'_>,
        events: &mut Events,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let deadline = deadline.map(|when| when - self.created);
        let now = || self.created.elapsed();
        consumer.sleep(deadline, now, |timeout| {
            poll(&mut self.poll, events, timeout)
        })
    }
}

/// The longest time-out of a poll. The system counts milliseconds in 32 bits.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Polls. A signal ends the poll without events, and so does the end of a day.
fn poll(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, timeout.map(|timeout| timeout.min(LONGEST))) {
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
        result => result,
    }
}
