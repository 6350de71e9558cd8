//! What the client is to send next, and until when.

use std::time::{Duration, Instant};

use crate::config::Config;

/// The least time for the first request of a connection that is not kept.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// The part of the input that a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The first request of the connection.
    FirstRequest,
    Request,
    RestOfHead,
    RestOfBody,
}

/// A wait for the client.
#[derive(Debug)]
pub(super) struct Wait {
    awaited: Awaited,
    since: Instant,
    /// Length of the body when its deadline was last extended.
    body_seen: usize,
}

impl Wait {
    /// Starts a wait.
    pub(super) fn new(awaited: Awaited, now: Instant) -> Self {
        Self {
            awaited,
            since: now,
            body_seen: 0,
        }
    }

    /// Returns whether nothing of the next request has arrived.
    pub(super) fn is_for_request(&self) -> bool {
        matches!(self.awaited, Awaited::FirstRequest | Awaited::Request)
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Waits for `awaited`. The time continues if the wait was for that already. An empty line before
    /// a request is a part of its head, or the next one would have time of its own.
    pub(super) fn wait_for(&mut self, awaited: Awaited, now: Instant) {
        let is_the_same = match self.awaited {
            Awaited::FirstRequest | Awaited::RestOfHead if awaited == Awaited::Request => true,
            current => current == awaited,
        };
        if !is_the_same {
            *self = Self::new(awaited, now);
        }
    }

    /// Starts the time again, because the client or the server made progress.
    pub(super) fn restart(&mut self, now: Instant) {
        self.since = now;
    }

    /// Returns the deadline for the part of the input that is awaited, or `None` if there is none.
    pub(super) fn deadline(&self, config: &Config) -> Option<Instant> {
        self.since.checked_add(match self.awaited {
            // A client that has just connected needs time, even if its connection is not kept.
            Awaited::FirstRequest if config.keep_alive_timeout.is_zero() => {
                config.header_timeout.max(FIRST_REQUEST)
            }
            Awaited::FirstRequest => config.keep_alive_timeout,
            Awaited::Request => config.keep_alive_timeout,
            Awaited::RestOfHead => config.header_timeout,
            Awaited::RestOfBody => config.body_timeout,
        })
    }

    /// Starts the time for a body again if it is over and enough bytes have arrived in it.
    /// That enforces a minimum rate, checked once per `body_timeout`.
    pub(super) fn extend_body_deadline(&mut self, body: usize, now: Instant, config: &Config) {
        if self.awaited == Awaited::RestOfBody
            && self
                .deadline(config)
                .is_some_and(|deadline| deadline <= now)
            && body >= self.body_seen.saturating_add(config.body_progress.max(1))
        {
            self.body_seen = body;
            self.since = now;
        }
    }
}
