//! Bytes to be sent.

use std::io::{self, ErrorKind};

use super::stream::Stream;
use crate::service::Spares;

/// Encoded responses. Has a buffer only while there are any, and keeps all until all are sent.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    sent: usize,
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
        spares: &mut Spares,
    ) -> io::Result<bool> {
        let before = self.sent;
        while self.sent < self.bytes.len() {
            match stream.send(&self.bytes[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => self.sent += n,
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
            spares.put_output(&mut self.bytes);
        }
        Ok(has_sent)
    }
}
