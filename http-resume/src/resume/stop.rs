//! Stopping all event loops of a server.

use crate::sync::Arc;

use super::ResumeQueue;

/// Stops a [`Server`](crate::Server).
#[derive(Clone, Debug)]
pub struct Stopper {
    queues: Arc<Vec<Arc<ResumeQueue>>>,
}

/// Returns what stops the event loops that have these queues.
#[must_use]
pub fn stopper(queues: Vec<Arc<ResumeQueue>>) -> Stopper {
    Stopper {
        queues: Arc::new(queues),
    }
}

impl Stopper {
    /// Asks the server to shut down: it accepts no more connections, closes idle ones, and
    /// finishes its requests for at most
    /// [`shutdown_timeout`](crate::Config::shutdown_timeout). Then the suspended requests are
    /// answered with 503.
    ///
    /// Returns immediately; [`Server::run`](crate::Server::run) returns when the shutdown is
    /// complete. Further calls have no effect.
    pub fn stop(&self) {
        self.queues.iter().for_each(|queue| queue.stop());
    }
}

/// Ends the whole server when one event loop fails: the event loop has this until it ends.
#[derive(Debug)]
pub struct StopOnDrop {
    own: Arc<ResumeQueue>,
    all: Stopper,
}

impl StopOnDrop {
    /// Creates it for the event loop that has the queue `own`, which is one of `all`.
    #[must_use]
    pub fn new(own: Arc<ResumeQueue>, all: Stopper) -> Self {
        Self { own, all }
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        // An event loop that was asked to stop is not the only one. If each of many loops woke all
        // others, a stop would take seconds.
        if !self.own.is_stopping() {
            self.all.stop();
        }
    }
}
