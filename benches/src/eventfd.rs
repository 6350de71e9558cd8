//! An eventfd that a thread waits for as an event loop does.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mpsc_queue::Wake;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

/// An eventfd that counts the writes to it.
pub(crate) struct Event {
    fd: EventFd,
    notified: AtomicU64,
}

impl Event {
    pub(crate) fn new() -> Self {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        Self {
            fd: EventFd::from_flags(flags).expect("the process has a free file descriptor"),
            notified: AtomicU64::new(0),
        }
    }

    /// Wakes the waiting thread, or makes the next `wait` return immediately.
    pub(crate) fn notify(&self) {
        // Relaxed: a statistic, read after the threads have been joined.
        self.notified.fetch_add(1, Ordering::Relaxed);
        self.fd.write(1).expect("the counter does not overflow");
    }

    /// Sleeps until `notify` has been called since the last `wait`, and returns how
    /// often. May wake up spuriously and return 0.
    pub(crate) fn wait(&self) -> u64 {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        // An interrupted poll is a spurious wake-up.
        let _ = poll(&mut fds, PollTimeout::NONE);
        self.fd.read().unwrap_or(0)
    }

    pub(crate) fn notified(&self) -> u64 {
        self.notified.load(Ordering::Relaxed)
    }
}

/// The waker of an event loop that waits for an `Event`.
pub(crate) struct Notify(pub(crate) Arc<Event>);

impl Wake for Notify {
    fn wake(&self) {
        self.0.notify();
    }
}
