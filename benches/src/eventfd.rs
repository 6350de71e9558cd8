//! An eventfd, waited for as an event loop does.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mpsc_queue::Wake;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

/// An eventfd, and how often it was written to.
pub(crate) struct Event {
    fd: EventFd,
    notified: AtomicU64,
}

impl Event {
    pub(crate) fn new() -> Self {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        Self {
            fd: EventFd::from_flags(flags).expect("there are file descriptors left"),
            notified: AtomicU64::new(0),
        }
    }

    /// Wakes who waits, or makes the next wait end at once.
    pub(crate) fn notify(&self) {
        // Relaxed: a statistic, read after the threads have been joined.
        self.notified.fetch_add(1, Ordering::Relaxed);
        self.fd.write(1).expect("it cannot be full");
    }

    /// Sleeps until there has been a `notify` since the last `wait`. How often there
    /// has been.
    pub(crate) fn wait(&self) -> u64 {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        // An interrupted poll is as good as a wake-up that came for nothing.
        let _ = poll(&mut fds, PollTimeout::NONE);
        self.fd.read().unwrap_or(0)
    }

    pub(crate) fn notified(&self) -> u64 {
        self.notified.load(Ordering::Relaxed)
    }
}

/// Wakes a loop of ours.
pub(crate) struct Notify(pub(crate) Arc<Event>);

impl Wake for Notify {
    fn wake(&self) {
        self.0.notify();
    }
}
