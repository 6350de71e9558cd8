//! How an event loop waits for its sockets, its resume queue and its next deadline.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry};
use mpsc_queue::{Wait, Waiter};

use crate::resume::ResumeConsumer;

/// How often a spin looks at the resume queue before it polls the sockets and yields its core
/// again. A look takes nanoseconds; the two system calls take a microsecond.
const LOOKS: u32 = 256;

/// The poll of an event loop, with the strategy by which the event loop waits.
pub(super) struct Poller {
    poll: Poll,
    waiter: Waiter,
    /// The moment from which the waiter's time counts.
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
        if self.spin(consumer, events, deadline)? {
            return Ok(());
        }
        let result = self.sleep(consumer, events, deadline);
        self.waiter.slept(|| self.created.elapsed());
        result
    }

    /// Waits for an event of a socket, a resume, or the deadline, in the poll.
    pub(super) fn sleep(
        &mut self,
        consumer: &mut ResumeConsumer<'_>,
        events: &mut Events,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        // From the park on, the next resume wakes the poll. Parking fails if the budget did not
        // suffice for all resumes, or if another one has come.
        let parked = consumer.park();
        let timeout = match parked {
            Some(_) => deadline.map(|when| when.saturating_duration_since(Instant::now())),
            None => Some(Duration::ZERO),
        };
        let result = poll(&mut self.poll, events, timeout);
        drop(parked);
        result
    }

    /// Spins until there is an event of a socket or a resume, or until the deadline. Returns
    /// `false` if it is time to sleep.
    ///
    /// A stop ends the spin as an event of the waker.
    fn spin(
        &mut self,
        consumer: &ResumeConsumer<'_>,
        events: &mut Events,
        deadline: Option<Instant>,
    ) -> io::Result<bool> {
        let mut result = Ok(());
        // The first look polls, so resumes cannot starve the sockets.
        let mut looks_left = 0;
        let is_ready = || {
            if looks_left == 0 {
                looks_left = LOOKS;
                result = poll(&mut self.poll, events, Some(Duration::ZERO));
                let is_late = || deadline.is_some_and(|when| when <= Instant::now());
                if result.is_err() || !events.is_empty() || is_late() {
                    return true;
                }
                if consumer.is_empty() {
                    // A thread that is to resume may have been put on this core. Otherwise, it
                    // would wait for the end of the time slice.
                    thread::yield_now();
                }
            }
            looks_left -= 1;
            !consumer.is_empty()
        };
        let has_found = self.waiter.spin(|| self.created.elapsed(), is_ready);
        result.map(|()| has_found)
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
