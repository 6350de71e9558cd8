//! The consumer's side of a queue: one at a time.

use core::fmt;
use core::marker::PhantomData;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

use crate::drain::Drain;
use crate::handle::Handle;
use crate::length::Length;
use crate::queue::Queue;
use crate::raw::RawQueue;
use crate::seal::Seal;
use crate::stall::Backoff;

/// The answer of [`Consumer::pop`].
///
/// An `Option` could not tell the last two apart, and then a push that has
/// returned could be invisible to the pop that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the item, if there is one, is in here"]
pub enum Pop<H> {
    /// The oldest item.
    Item(H),
    /// The queue was empty at a moment during this call. Exact: no push that happened
    /// before the call is overlooked. It orders nothing: to tell others "I sleep" and
    /// then rely on an empty queue, [park](Consumer::park).
    Empty,
    /// The queue is not empty, but its oldest item cannot be reached: a push that
    /// overlapped this call had not finished when it was looked for. Nothing has
    /// changed; try again. With no push in flight this is impossible.
    Stalled,
}

impl<H> Pop<H> {
    /// The item, if there is one. Forgets which of the other answers it was.
    pub fn into_item(self) -> Option<H> {
        match self {
            Self::Item(handle) => Some(handle),
            Self::Empty | Self::Stalled => None,
        }
    }

    /// Whether the queue was empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether a push was in the way.
    #[must_use]
    pub const fn is_stalled(&self) -> bool {
        matches!(self, Self::Stalled)
    }
}

/// The error of taking the consumer's place while another consumer has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerTaken;

impl fmt::Display for ConsumerTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue has a consumer already")
    }
}

impl core::error::Error for ConsumerTaken {}

/// The one consumer of a [`Queue`], borrowed ([`Queue::consumer`]) or with a
/// share in its ownership (`Consumer::owned`).
///
/// That there is only one is checked when it is made; its methods take `&mut
/// self` and check nothing. Dropping it frees the place for another; leaking it
/// does not, until [`Queue::consumer_mut`].
///
/// It is `Send` if the handle is: the place can be handed to another thread.
pub struct Consumer<R: QueueRef> {
    queue: R,
}

impl<R: QueueRef> Consumer<R> {
    /// Takes the place, or fails if it is taken.
    pub(crate) fn claim(queue: R) -> Result<Self, ConsumerTaken> {
        if queue.queue(Seal::BROKEN).raw.claim() {
            Ok(Self { queue })
        } else {
            Err(ConsumerTaken)
        }
    }

    /// For a place that the caller has taken already.
    pub(crate) fn of_claimed(queue: R) -> Self {
        Self { queue }
    }

    pub(crate) fn queue_ref(&self) -> &R {
        &self.queue
    }

    pub(crate) fn bare_queue(&self) -> &Queue<R::Handle, R::Length> {
        self.queue.queue(Seal::BROKEN)
    }

    pub(crate) fn raw(&self) -> &RawQueue {
        &self.bare_queue().raw
    }

    /// Takes the oldest item out.
    ///
    /// Wait-free (where a compare-exchange is one instruction, see
    /// [`docs::limitations`](crate::docs::limitations)): at most one read-modify-write,
    /// for the last item. What the
    /// producer did before the push happens before this returns the item.
    #[inline]
    pub fn pop(&mut self) -> Pop<R::Handle> {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use.
        // Earlier consumers happened before, by `RawQueue::claim`.
        unsafe { self.bare_queue().pop() }
    }

    /// Takes the oldest item out, waiting while the queue is stalled; `None` if
    /// it is empty.
    ///
    /// **Blocking**: waits for the producer that stalls the queue, first
    /// spinning, then (with the feature `std`) yielding, then sleeping a
    /// millisecond at a time. Do not call it where that producer cannot run
    /// meanwhile: in an interrupt handler, or from a thread of a real-time
    /// priority above the producer's.
    pub fn pop_blocking(&mut self) -> Option<R::Handle> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Some(handle),
                Pop::Empty => return None,
                Pop::Stalled => backoff.wait(),
            }
        }
    }

    /// Takes out, one by one, at most `limit` of the items that are in the queue
    /// now.
    ///
    /// What is pushed after this call is left for the next, so that producers
    /// (the consumer among them) cannot keep it busy for ever. The iterator also
    /// ends at a stall: see [`Drain::is_stalled`].
    pub fn drain(&mut self, limit: usize) -> Drain<'_, R::Handle, R::Length> {
        // SAFETY: this consumer is the only one, and is borrowed for as long as
        // the iterator lives.
        unsafe { Drain::new(self.bare_queue(), limit) }
    }
}

impl<R: BareQueueRef> Consumer<R> {
    /// Announces that this thread is about to sleep, if the queue is empty.
    ///
    /// `None` says: do not sleep, something is in the queue (or stalls it).
    /// With `Some`, the next push will be told to [wake](crate::Wakeup::Needed)
    /// the consumer (unless it unparks first); sleep while holding the guard, however long, and drop it
    /// when awake for whatever reason.
    ///
    /// What was done before this call happens before that push is told; so this
    /// is the place to leave behind what it needs for waking.
    ///
    /// Wait-free: one read-modify-write, and another when the guard is dropped.
    /// If the guard is leaked, nothing is lost: pops work, parking again
    /// succeeds, and one push is told to wake a consumer that is awake.
    pub fn park(&mut self) -> Option<Parked<'_>> {
        Parked::new(self)
    }
}

#[cfg(feature = "alloc")]
impl<H: Handle, L: Length> Consumer<Arc<Queue<H, L>>> {
    /// Takes the consumer's place, with a share in the queue's ownership.
    ///
    /// # Errors
    ///
    /// [`ConsumerTaken`] as long as another consumer exists.
    pub fn owned(queue: Arc<Queue<H, L>>) -> Result<Self, ConsumerTaken> {
        Self::claim(queue)
    }

    /// The queue, to push to, or to share.
    #[must_use]
    pub fn queue(&self) -> &Arc<Queue<H, L>> {
        &self.queue
    }
}

impl<'a, H: Handle, L: Length> Consumer<&'a Queue<H, L>> {
    /// The queue, to push to.
    #[must_use]
    pub fn queue(&self) -> &'a Queue<H, L> {
        self.queue
    }
}

impl<R: QueueRef> Drop for Consumer<R> {
    fn drop(&mut self) {
        self.raw().release();
    }
}

impl<R: QueueRef> fmt::Debug for Consumer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("queue", self.bare_queue())
            .finish()
    }
}

/// While it exists, the queue knows the consumer as asleep. See
/// [`Consumer::park`].
#[must_use = "dropping it ends the parking"]
pub struct Parked<'a> {
    raw: &'a RawQueue,
    /// The consumer is borrowed mutably: its other methods must not overlap.
    consumer: PhantomData<&'a mut ()>,
}

impl<'a> Parked<'a> {
    pub(crate) fn new<R: QueueRef>(consumer: &'a mut Consumer<R>) -> Option<Self> {
        let raw = consumer.raw();
        // SAFETY: this consumer is the only one, and borrowed mutably.
        unsafe { raw.park() }.then(|| Self {
            raw,
            consumer: PhantomData,
        })
    }

    /// Ends the parking. `false` if a push came in between: then the queue is not
    /// empty, and that push wakes the consumer, now or later.
    pub fn unpark(self) -> bool {
        let parked = core::mem::ManuallyDrop::new(self);
        // SAFETY: as in `new`.
        unsafe { parked.raw.unpark() }
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        // SAFETY: as in `new`.
        unsafe { self.raw.unpark() };
    }
}

impl fmt::Debug for Parked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked").finish_non_exhaustive()
    }
}

/// What a [`Consumer`] holds its queue by: `&Queue` or `Arc<Queue>`, of the bare
/// or the waking kind. Sealed: it must be the same queue each time it is asked.
pub trait QueueRef: AsQueue {}

/// A [`QueueRef`] to a queue that does not wake by itself. Sealed.
pub trait BareQueueRef: QueueRef {}

/// Unreachable from outside, which seals [`QueueRef`].
///
/// # Safety
///
/// `queue` returns the same queue each time, which outlives `self`.
pub unsafe trait AsQueue {
    /// What travels in the queue.
    type Handle: Handle;
    /// Whether it counts.
    type Length: Length;

    /// The queue.
    fn queue(&self, _: Seal) -> &Queue<Self::Handle, Self::Length>;
}

// SAFETY: a shared reference always leads to the same queue.
unsafe impl<H: Handle, L: Length> AsQueue for &Queue<H, L> {
    type Handle = H;
    type Length = L;

    fn queue(&self, _: Seal) -> &Queue<H, L> {
        self
    }
}
impl<H: Handle, L: Length> QueueRef for &Queue<H, L> {}
impl<H: Handle, L: Length> BareQueueRef for &Queue<H, L> {}

// SAFETY: an `Arc` always leads to the same queue.
#[cfg(feature = "alloc")]
unsafe impl<H: Handle, L: Length> AsQueue for Arc<Queue<H, L>> {
    type Handle = H;
    type Length = L;

    fn queue(&self, _: Seal) -> &Queue<H, L> {
        self
    }
}
#[cfg(feature = "alloc")]
impl<H: Handle, L: Length> QueueRef for Arc<Queue<H, L>> {}
#[cfg(feature = "alloc")]
impl<H: Handle, L: Length> BareQueueRef for Arc<Queue<H, L>> {}
