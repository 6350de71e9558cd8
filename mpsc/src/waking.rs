//! A queue that owns its waker, and wakes its consumer by itself.

use core::fmt;
use core::marker::PhantomData;

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, sync::Arc};

use crate::chain::Chain;
use crate::consumer::{AsQueue, Consumer, ConsumerTaken, Parked, Pop, QueueRef};
use crate::drain::Drain;
use crate::handle::{Handle, UniqueHandle};
use crate::length::{Counted, Length, Uncounted};
use crate::queue::{AlreadyQueued, Queue};
use crate::seal::Seal;
use crate::signal::{Signal, Slot};
use crate::sync::const_fn_unless_loom;

/// Something that can be woken: an event loop's eventfd, a condition variable, a
/// hardware event. For use in a [`WakingQueue`].
///
/// Not `std::task::Wake`, which needs an `Arc`: here the queue owns what wakes,
/// and it is woken through a reference.
pub trait Wake {
    /// Wakes the consumer, or makes the sleep that it is about to begin end at
    /// once.
    ///
    /// Called by a push after its item is in place, at most once for each time that
    /// the consumer has [parked](Receiver::park), on the producer's thread. It may
    /// come late: after the consumer woke up for another reason, took the item
    /// and went to sleep again. So it must be harmless when it comes too often.
    ///
    /// If it unwinds, so does the push; the item is in the queue all the same.
    fn wake(&self);
}

impl<W: Wake + ?Sized> Wake for &W {
    fn wake(&self) {
        (**self).wake();
    }
}

#[cfg(feature = "alloc")]
impl<W: Wake + ?Sized> Wake for Box<W> {
    fn wake(&self) {
        (**self).wake();
    }
}

#[cfg(feature = "alloc")]
impl<W: Wake + ?Sized> Wake for Arc<W> {
    fn wake(&self) {
        (**self).wake();
    }
}

/// A [`Queue`] that owns its waker and wakes its consumer by itself.
///
/// This is what most people should use. `W` is who is woken:
///
/// | `W` | the consumer | made by | receives with |
/// |---|---|---|---|
#[cfg_attr(
    feature = "std",
    doc = "| [`ThreadWaker`](crate::ThreadWaker) | a thread that blocks | [`BlockingQueue::new`](crate::BlockingQueue) | [`recv`](Receiver::recv), [`recv_timeout`](Receiver::recv_timeout) |"
)]
/// | [`TaskWaker`](crate::TaskWaker) | an async task | [`AsyncQueue::new`](crate::AsyncQueue) | [`recv().await`](Receiver::recv), [`poll_recv`](Receiver::poll_recv) |
/// | your [`Wake`] | an event loop | [`WakingQueue::with_waker`] | [`park`](Receiver::park), then [`drain`](Receiver::drain) |
///
/// All that is said of [`Queue`] holds here, too. A wake-up costs the producers
/// nothing as long as the consumer is awake: the exchange that a push does anyway
/// tells it. There is at most one for each time that the consumer goes to sleep.
///
/// There is no notion of a closed queue: it does not know its producers. To stop
/// a consumer, push an item that says so.
pub struct WakingQueue<H: Handle, W, L: Length = Uncounted> {
    queue: Queue<H, L>,
    pub(crate) waker: W,
}

impl<H: Handle, W: Wake> WakingQueue<H, W> {
    const_fn_unless_loom! {
        /// An empty queue whose consumer is woken through `waker`.
        #[must_use]
        pub fn with_waker(waker: W) -> Self {
            Self { queue: Queue::new(), waker }
        }
    }
}

impl<H: Handle, W: Wake> WakingQueue<H, W, Counted> {
    const_fn_unless_loom! {
        /// An empty queue that counts its items, and whose consumer is woken
        /// through `waker`.
        #[must_use]
        pub fn counted_with_waker(waker: W) -> Self {
            Self { queue: Queue::counted(), waker }
        }
    }
}

impl<H: Handle, W, L: Length> WakingQueue<H, W, L> {
    const_fn_unless_loom! {
        pub(crate) fn from_parts(queue: Queue<H, L>, waker: W) -> Self {
            Self { queue, waker }
        }
    }

    /// The waker.
    #[must_use]
    pub fn waker(&self) -> &W {
        &self.waker
    }

    /// Whether the queue is empty at this moment. See [`Queue::is_empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

impl<H: Handle, W> WakingQueue<H, W, Counted> {
    /// How many items are in the queue, approximately. See [`Queue::len`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }
}

impl<H: Handle, W: Signal, L: Length> WakingQueue<H, W, L> {
    /// Appends an item whose handle has unique ownership, and wakes the consumer
    /// if it sleeps.
    ///
    /// Progress and ordering as for [`Queue::push`], apart from what waking
    /// takes.
    ///
    /// # Panics
    ///
    /// If [`Wake::wake`] does. The push is complete then.
    pub fn push(&self, handle: H)
    where
        H: UniqueHandle,
    {
        let signal = self.queue.push_unique(handle, || self.take_signal());
        self.wake(signal);
    }

    /// Appends an item that other handles may reach, unless it is in a queue
    /// already, and wakes the consumer if it sleeps. See [`Queue::try_push`].
    ///
    /// # Errors
    ///
    /// [`AlreadyQueued`] gives the handle back.
    ///
    /// # Panics
    ///
    /// If [`Wake::wake`] does. The push is complete then.
    pub fn try_push(&self, handle: H) -> Result<(), AlreadyQueued<H>> {
        let signal = self.queue.push_shared(handle, || self.take_signal())?;
        self.wake(signal);
        Ok(())
    }

    /// Appends all items of a chain with one read-modify-write, and wakes the
    /// consumer if it sleeps. See [`Queue::push_chain`].
    ///
    /// # Panics
    ///
    /// If [`Wake::wake`] does. The push is complete then.
    pub fn push_chain(&self, chain: Chain<H>) {
        let signal = self.queue.push_links(chain, || self.take_signal());
        self.wake(signal);
    }

    /// Takes the consumer's place, borrowing the queue.
    ///
    /// # Errors
    ///
    /// [`ConsumerTaken`] as long as another receiver exists.
    pub fn receiver(&self) -> Result<Receiver<&Self, W>, ConsumerTaken> {
        Receiver::claim(self)
    }

    /// Takes the consumer's place even if a receiver was leaked. See
    /// [`Queue::consumer_mut`].
    #[must_use]
    pub fn receiver_mut(&mut self) -> Receiver<&Self, W> {
        drop(self.queue.consumer_mut()); // frees the place
        match self.receiver() {
            Ok(receiver) => receiver,
            Err(ConsumerTaken) => unreachable!("`&mut self`: nobody else can take the place"),
        }
    }

    fn take_signal(&self) -> W::Ticket {
        // SAFETY: only called as `on_parked`, hence by the push whose exchange
        // replaced `PARKED`, before the consumer can see the push.
        unsafe { self.waker.take(Seal::BROKEN) }
    }

    fn wake(&self, ticket: Option<W::Ticket>) {
        if let Some(ticket) = ticket {
            self.waker.signal(ticket, Seal::BROKEN);
        }
    }
}

impl<H: Handle, W: fmt::Debug, L: Length> fmt::Debug for WakingQueue<H, W, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakingQueue")
            .field("queue", &self.queue)
            .field("waker", &self.waker)
            .finish()
    }
}

/// The one consumer of a [`WakingQueue`], borrowed ([`WakingQueue::receiver`])
/// or with a share in its ownership (`Receiver::owned`).
///
/// Its rules are those of [`Consumer`]. Which methods it has depends on `W`, who
/// is woken.
pub struct Receiver<R: WakingQueueRef<W>, W: Signal> {
    consumer: Consumer<R>,
    /// `W` occurs in the bound only.
    waker: PhantomData<fn() -> W>,
}

impl<R: WakingQueueRef<W>, W: Signal> Receiver<R, W> {
    fn claim(queue: R) -> Result<Self, ConsumerTaken> {
        Ok(Self {
            consumer: Consumer::claim(queue)?,
            waker: PhantomData,
        })
    }

    /// Takes the oldest item out. See [`Consumer::pop`].
    #[inline]
    pub fn pop(&mut self) -> Pop<R::Handle> {
        self.consumer.pop()
    }

    /// Takes the oldest item out, waiting while the queue is stalled.
    /// **Blocking**: see [`Consumer::pop_blocking`].
    pub fn pop_blocking(&mut self) -> Option<R::Handle> {
        self.consumer.pop_blocking()
    }

    /// Takes out at most `limit` of the items that are in the queue now. See
    /// [`Consumer::drain`].
    pub fn drain(&mut self, limit: usize) -> Drain<'_, R::Handle, R::Length> {
        self.consumer.drain(limit)
    }

    /// Parks with `waker` left behind for the push that ends it. `false`: do not
    /// sleep, something is in the queue.
    ///
    /// `suits` tells whether the one left behind at an earlier time, and not used
    /// since, will do. The slot is filled only while the queue is parked.
    #[inline]
    pub(crate) fn park_with<T>(
        &mut self,
        slot: impl FnOnce(&W) -> &Slot<T>,
        suits: impl FnOnce(&T) -> bool,
        waker: impl FnOnce() -> T,
    ) -> bool {
        let raw = self.consumer.raw();
        // SAFETY: this consumer is the only one, and borrowed mutably.
        if !unsafe { raw.unpark() } {
            return false;
        }
        // `back` was null just now. So the slot is the consumer's: if an earlier
        // mark was replaced by a push, that push took its ticket before it linked
        // its item, and the item has been popped.
        let slot = slot(self.waker());
        // SAFETY: as said. A push that takes from the slot does so only after the
        // `park` below has succeeded.
        unsafe { slot.fill(suits, waker) };
        // SAFETY: as above.
        let parked = unsafe { raw.park() };
        if !parked {
            // SAFETY: without a mark to replace, no push takes from the slot: it is
            // still the consumer's.
            unsafe { slot.clear() };
        }
        parked
    }

    /// Ends the parking, and takes the waker back. `false` if a push came in between:
    /// that push has it.
    pub(crate) fn unpark(&mut self) -> bool {
        // SAFETY: this consumer is the only one, and borrowed mutably.
        let unparked = unsafe { self.consumer.raw().unpark() };
        if unparked {
            // SAFETY: `back` was null just now, so the slot is the consumer's: see
            // `park_with`.
            unsafe { self.waker().clear(Seal::BROKEN) };
        }
        unparked
    }

    fn waker(&self) -> &W {
        &self.consumer.queue_ref().waking(Seal::BROKEN).waker
    }

    #[cfg(feature = "std")]
    pub(crate) fn is_parked(&self) -> bool {
        self.consumer.raw().is_parked()
    }
}

impl<R: WakingQueueRef<W>, W: Wake> Receiver<R, W> {
    /// Announces that this thread is about to sleep, if the queue is empty. See
    /// [`Consumer::park`]; the difference is that the push which ends the sleep
    /// calls [`Wake::wake`] itself.
    pub fn park(&mut self) -> Option<Parked<'_>> {
        Parked::new(&mut self.consumer)
    }
}

#[cfg(feature = "alloc")]
impl<H: Handle, W: Signal, L: Length> Receiver<Arc<WakingQueue<H, W, L>>, W> {
    /// Takes the consumer's place, with a share in the queue's ownership.
    ///
    /// # Errors
    ///
    /// [`ConsumerTaken`] as long as another receiver exists.
    pub fn owned(queue: Arc<WakingQueue<H, W, L>>) -> Result<Self, ConsumerTaken> {
        Self::claim(queue)
    }

    /// The queue, to push to, or to share.
    #[must_use]
    pub fn queue(&self) -> &Arc<WakingQueue<H, W, L>> {
        self.consumer.queue_ref()
    }
}

impl<'a, H: Handle, W: Signal, L: Length> Receiver<&'a WakingQueue<H, W, L>, W> {
    /// The queue, to push to.
    #[must_use]
    pub fn queue(&self) -> &'a WakingQueue<H, W, L> {
        self.consumer.queue_ref()
    }
}

/// A consumer that leaves takes its waker along, unless a push has taken it.
impl<R: WakingQueueRef<W>, W: Signal> Drop for Receiver<R, W> {
    fn drop(&mut self) {
        self.unpark();
    }
}

impl<R: WakingQueueRef<W>, W: Signal> fmt::Debug for Receiver<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("queue", self.consumer.bare_queue())
            .finish_non_exhaustive()
    }
}

/// What a [`Receiver`] holds its queue by: `&WakingQueue` or `Arc<WakingQueue>`.
/// Sealed.
pub trait WakingQueueRef<W: Signal>: QueueRef + AsWakingQueue<W> {}

/// Unreachable from outside, which seals [`WakingQueueRef`].
pub trait AsWakingQueue<W>: AsQueue {
    /// The queue that wakes: the same each time.
    fn waking(&self, _: Seal) -> &WakingQueue<Self::Handle, W, Self::Length>;
}

// SAFETY: a shared reference always leads to the same queue.
unsafe impl<H: Handle, W, L: Length> AsQueue for &WakingQueue<H, W, L> {
    type Handle = H;
    type Length = L;

    fn queue(&self, _: Seal) -> &Queue<H, L> {
        &self.queue
    }
}
impl<H: Handle, W, L: Length> QueueRef for &WakingQueue<H, W, L> {}
impl<H: Handle, W, L: Length> AsWakingQueue<W> for &WakingQueue<H, W, L> {
    fn waking(&self, _: Seal) -> &WakingQueue<H, W, L> {
        self
    }
}
impl<H: Handle, W: Signal, L: Length> WakingQueueRef<W> for &WakingQueue<H, W, L> {}

// SAFETY: an `Arc` always leads to the same queue.
#[cfg(feature = "alloc")]
unsafe impl<H: Handle, W, L: Length> AsQueue for Arc<WakingQueue<H, W, L>> {
    type Handle = H;
    type Length = L;

    fn queue(&self, _: Seal) -> &Queue<H, L> {
        &self.queue
    }
}
#[cfg(feature = "alloc")]
impl<H: Handle, W, L: Length> QueueRef for Arc<WakingQueue<H, W, L>> {}
#[cfg(feature = "alloc")]
impl<H: Handle, W, L: Length> AsWakingQueue<W> for Arc<WakingQueue<H, W, L>> {
    fn waking(&self, _: Seal) -> &WakingQueue<H, W, L> {
        self
    }
}
#[cfg(feature = "alloc")]
impl<H: Handle, W: Signal, L: Length> WakingQueueRef<W> for Arc<WakingQueue<H, W, L>> {}
