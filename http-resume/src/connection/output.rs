//! Bytes to be sent.

use std::io::{self, ErrorKind};
use std::time::Instant;

use super::stream::Stream;
use crate::service::Spares;

/// Encoded responses. Has a buffer only while there are any, and keeps all until all are sent.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    sent: usize,
    /// Since when the client has accepted nothing. `None` without bytes.
    waits_since: Option<Instant>,
}

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

    pub(super) fn waits_since(&self) -> Option<Instant> {
        self.waits_since
    }

    /// Returns the buffer, for responses to be appended.
    pub(super) fn buffer(&mut self, now: Instant, spares: &mut Spares) -> &mut Vec<u8> {
        self.waits_since.get_or_insert(now);
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
                    self.waits_since = Some(now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(self.sent > before);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let has_sent = self.sent > before;
        if has_sent {
            self.sent = 0;
            self.waits_since = None;
            spares.put_output(&mut self.bytes);
        }
        Ok(has_sent)
    }
}
