//! How an event loop waits for its resume queue and for its sockets at the same time.
//!
//! | the event loop | a resume | a stop |
//! |---|---|---|
//! | spins: it looks at the queue, and polls now and then | is seen in the queue | is an event of the next poll |
//! | finds the queue not empty when it parks: it polls without waiting | is popped next | is an event of this poll, or of the next |
//! | has parked: it sleeps in the poll | is an event, if it is the first since the park | is an event |

use std::io;
use std::time::Duration;

use mpsc_queue::{UniqueHandle, Waiter};

use super::queue::ResumeConsumer;
use crate::sync::yield_now;

/// How often a spin looks at the resume queue before it polls the sockets and yields its core
/// again. A look takes nanoseconds; the two system calls take a microsecond. (Few in the models,
/// because a model of so many steps does not end.)
const LOOKS: u32 = if cfg!(loom) { 2 } else { 256 };

/// Waiting. `now` returns the time since any moment that stays the same, and the `deadline` is
/// such a time. `poll` waits for an event, but not longer than it is told, and returns whether
/// there is one. A call of the queue's `wake` is an event, of the next poll if none waits.
impl<T: UniqueHandle> ResumeConsumer<'_, T> {
    /// Waits for an event, a resume, or the deadline. Spins first, as far as the strategy of
    /// `waiter` permits.
    pub fn spin_or_sleep(
        &mut self,
        waiter: &mut Waiter,
        deadline: Option<Duration>,
        now: impl Fn() -> Duration,
        mut poll: impl FnMut(Option<Duration>) -> io::Result<bool>,
    ) -> io::Result<()> {
        if self.spin(waiter, deadline, &now, &mut poll)? {
            return Ok(());
        }
        let result = self.sleep(deadline, &now, |timeout| poll(timeout).map(drop));
        waiter.slept(now);
        result
    }

    /// Waits for an event, a resume, or the deadline, in the poll.
    pub fn sleep(
        &mut self,
        deadline: Option<Duration>,
        now: impl Fn() -> Duration,
        poll: impl FnOnce(Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        // From the park on, the next resume wakes the poll. Parking fails if the event loop has
        // not popped everything, or if another resume has come.
        let parked = self.park();
        let timeout = match parked {
            Some(_) => deadline.map(|when| when.saturating_sub(now())),
            None => Some(Duration::ZERO),
        };
        let result = poll(timeout);
        drop(parked);
        result
    }

    /// Spins until there is an event or a resume, or until the deadline. Returns `false` if it is
    /// time to sleep.
    fn spin(
        &self,
        waiter: &mut Waiter,
        deadline: Option<Duration>,
        now: impl Fn() -> Duration,
        mut poll: impl FnMut(Option<Duration>) -> io::Result<bool>,
    ) -> io::Result<bool> {
        let mut result = Ok(());
        // The first look polls, so resumes cannot starve the sockets.
        let mut looks_left = 0;
        let is_ready = || {
            if looks_left == 0 {
                looks_left = LOOKS;
                let polled = poll(Some(Duration::ZERO));
                let has_event = *polled.as_ref().unwrap_or(&true);
                result = polled.map(drop);
                if has_event || deadline.is_some_and(|when| when <= now()) {
                    return true;
                }
                if self.is_empty() {
                    // A thread that is to resume may have been put on this core. Otherwise, it
                    // would wait for the end of the time slice.
                    yield_now();
                }
            }
            looks_left -= 1;
            !self.is_empty()
        };
        let has_found = waiter.spin(&now, is_ready);
        result.map(|()| has_found)
    }
}
