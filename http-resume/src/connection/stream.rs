//! What a connection reads from and writes to.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;

/// A stream whose reads and writes return `WouldBlock` instead of waiting.
pub(crate) trait Stream: Read + Write {
    /// Announces that nothing more will be written.
    fn end(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn end(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
