//! How long a task may receive without waiting.

use core::task::{Context, Poll};

/// The number of items that an async receive may still return before it yields.
#[derive(Clone, Copy)]
pub(crate) struct Budget(usize);

impl Budget {
    /// As many as in tokio.
    const FULL: usize = 128;

    pub(crate) fn new() -> Self {
        Self(Self::FULL)
    }

    /// Returns `Pending`, and wakes the task, if the budget is spent and there are more items.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        is_empty: impl FnOnce() -> bool,
    ) -> Poll<()> {
        if self.0 > 0 || is_empty() {
            return Poll::Ready(());
        }
        self.renew();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Notes that a receive returns this number of items.
    pub(crate) fn spend(&mut self, items: usize) {
        self.0 = self.0.saturating_sub(items);
    }

    /// Notes that the task waits.
    pub(crate) fn renew(&mut self) {
        self.0 = Self::FULL;
    }
}
