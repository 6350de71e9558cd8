//! What can go wrong with a server as a whole. (What goes wrong with a request is
//! answered to its client.)

use std::io;
use std::net::SocketAddr;

/// Why a server could not be set up, or could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration asks for no event loop at all.
    #[error("a server needs an event loop")]
    NoThreads,
    /// The address cannot be listened on: most likely it is in use.
    #[error("cannot listen on {addr}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// An event loop cannot be set up, or no thread started for it.
    #[error("cannot start an event loop")]
    Start(#[source] io::Error),
    /// An event loop cannot go on: its poll failed.
    #[error("an event loop failed")]
    Poll(#[source] io::Error),
    /// An event loop panicked, which is a mistake in this crate: handlers that panic are
    /// answered for with 500.
    #[error("an event loop panicked")]
    Panicked,
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::NoThreads => io::ErrorKind::InvalidInput,
            Error::Listen { source, .. } | Error::Start(source) | Error::Poll(source) => {
                source.kind()
            }
            Error::Panicked => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
