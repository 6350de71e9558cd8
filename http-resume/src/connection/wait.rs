//! What the client is to send next, and until when.

use std::time::Instant;

use crate::config::Config;

/// The part of the input that a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
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
    /// Starts a wait for a request.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            awaited: Awaited::Request,
            since: now,
            body_seen: 0,
        }
    }

    pub(super) fn is_for(&self, awaited: Awaited) -> bool {
        self.awaited == awaited
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Waits for `awaited`. The time continues if the wait was for that already.
    pub(super) fn wait_for(&mut self, awaited: Awaited, now: Instant) {
        if self.awaited != awaited {
            *self = Self {
                awaited,
                ..Self::new(now)
            };
        }
    }

    /// Starts the time again, because the client or the server made progress.
    pub(super) fn restart(&mut self, now: Instant) {
        self.since = now;
    }

    /// Returns the deadline for the part of the input that is awaited.
    pub(super) fn deadline(&self, config: &Config) -> Instant {
        self.since
            + match self.awaited {
                Awaited::Request => config.keep_alive_timeout,
                Awaited::RestOfHead => config.header_timeout,
                Awaited::RestOfBody => config.body_timeout,
            }
    }

    /// Starts the time for a body again if it is over and enough bytes have arrived in it.
    /// That enforces a minimum rate, checked once per `body_timeout`.
    pub(super) fn extend_body_deadline(&mut self, body: usize, now: Instant, config: &Config) {
        if self.awaited == Awaited::RestOfBody
            && self.deadline(config) <= now
            && body >= self.body_seen.saturating_add(config.body_progress.max(1))
        {
            self.body_seen = body;
            self.since = now;
        }
    }
}
