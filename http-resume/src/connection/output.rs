//! Bytes to be sent.

use std::io::{self, ErrorKind, Write};

use crate::service::READ_SIZE;

/// Encoded responses. The buffer keeps them until all of them are sent.
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

    /// Returns the buffer, for responses to be appended.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Sends as many bytes as the socket accepts. Returns whether it accepted any.
    pub(super) fn send(&mut self, stream: &mut impl Write) -> io::Result<bool> {
        let before = self.sent;
        while self.sent < self.bytes.len() {
            match stream.write(&self.bytes[self.sent..]) {
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
        self.sent = 0;
        self.bytes.clear();
        self.bytes.shrink_to(READ_SIZE); // a large response is rare
        Ok(has_sent)
    }
}
