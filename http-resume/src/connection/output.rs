//! Bytes to be sent.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use super::stream::Stream;
use crate::service::Spares;

/// Encoded responses. Has a buffer only while there are any, and keeps all until all are sent.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    sent: usize,
    /// `None` unless the socket has refused some of them.
    wait: Option<SendWait>,
}

/// A wait for the client to accept bytes.
#[derive(Clone, Copy)]
struct SendWait {
    /// When it last accepted some.
    since: Instant,
    /// When the last try was that the poll has not asked for.
    tried: Instant,
}

impl SendWait {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            tried: now,
        }
    }
}

/// How often a send is tried within the send timeout.
const SEND_TRIES: u32 = 4;

impl Output {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Returns when to try a send again, which is at the send timeout at the latest.
    ///
    /// The poll does not suffice. It reports a socket as writable once a third of its buffer is
    /// free, which is about a megabyte, and a slow client may read less than that in the time.
    pub(super) fn deadline(&self, timeout: Duration) -> Option<Instant> {
        let wait = self.wait?;
        let next = wait.tried.checked_add(timeout / SEND_TRIES);
        let last = wait.since.checked_add(timeout);
        next.into_iter().chain(last).min()
    }

    /// Notes that the socket has refused the bytes at a deadline. Returns whether the send timeout
    /// has passed.
    pub(super) fn refused(&mut self, now: Instant, timeout: Duration) -> bool {
        let Some(wait) = &mut self.wait else {
            return false;
        };
        wait.tried = now;
        let last = wait.since.checked_add(timeout);
        last.is_some_and(|last| last <= now)
    }

    /// Returns the buffer, for responses to be appended.
    pub(super) fn buffer(&mut self, spares: &mut Spares) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = spares.output();
        }
        &mut self.bytes
    }

    /// Sends as many bytes as the socket accepts. Returns whether it accepted any.
    pub(super) fn send(
        &mut self,
        stream: &mut impl Stream,
        now: Instant,
        spares: &mut Spares,
    ) -> io::Result<bool> {
        let before = self.sent;
        while self.sent < self.bytes.len() {
            match stream.send(&self.bytes[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.sent += n;
                    self.wait = None;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait.get_or_insert(SendWait::new(now));
                    return Ok(self.sent > before);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let has_sent = self.sent > before;
        if has_sent {
            self.sent = 0;
            spares.put_output(&mut self.bytes);
        }
        Ok(has_sent)
    }
}
