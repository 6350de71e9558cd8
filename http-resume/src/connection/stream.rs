//! What a connection receives from and sends to.

use std::io;
use std::net::Shutdown;

use mio::net::TcpStream;
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// A stream whose operations return `WouldBlock` instead of waiting.
pub(crate) trait Stream {
    /// Fills a part of the buffer. Returns its length, which is 0 at the end.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Sends a part of the bytes. Returns its length.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Announces that nothing more will be sent.
    fn end(&mut self) -> io::Result<()>;
}

/// Without the wrappers of libc and `std`, a small request takes 5 % fewer instructions.
impl Stream for TcpStream {
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (length, _) = recv(&*self, buffer, RecvFlags::empty())?;
        Ok(length)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(&*self, bytes, SendFlags::NOSIGNAL)?)
    }

    fn end(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
