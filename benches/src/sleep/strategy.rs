//! The strategies of a consumer that waits, as types.

use mpsc_queue::Wait;

/// A strategy.
pub(crate) trait Strategy: 'static {
    /// The strategy as a value.
    const WAIT: Wait;
}

/// Sleeps at once.
pub(crate) struct Parks;

/// Spins before it sleeps, but only while items come often.
pub(crate) struct Adapts;

/// Never sleeps.
pub(crate) struct Spins;

impl Strategy for Parks {
    const WAIT: Wait = Wait::Park;
}

impl Strategy for Adapts {
    const WAIT: Wait = Wait::ADAPTIVE;
}

impl Strategy for Spins {
    const WAIT: Wait = Wait::Spin;
}
