//! A queue that owns its waker.

use core::fmt;

use super::slot::Handover;
use super::wake::{Wake, WakeTarget};
use crate::error::{Closed, TryPushError};
use crate::form::{Form, ForwardLinked};
use crate::item::{Chain, Handle, SharedHandle, UniqueHandle};
use crate::length::Counts;
use crate::queue::Queue;
use crate::queue_ref::AnyQueue;
use crate::sealed::{INTERNAL, Internal};
use crate::sync::const_fn_unless_loom;

/// A [`Queue`] that owns its waker and wakes its consumer by itself.
///
/// Most users want this type. The waker `W` determines how the consumer waits:
///
/// | `W` | the consumer | made by | receives with |
/// |---|---|---|---|
#[cfg_attr(
    feature = "std",
    doc = "| [`ThreadWaker`](crate::ThreadWaker) | a thread that blocks | [`BlockingQueue::new`](crate::BlockingQueue) | `recv`, [`recv_timeout`](crate::Receiver::recv_timeout) |"
)]
/// | [`TaskWaker`](crate::TaskWaker) | an async task | [`AsyncQueue::new`](crate::AsyncQueue) | [`recv().await`](crate::Receiver::recv), [`poll_recv`](crate::Receiver::poll_recv) |
/// | your [`Wake`] | an event loop | [`WakingQueue::with_waker`] | [`park`](crate::Receiver::park), then [`drain`](crate::Receiver::drain) |
///
/// The guarantees of [`Queue`] hold here too. While the consumer is awake, waking costs the
/// producers nothing, because the exchange of each push reports whether the consumer is
/// parked.
pub struct WakingQueue<H: Handle, W, F: Form = ForwardLinked> {
    queue: Queue<H, F>,
    waker: W,
}

impl<H: Handle, W: Wake> WakingQueue<H, W> {
    const_fn_unless_loom! {
        /// Creates an empty queue whose consumer is woken through `waker`.
        #[must_use]
        pub fn with_waker(waker: W) -> Self {
            Self { queue: Queue::new(), waker }
        }
    }
}

impl<H: Handle, W: Wake, F: Form> WakingQueue<H, W, F> {
    const_fn_unless_loom! {
        /// Creates an empty queue of this form, whose consumer is woken through `waker`.
        #[must_use]
        pub fn with_form_and_waker(form: F, waker: W) -> Self {
            Self { queue: Queue::with_form(form), waker }
        }
    }
}

impl<H: Handle, W, F: Form> WakingQueue<H, W, F> {
    const_fn_unless_loom! {
        pub(crate) fn from_parts(queue: Queue<H, F>, waker: W) -> Self {
            Self { queue, waker }
        }
    }

    /// Returns the waker.
    #[must_use]
    pub fn waker(&self) -> &W {
        &self.waker
    }

    /// Returns `true` if the queue is empty. See [`Queue::is_empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn bare_queue(&self) -> &Queue<H, F> {
        &self.queue
    }

    pub(super) fn bare_queue_mut(&mut self) -> &mut Queue<H, F> {
        &mut self.queue
    }
}

impl<H: Handle, W, F: Form<Length: Counts>> WakingQueue<H, W, F> {
    /// Returns the approximate number of items in the queue. See [`Queue::len`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }
}

impl<H: Handle, W: WakeTarget, F: Form> WakingQueue<H, W, F> {
    /// Appends an item whose handle has unique ownership, and wakes the consumer if it is
    /// parked.
    ///
    /// Progress and ordering as for [`Queue::push`], apart from the cost of waking.
    ///
    /// # Errors
    ///
    /// Returns the handle in [`Closed`] if the consumer has closed the queue.
    ///
    /// # Panics
    ///
    /// If [`Wake::wake`] or the waker of a task panics. If the queue is closed, as for
    /// [`Queue::push`].
    pub fn push(&self, handle: H) -> Result<(), Closed<H>>
    where
        H: UniqueHandle,
    {
        let taken = self.queue.push_unique_with(handle, || self.take_waker())?;
        self.wake(taken);
        Ok(())
    }

    /// Appends an item that other handles may reach, and wakes the consumer if it is parked.
    /// See [`Queue::try_push`].
    ///
    /// # Errors
    ///
    /// Returns the handle in [`TryPushError`] if the item is in a queue or [`Chain`], or if the
    /// consumer has closed the queue.
    ///
    /// # Panics
    ///
    /// If [`Wake::wake`] or the waker of a task panics. If the queue is closed, as for
    /// [`Queue::push`].
    pub fn try_push(&self, handle: H) -> Result<(), TryPushError<H>> {
        let taken = self.queue.try_push_with(handle, || self.take_waker())?;
        self.wake(taken);
        Ok(())
    }

    /// Appends the item of a handle that the caller keeps, and wakes the consumer if it is parked.
    /// See [`Queue::try_push_by_ref`].
    ///
    /// # Errors
    ///
    /// As for [`try_push`](Self::try_push), without a handle.
    ///
    /// # Panics
    ///
    /// As for [`try_push`](Self::try_push).
    pub fn try_push_by_ref(&self, handle: &H) -> Result<(), TryPushError<()>>
    where
        H: SharedHandle,
    {
        let on_parked = || self.take_waker();
        let taken = self.queue.try_push_by_ref_with(handle, on_parked)?;
        self.wake(taken);
        Ok(())
    }

    /// Appends all items of a chain with one read-modify-write, and wakes the consumer if it
    /// is parked. See [`Queue::push_chain`].
    ///
    /// # Errors
    ///
    /// Returns the whole chain in [`Closed`] if the consumer has closed the queue.
    ///
    /// # Panics
    ///
    /// If [`Wake::wake`] or the waker of a task panics. If the queue is closed, as for
    /// [`Queue::push`].
    pub fn push_chain(&self, chain: Chain<H>) -> Result<(), Closed<Chain<H>>> {
        let taken = self.queue.push_chain_with(chain, || self.take_waker())?;
        self.wake(taken);
        Ok(())
    }

    pub(crate) fn take_waker(&self) -> W::Taken {
        // SAFETY: called as `on_parked` only, hence once, by the push that replaced `PARKED`,
        // at the point at which the form does so.
        unsafe { self.waker.take(Handover::of::<F>(), INTERNAL) }
    }

    pub(crate) fn wake(&self, taken: Option<W::Taken>) {
        if let Some(taken) = taken {
            self.waker.wake_taken(taken, INTERNAL);
        }
    }
}

impl<H: Handle, W: fmt::Debug, F: Form> fmt::Debug for WakingQueue<H, W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakingQueue")
            .field("queue", &self.queue)
            .field("waker", &self.waker)
            .finish()
    }
}

impl<H: Handle, W, F: Form> AnyQueue for WakingQueue<H, W, F> {
    type Handle = H;
    type Form = F;
    type Waker = W;

    fn bare(&self, _: Internal) -> &Queue<H, F> {
        &self.queue
    }

    fn own_waker(&self, _: Internal) -> &W {
        &self.waker
    }
}
