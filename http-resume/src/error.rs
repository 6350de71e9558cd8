//! Errors of a server as a whole. Errors of a request go to its client as responses.

use std::io;
use std::net::SocketAddr;

/// Why a server cannot start or continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration asks for no event loop.
    #[error("`Config::threads` must be at least 1")]
    NoThreads,
    /// The server cannot listen on the address, usually because it is in use.
    #[error("cannot listen on {addr}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// An event loop cannot be created, or its thread cannot be started.
    #[error("cannot start an event loop")]
    Start(#[source] io::Error),
    /// The poll of an event loop failed.
    #[error("cannot poll for events")]
    Poll(#[source] io::Error),
    /// An event loop panicked because of a bug in this crate. Handlers that panic are
    /// answered with 500 instead.
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
