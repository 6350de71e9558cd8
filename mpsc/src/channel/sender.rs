//! The senders' end of a channel.

use core::fmt;

use super::shared::Shared;
use crate::error::{SendError, TrySendError};
use crate::form::{Form, GapFree};
use crate::item::{Chain, Handle, SharedHandle, UniqueHandle};
use crate::length::Counts;
use crate::sync::Arc;

/// A sender of a channel. Can be cloned, and sent to other threads.
///
/// When the last sender is dropped, the channel is [disconnected](super#disconnection).
pub struct Sender<H: Handle, F: Form = GapFree> {
    shared: Arc<Shared<H, F>>,
}

impl<H: Handle, F: Form> Sender<H, F> {
    /// The sender that `shared` counts already.
    pub(super) fn new(shared: Arc<Shared<H, F>>) -> Self {
        Self { shared }
    }

    /// Sends an item whose handle has unique ownership, and wakes the receiver if it waits.
    ///
    /// Never waits for the receiver. Costs a load and one read-modify-write
    /// ([`Queue::push`](crate::Queue::push)), and the wake-up if the receiver waits. A send that
    /// overlaps the end of the receiver may wait for other such sends, and drop their items, if
    /// the channel is not [`GapFree`](crate::GapFree).
    ///
    /// # Errors
    ///
    /// Returns the handle in [`SendError`] if the receiver is gone. The item was never
    /// receivable. `Ok` does not promise receipt: see [Disconnection](super#disconnection).
    ///
    /// # Panics
    ///
    /// If the waker of a task panics, or the `Drop` of an item that this send drops.
    pub fn send(&self, handle: H) -> Result<(), SendError<H>>
    where
        H: UniqueHandle,
    {
        Ok(self.shared.queue.push(handle)?)
    }

    /// Sends an item that other handles may reach, unless it is queued already. See
    /// [`Queue::try_push`](crate::Queue::try_push).
    ///
    /// # Errors
    ///
    /// Returns the handle in [`TrySendError`] if the item is queued or the receiver is gone.
    pub fn try_send(&self, handle: H) -> Result<(), TrySendError<H>> {
        Ok(self.shared.queue.try_push(handle)?)
    }

    /// Sends the item of a handle that the caller keeps, unless it is queued already. See
    /// [`Queue::try_push_by_ref`](crate::Queue::try_push_by_ref).
    ///
    /// # Errors
    ///
    /// As for [`try_send`](Self::try_send), without a handle.
    pub fn try_send_by_ref(&self, handle: &H) -> Result<(), TrySendError<()>>
    where
        H: SharedHandle,
    {
        Ok(self.shared.queue.try_push_by_ref(handle)?)
    }

    /// Sends all items of a chain with one read-modify-write.
    ///
    /// # Errors
    ///
    /// Returns the whole chain in [`SendError`] if the receiver is gone.
    pub fn send_chain(&self, chain: Chain<H>) -> Result<(), SendError<Chain<H>>> {
        Ok(self.shared.queue.push_chain(chain)?)
    }

    /// Returns `true` if the receiver is gone, or has closed the channel.
    ///
    /// `true` is final. `false` may be stale.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.queue.bare_queue().is_shut()
    }

    /// Returns the approximate number of items in the channel, if it is
    /// [`Counted`](crate::Counted). See [`Queue::len`](crate::Queue::len).
    #[must_use]
    pub fn len(&self) -> usize
    where
        F: Form<Length: Counts>,
    {
        self.shared.queue.len()
    }

    /// Returns `true` if the channel is empty. See [`Queue::is_empty`](crate::Queue::is_empty).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.queue.is_empty()
    }

    /// Returns `true` if both senders belong to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<H: Handle, F: Form> Clone for Sender<H, F> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        shared.add_sender();
        Self { shared }
    }
}

impl<H: Handle, F: Form> Drop for Sender<H, F> {
    fn drop(&mut self) {
        self.shared.remove_sender(); // `shared` is kept until the wake-up is done
    }
}

impl<H: Handle, F: Form> fmt::Debug for Sender<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
