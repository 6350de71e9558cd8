//! The consumer's side of a queue that wakes.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr;
use core::task::{Context, Poll};

#[cfg(feature = "std")]
use core::time::Duration;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

use super::budget::Budget;
use super::polled::NoWaker;
use super::queue::WakingQueue;
use super::slot::{Handover, WakerSlot};
use super::wake::{Wake, WakeTarget};
use crate::backoff::Backoff;
use crate::consumer::{Consumer, Parked, Pop};
use crate::drain::Drain;
use crate::error::{Closed, ConsumerTaken, TryPushError, TryRecvError};
use crate::form::{Batched, Form};
use crate::item::{Handle, UniqueHandle};
#[cfg(feature = "alloc")]
use crate::queue::Queue;
use crate::queue_ref::{AnyQueue, QueueRef};
use crate::sealed::INTERNAL;
#[cfg(feature = "std")]
use crate::wait::{Waiter, now};

/// The one consumer of a [`WakingQueue`], which borrows the queue
/// ([`WakingQueue::receiver`]) or shares its ownership (`Receiver::owned`).
///
/// Its rules are those of [`Consumer`]. The waker `W` of the queue determines which methods
/// it has.
pub struct Receiver<R: QueueRef<Waker = W>, W: WakeTarget = <R as QueueRef>::Waker> {
    consumer: Consumer<R>,
    /// How a blocking receive waits.
    #[cfg(feature = "std")]
    waiter: Waiter,
    budget: Budget,
    /// `W` occurs in the bounds only.
    waker: PhantomData<fn() -> W>,
}

impl<H: Handle, W: WakeTarget, F: Form> WakingQueue<H, W, F> {
    /// Returns the receiver, which borrows the queue.
    ///
    /// # Errors
    ///
    /// Returns [`ConsumerTaken`] if another receiver exists.
    pub fn receiver(&self) -> Result<Receiver<&Self>, ConsumerTaken> {
        Receiver::acquire(self)
    }

    /// Returns the receiver, even if an earlier one was leaked. See
    /// [`Queue::consumer_mut`](crate::Queue::consumer_mut).
    #[must_use]
    pub fn receiver_mut(&mut self) -> Receiver<&Self> {
        drop(self.bare_queue_mut().consumer_mut()); // frees the consumer's place
        match self.receiver() {
            Ok(receiver) => receiver,
            Err(ConsumerTaken) => unreachable!("the place is free and the queue is not shared"),
        }
    }
}

#[cfg(feature = "alloc")]
impl<H: Handle, W: WakeTarget, F: Form> WakingQueue<H, W, F> {
    /// Moves the queue into an `Arc`, and returns it with the receiver, which owns a share.
    #[must_use]
    pub fn share(mut self) -> (Arc<Self>, Receiver<Arc<Self>>) {
        drop(self.bare_queue_mut().consumer_mut()); // frees the consumer's place
        let queue = Arc::new(self);
        match Receiver::acquire(Arc::clone(&queue)) {
            Ok(receiver) => (queue, receiver),
            Err(ConsumerTaken) => unreachable!("the place is free and the queue is not shared"),
        }
    }
}

impl<R: QueueRef<Waker = W>, W: WakeTarget> Receiver<R, W> {
    pub(crate) fn acquire(queue: R) -> Result<Self, ConsumerTaken> {
        Ok(Self {
            consumer: Consumer::acquire(queue)?,
            #[cfg(feature = "std")]
            waiter: Waiter::default(),
            budget: Budget::new(),
            waker: PhantomData,
        })
    }

    /// Returns the receiver, which holds the queue by `queue`: an `Arc` or `Rc` of it, or
    /// [`Projected`](crate::Projected) if it is a field.
    ///
    /// # Errors
    ///
    /// Returns [`ConsumerTaken`] if another receiver exists.
    pub fn owned(queue: R) -> Result<Self, ConsumerTaken> {
        Self::acquire(queue)
    }

    /// Returns what holds the queue, to push to or to share.
    #[must_use]
    pub fn queue(&self) -> &R {
        self.consumer.queue_ref()
    }

    /// Removes and returns the oldest item. See [`Consumer::pop`].
    #[inline]
    pub fn pop(&mut self) -> Pop<R::Handle, <R::Form as Form>::Stall> {
        self.consumer.pop()
    }

    /// Removes and returns the oldest item; returns [`Pop::Empty`] only after a sequentially
    /// consistent fence. See [`Consumer::pop_fenced`].
    pub fn pop_fenced(&mut self) -> Pop<R::Handle, <R::Form as Form>::Stall> {
        self.consumer.pop_fenced()
    }

    /// Removes and returns the oldest item, waiting while the queue is stalled.
    /// **Blocking**: see [`Consumer::pop_blocking`].
    pub fn pop_blocking(&mut self) -> Option<R::Handle> {
        self.consumer.pop_blocking()
    }

    /// Returns an iterator that removes at most `limit` of the items that are in the queue
    /// now. See [`Consumer::drain`].
    pub fn drain(&mut self, limit: usize) -> Drain<'_, R::Handle, R::Form> {
        self.consumer.drain(limit)
    }

    /// Closes the queue for good, and unparks its consumer. See [`Consumer::close`].
    pub fn close(&mut self) {
        // SAFETY: this consumer is the only one, mutably borrowed, and earlier ones happened before.
        let unparked = unsafe { self.consumer.raw().unpark() };
        // SAFETY: as above.
        unsafe { self.consumer.bare_queue().close() };
        self.clear_waker(unparked); // last, because a waker may panic when it is dropped
    }

    /// Removes and returns the oldest item, if there is one. Waits while the queue is stalled, as
    /// [`Consumer::pop_blocking`] does.
    ///
    /// # Errors
    ///
    /// Returns [`TryRecvError::Empty`] if the queue is empty, and [`TryRecvError::Disconnected`] if
    /// this receiver has [closed](Self::close) it and has removed everything that was pushed before.
    pub fn try_recv(&mut self) -> Result<R::Handle, TryRecvError> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Ok(handle),
                Pop::Empty => return Err(TryRecvError::Empty),
                Pop::Closed => return Err(TryRecvError::Disconnected),
                Pop::Stalled(_) => backoff.snooze(),
            }
        }
    }

    /// Parks the consumer with `waker()` stored for the push that ends the park. Returns
    /// `false` if the queue is closed or not empty; the consumer must not sleep then.
    ///
    /// If `is_current` returns `true` for a waker that an earlier park stored and no push
    /// took, that waker may stay.
    #[inline]
    pub(crate) fn park_with<T>(
        &mut self,
        slot: impl FnOnce(&W) -> &WakerSlot<T>,
        is_current: impl FnOnce(&T) -> bool,
        waker: impl FnOnce() -> T,
    ) -> bool {
        let raw = self.consumer.raw();
        // SAFETY: this consumer is the only one, mutably borrowed, and earlier ones happened before.
        if !unsafe { raw.unpark() } {
            return false;
        }
        // The queue is not parked, and holds at most what this consumer has pushed quietly: a push
        // that replaced an earlier mark took the waker before it stored its link, if it has a gap,
        // and its item has been popped.
        let slot = slot(self.waker());
        // SAFETY: as said. A push of another mark takes from the slot only after the `park`
        // below has succeeded.
        if !unsafe { slot.fill(Self::HANDOVER, is_current, waker) } {
            return true; // a push is about to wake the consumer
        }
        // SAFETY: this consumer is the only one, mutably borrowed, and earlier ones happened before.
        let parked = unsafe { raw.park() };
        if !parked {
            // SAFETY: there is no mark to replace, so no push takes from the slot (but late
            // ones). The same held when the slot was filled.
            unsafe { slot.clear(Self::HANDOVER) };
        }
        parked
    }

    /// Unparks the consumer and clears the stored waker. Returns `false` if a push came
    /// first, which wakes the consumer, or if the queue is closed.
    pub(crate) fn leave_park(&mut self) -> bool {
        // SAFETY: this consumer is the only one, mutably borrowed, and earlier ones happened before.
        let unparked = unsafe { self.consumer.raw().unpark() };
        self.clear_waker(unparked);
        unparked
    }

    /// Drops the stored waker, if `unparked`: if no push has replaced the mark.
    fn clear_waker(&self, unparked: bool) {
        if unparked {
            // SAFETY: no push has replaced a mark without its item having been popped, and this is
            // the consumer.
            unsafe { self.waker().clear(Self::HANDOVER, INTERNAL) };
        }
    }

    /// Returns `Pending`, and wakes the task, if it has received many items without waiting and
    /// there are more.
    pub(super) fn poll_budget(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let queue = self.consumer.bare_queue();
        self.budget.poll(cx, || queue.is_empty())
    }

    pub(super) fn budget_mut(&mut self) -> &mut Budget {
        &mut self.budget
    }

    #[cfg(feature = "std")]
    pub(crate) fn waiter_mut(&mut self) -> &mut Waiter {
        &mut self.waiter
    }

    /// Spins until the queue is not empty, for at most `left`, as far as the strategy permits.
    #[cfg(feature = "std")]
    pub(super) fn spin(&mut self, left: Duration) -> bool {
        let queue = self.consumer.bare_queue();
        self.waiter.spin_for(left, now, || !queue.is_empty())
    }

    const HANDOVER: Handover = Handover::of::<R::Form>();

    pub(crate) fn consumer(&self) -> &Consumer<R> {
        &self.consumer
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn bare_queue(&self) -> &Queue<R::Handle, R::Form> {
        self.consumer.bare_queue()
    }

    fn waker(&self) -> &W {
        self.consumer.queue_ref().get(INTERNAL).own_waker(INTERNAL)
    }
}

impl<R: QueueRef<Waker = NoWaker>> Receiver<R, NoWaker> {
    /// Returns the consumer, which is never parked.
    pub(crate) fn into_consumer(self) -> Consumer<R> {
        let this = ManuallyDrop::new(self);
        // SAFETY: the receiver is not dropped, and has no other field that needs it.
        unsafe { ptr::read(&raw const this.consumer) }
    }
}

impl<R: QueueRef<Waker = W, Form: Batched>, W: WakeTarget> Receiver<R, W> {
    /// Appends an item whose handle has unique ownership, and wakes no thread or task. See
    /// [`Consumer::push_quiet`].
    ///
    /// # Errors
    ///
    /// Returns the handle in [`Closed`] if the queue is closed.
    pub fn push_quiet(&mut self, handle: R::Handle) -> Result<(), Closed<R::Handle>>
    where
        R::Handle: UniqueHandle,
    {
        self.consumer.push_quiet(handle)
    }

    /// Appends an item that other handles may reach, and wakes no thread or task. See
    /// [`Consumer::push_quiet`].
    ///
    /// # Errors
    ///
    /// As for [`Queue::try_push`](crate::Queue::try_push).
    pub fn try_push_quiet(&mut self, handle: R::Handle) -> Result<(), TryPushError<R::Handle>> {
        self.consumer.try_push_quiet(handle)
    }
}

impl<R: QueueRef<Waker = W>, W: Wake> Receiver<R, W> {
    /// Announces that this thread is about to sleep. See [`Consumer::park`]; the difference
    /// is that the push that ends the park calls [`Wake::wake`] itself.
    pub fn park(&mut self) -> Option<Parked<'_>> {
        Parked::new(&mut self.consumer)
    }
}

/// Unparks the consumer and clears the stored waker, unless a push has already taken it.
impl<R: QueueRef<Waker = W>, W: WakeTarget> Drop for Receiver<R, W> {
    fn drop(&mut self) {
        self.leave_park();
    }
}

impl<R: QueueRef<Waker = W>, W: WakeTarget> fmt::Debug for Receiver<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("queue", self.consumer.bare_queue())
            .finish_non_exhaustive()
    }
}
