//! Accepting connections.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

/// Pause after a failed `accept`, usually because the process is out of file descriptors and
/// one must be closed first.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A listening socket.
pub(super) struct Acceptor {
    listener: TcpListener,
    /// Set if connections may wait in the backlog (edge-triggered).
    is_readable: bool,
    retry_at: Option<Instant>,
}

impl Acceptor {
    pub(super) fn new(
        mut listener: TcpListener,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        registry.register(&mut listener, token, Interest::READABLE)?;
        Ok(Self {
            listener,
            is_readable: false,
            retry_at: None,
        })
    }

    /// Marks the socket as readable.
    pub(super) fn set_readable(&mut self) {
        self.is_readable = true;
    }

    /// Returns whether to call [`accept`](Self::accept). If not, the poll or the time
    /// [`retry_at`](Self::retry_at) changes that.
    pub(super) fn may_accept(&self) -> bool {
        self.is_readable && self.retry_at.is_none()
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Ends the pause after a failure, if its time is over.
    pub(super) fn end_pause(&mut self, now: Instant) {
        self.retry_at = self.retry_at.filter(|&when| when > now);
    }

    /// Ends the pause after a failure at once.
    pub(super) fn clear_pause(&mut self) {
        self.retry_at = None;
    }

    /// Accepts a connection, if there is one. After an error, pauses.
    pub(super) fn accept(&mut self, now: Instant) -> io::Result<Option<TcpStream>> {
        match self.listener.accept() {
            Ok((stream, _)) => Ok(Some(stream)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => {
                    self.is_readable = false;
                    Ok(None)
                }
                // The client disconnected before it was accepted.
                ErrorKind::Interrupted | ErrorKind::ConnectionAborted => Ok(None),
                _ => {
                    self.retry_at = Some(now + RETRY_PAUSE);
                    Err(error)
                }
            },
        }
    }

    pub(super) fn deregister(mut self, registry: &Registry) {
        if let Err(error) = registry.deregister(&mut self.listener) {
            tracing::warn!(%error, "cannot deregister the listening socket");
        }
    }
}
