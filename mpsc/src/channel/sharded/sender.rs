//! The senders' end.

use core::cell::Cell;
use core::fmt;
use core::iter;
use core::marker::PhantomData;

use super::shard::Shard;
use crate::channel;
use crate::error::{SendError, TrySendError};
use crate::form::{Form, ForwardLinked, GapFree};
use crate::item::{Chain, Handle, SharedHandle, UniqueHandle};
use crate::sync::Arc;

/// A sender of a sharded channel. A clone has a shard of its own: each thread has a clone, since
/// threads cannot share a sender (it is not `Sync`).
///
/// When the last sender is dropped, the channel is [disconnected](mod@channel#disconnection).
pub struct Sender<H: Handle, F: Form = ForwardLinked> {
    shard: Arc<Shard<H, F>>,
    /// Not `Sync`: the send that ends the park of the shard announces it. Another one that came in
    /// between would return before the receiver knows of its item.
    one_thread: PhantomData<Cell<()>>,
    /// Where the shard goes when it is sent to first.
    ready: channel::Sender<Arc<Shard<H, F>>, GapFree>,
}

impl<H: Handle, F: Form> Sender<H, F> {
    pub(super) fn new(ready: channel::Sender<Arc<Shard<H, F>>, GapFree>) -> Self {
        let shard = Shard::new();
        Self {
            shard,
            one_thread: PhantomData,
            ready,
        }
    }

    /// Sends an item whose handle has unique ownership, and wakes the receiver if it waits.
    ///
    /// Never waits for the receiver. Costs a load and one read-modify-write of a cache line that
    /// only the receiver uses as well, and another push if the receiver has slept since the
    /// last send.
    ///
    /// # Errors
    ///
    /// Returns the handle in [`SendError`] if the receiver is gone. The item was never
    /// receivable.
    ///
    /// # Panics
    ///
    /// If the waker of a task panics, or the `Drop` of an item that this send drops.
    pub fn send(&self, handle: H) -> Result<(), SendError<H>>
    where
        H: UniqueHandle,
    {
        let ended_park = self.shard.queue.push_unique_with(handle, || ())?;
        self.finish(ended_park.is_some()).map_err(SendError)
    }

    /// Sends an item that other handles may reach, unless it is queued already. See
    /// [`Queue::try_push`](crate::Queue::try_push).
    ///
    /// # Errors
    ///
    /// Returns the handle in [`TrySendError`] if the item is queued or the receiver is gone.
    pub fn try_send(&self, handle: H) -> Result<(), TrySendError<H>> {
        let ended_park = self.shard.queue.try_push_with(handle, || ())?;
        self.finish(ended_park.is_some())
            .map_err(TrySendError::Disconnected)
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
        let ended_park = self.shard.queue.try_push_by_ref_with(handle, || ())?;
        self.finish(ended_park.is_some())
            .map_err(|_clone| TrySendError::Disconnected(()))
    }

    /// Sends all items of a chain with one read-modify-write.
    ///
    /// # Errors
    ///
    /// Returns the whole chain in [`SendError`] if the receiver is gone. (Without an item that another
    /// thread has queued elsewhere meanwhile, by another handle.)
    pub fn send_chain(&self, chain: Chain<H>) -> Result<(), SendError<Chain<H>>> {
        match self.shard.queue.push_chain_with(chain, || ())? {
            Some(()) if !self.announce() => {
                let mut refused = Chain::new();
                self.take_back(|handle| {
                    let _ = refused.try_push(handle);
                });
                Err(SendError(refused))
            }
            _ => Ok(()),
        }
    }

    /// Returns `true` if the receiver is gone, or has closed the channel.
    ///
    /// `true` is final. `false` may be stale.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ready.is_closed()
    }

    /// Returns `true` if both senders belong to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.ready.same_channel(&other.ready)
    }

    /// Finishes the send of one item. Returns the item if the receiver is gone.
    fn finish(&self, has_ended_park: bool) -> Result<(), H> {
        if !has_ended_park || self.announce() {
            return Ok(());
        }
        let mut refused = None;
        self.take_back(|handle| refused = Some(handle));
        refused.map_or(Ok(()), Err)
    }

    /// Sends the shard to the receiver. Returns `false` if the receiver is gone.
    #[cold]
    fn announce(&self) -> bool {
        self.ready.try_send_by_ref(&self.shard).is_ok()
    }

    /// Closes the shard, which the receiver will not see any more, and returns the items in it: those
    /// of the send that has ended the park.
    #[cold]
    fn take_back(&self, refuse: impl FnMut(H)) {
        // The refusal happens after all that the receiver did before it closed the channel, so
        // the place of the consumer is free.
        let mut consumer = Shard::consumer(&self.shard);
        consumer.close();
        iter::from_fn(|| consumer.pop_blocking()).for_each(refuse);
    }
}

impl<H: Handle, F: Form> Clone for Sender<H, F> {
    fn clone(&self) -> Self {
        Self::new(self.ready.clone())
    }
}

impl<H: Handle, F: Form> Drop for Sender<H, F> {
    fn drop(&mut self) {
        self.shard.end(); // before the last one ends the queue of ready shards
    }
}

impl<H: Handle, F: Form> fmt::Debug for Sender<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
