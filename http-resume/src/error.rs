//! Errors of a server as a whole. Errors of a request go to its client as responses.

use std::io;
use std::net::SocketAddr;

/// Why a server cannot start or continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field of the [`Config`](crate::Config) is so small that no request could be served.
    #[error("`Config::{field}` is {value}, but must be at least {minimum}")]
    TooSmall {
        /// The name of the field.
        field: &'static str,
        /// Its value.
        value: usize,
        /// Its least value.
        minimum: usize,
    },
    /// The server cannot listen on the address, usually because it is in use.
    #[error("cannot listen on {addr}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// An event loop cannot be created, or its thread cannot be started, usually because there are
    /// too many for the limits of the process.
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
            Error::TooSmall { .. } => io::ErrorKind::InvalidInput,
            Error::Listen { source, .. } | Error::Start(source) | Error::Poll(source) => {
                source.kind()
            }
            Error::Panicked => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
