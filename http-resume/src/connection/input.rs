//! Received bytes.

use std::io;

use super::stream::Stream;
use crate::service::{READ_SIZE, Spares};

/// Bytes that were received but not consumed. Has a buffer only while there are any.
#[derive(Default)]
pub(super) struct Input {
    /// Completely initialised, so that the socket may write anywhere.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.start += n;
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Reads once. Returns the number of bytes read, and whether they filled the buffer.
    pub(super) fn read(
        &mut self,
        stream: &mut impl Stream,
        spares: &mut Spares,
    ) -> io::Result<(usize, bool)> {
        let space = self.space(spares);
        let size = space.len();
        let n = stream.receive(space)?;
        self.end += n;
        Ok((n, n == size))
    }

    /// Gives the buffer back if it holds no bytes.
    pub(super) fn release(&mut self, spares: &mut Spares) {
        if self.bytes().is_empty() && !self.buffer.is_empty() {
            self.clear();
            spares.put_buffer(&mut self.buffer);
        }
    }

    /// Returns space for at least [`READ_SIZE`] more bytes.
    fn space(&mut self, spares: &mut Spares) -> &mut [u8] {
        if self.buffer.is_empty() {
            self.buffer = spares.buffer();
        }
        if self.bytes().is_empty() {
            self.clear();
        }
        if self.buffer.len() - self.end < READ_SIZE {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            let size = self.buffer.len().max(self.end + READ_SIZE);
            self.buffer.resize(size, 0);
        }
        &mut self.buffer[self.end..]
    }
}
