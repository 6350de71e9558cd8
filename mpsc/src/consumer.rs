//! The consumer's side of a queue.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

use crate::backoff::Backoff;
use crate::drain::Drain;
use crate::error::{Closed, ConsumerTaken, TryPushError};
use crate::form::{Back, Batched, Form, Mark, RawPop, RawQueue, Stall};
use crate::item::{Handle, UniqueHandle, link_to_handle};
use crate::queue::Queue;
use crate::queue_ref::{AnyQueue, QueueRef};
use crate::sealed::INTERNAL;
use crate::sync::{Ordering, fence};

/// The result of [`Consumer::pop`].
///
/// Unlike an `Option`, `Pop` distinguishes an empty queue from a stalled one. Merging the
/// two would let `pop` report an empty queue after a push has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it may hold an item"]
pub enum Pop<H, S = Stall> {
    /// The oldest item.
    Item(H),
    /// The queue is empty: no item whose push happens before the call is in it. See
    /// [`Consumer::pop_fenced`] for what this does *not* say about several queues.
    Empty,
    /// The queue is not empty, but its oldest item cannot be reached yet, because a push
    /// that does not happen before the call is in its [gap]. The queue has not changed; try
    /// again. If every push happens before the call, `pop` does not return this.
    ///
    /// In a [`GapFree`](crate::GapFree) queue, `S` is uninhabited. A `match` then needs no arm
    /// for this variant.
    ///
    /// [gap]: crate::docs::limitations#a-stopped-producer-stalls-the-queue
    Stalled(S),
    /// Nothing will come any more: the consumer has [closed](Consumer::close) the queue and
    /// removed everything that was pushed before, or the queue is that of a
    /// channel whose senders are gone.
    Closed,
}

impl<H, S> Pop<H, S> {
    /// Returns the item, if there is one.
    pub fn into_item(self) -> Option<H> {
        match self {
            Self::Item(handle) => Some(handle),
            Self::Empty | Self::Stalled(_) | Self::Closed => None,
        }
    }

    /// Returns `true` if the queue was empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Returns `true` if the queue was stalled.
    #[must_use]
    pub const fn is_stalled(&self) -> bool {
        matches!(self, Self::Stalled(_))
    }

    /// Returns `true` if the queue was closed, and nothing is left in it.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

/// The one consumer of a [`Queue`], which borrows the queue ([`Queue::consumer`]) or shares
/// its ownership (`Queue::share`, [`Consumer::owned`]).
///
/// The constructor checks that there is only one; the methods take `&mut self` and check
/// nothing. Dropping the consumer frees its place for another. Leaking the consumer does
/// not, until [`Queue::consumer_mut`].
///
/// A consumer is `Send` if the handle is, so it can move to another thread.
pub struct Consumer<R: QueueRef> {
    queue: R,
}

impl<H: Handle, F: Form> Queue<H, F> {
    /// Returns the consumer, which borrows the queue.
    ///
    /// Everything that an earlier consumer did happens before this call returns.
    /// [`Consumer::owned`] shares ownership of the queue instead.
    ///
    /// # Errors
    ///
    /// Returns [`ConsumerTaken`] if another consumer exists.
    pub fn consumer(&self) -> Result<Consumer<&Self>, ConsumerTaken> {
        Consumer::acquire(self)
    }

    /// Returns the consumer, even if an earlier one was leaked ([`core::mem::forget`]).
    ///
    /// `&mut self` proves that no other consumer can be used any more.
    #[must_use]
    pub fn consumer_mut(&mut self) -> Consumer<&Self> {
        self.raw_mut().acquire_consumer_mut();
        Consumer { queue: self }
    }
}

impl<R: QueueRef<Form: Batched>> Consumer<R> {
    /// Appends an item whose handle has unique ownership. Wakes no thread or task, since it is for
    /// the consumer's own.
    ///
    /// If the consumer is parked (because its task runs for another reason, for example), it stays
    /// parked, and the next push of a producer still reports it. So pop before sleeping;
    /// [`park`](Self::park) returns `None`. The item comes after those of all pushes that happen
    /// before this call.
    ///
    /// No read-modify-write while the producers' end of the queue is empty; otherwise as a push.
    ///
    /// # Errors
    ///
    /// Returns the handle in [`Closed`] if the queue is closed, as a push does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{GapFree, Link, Pop, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// # fn job() -> Box<Job> { Box::new(Job { link: Link::new() }) }
    /// let queue = Queue::with_form(GapFree);
    /// let mut jobs = queue.consumer().unwrap();
    /// std::mem::forget(jobs.park()); // parked until a push
    ///
    /// assert!(jobs.push_quiet(job()).is_ok());
    /// assert!(queue.push(job()).unwrap().is_needed(), "still parked");
    /// assert_eq!(jobs.drain(9).count(), 2);
    /// ```
    pub fn push_quiet(&mut self, handle: R::Handle) -> Result<(), Closed<R::Handle>>
    where
        R::Handle: UniqueHandle,
    {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use.
        unsafe { self.bare_queue().push_quiet(handle) }
    }

    /// Appends an item that other handles may reach, and wakes no thread or task. See
    /// [`push_quiet`](Self::push_quiet) and [`Queue::try_push`].
    ///
    /// # Errors
    ///
    /// As for [`Queue::try_push`].
    pub fn try_push_quiet(&mut self, handle: R::Handle) -> Result<(), TryPushError<R::Handle>> {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use.
        unsafe { self.bare_queue().try_push_quiet(handle) }
    }
}

#[cfg(feature = "alloc")]
impl<H: Handle, F: Form> Queue<H, F> {
    /// Moves the queue into an `Arc`, and returns it with the consumer, which owns a share.
    #[must_use]
    pub fn share(mut self) -> (Arc<Self>, Consumer<Arc<Self>>) {
        self.raw_mut().acquire_consumer_mut();
        let queue = Arc::new(self);
        let consumer = Consumer {
            queue: Arc::clone(&queue),
        };
        (queue, consumer)
    }
}

impl<R: QueueRef> Consumer<R> {
    pub(crate) fn acquire(queue: R) -> Result<Self, ConsumerTaken> {
        if queue.get(INTERNAL).bare(INTERNAL).raw().acquire_consumer() {
            Ok(Self { queue })
        } else {
            Err(ConsumerTaken)
        }
    }

    pub(crate) fn queue_ref(&self) -> &R {
        &self.queue
    }

    pub(crate) fn bare_queue(&self) -> &Queue<R::Handle, R::Form> {
        self.queue.get(INTERNAL).bare(INTERNAL)
    }

    pub(crate) fn raw(&self) -> &RawQueue<<R::Form as Form>::Raw> {
        self.bare_queue().raw()
    }

    /// Removes and returns the oldest item.
    ///
    /// [`docs::performance`](crate::docs::performance#counts) has the number of read-modify-writes.
    /// Everything that the producer did before the push happens before this call returns the item.
    #[inline]
    pub fn pop(&mut self) -> Pop<R::Handle, <R::Form as Form>::Stall> {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use. Earlier
        // consumers happened before, by `RawQueue::acquire_consumer`.
        match unsafe { self.bare_queue().pop() } {
            // SAFETY: all links in the queue come from handles of this type, and this one
            // has just left.
            RawPop::Item(link) => Pop::Item(unsafe { link_to_handle(link) }),
            RawPop::Empty => Pop::Empty,
            RawPop::Stalled(stall) => Pop::Stalled(stall),
            RawPop::Closed => Pop::Closed,
        }
    }

    /// Removes and returns the oldest item; returns [`Pop::Empty`] only after a
    /// sequentially consistent fence and a second look.
    ///
    /// [`pop`](Self::pop) orders nothing when it returns `Empty`. Suppose that the consumer
    /// stores a flag and then pops, and that a producer pushes, executes a `SeqCst`
    /// [`fence`](core::sync::atomic::fence) and loads the flag. With `pop`, the consumer may
    /// get `Empty` *and* the producer miss the flag (store buffering). If this method returns
    /// `Empty`, the producer sees the flag, unless an earlier pop has taken its item. So two
    /// threads, each of which pushes to the other's empty queue and then pops its own with
    /// this method, do not both get `Empty`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{Consumer, Link, Pop, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// /// Two threads each call this once, with empty queues exchanged. At most one gets `Empty`.
    /// fn offer_and_look(
    ///     theirs: &Queue<Box<Job>>,
    ///     mine: &mut Consumer<&Queue<Box<Job>>>,
    ///     job: Box<Job>,
    /// ) -> Pop<Box<Job>> {
    ///     let wakeup = theirs.push(job).expect("these consumers do not close their queues");
    ///     assert!(!wakeup.is_needed(), "these consumers do not park");
    ///     mine.pop_fenced()
    /// }
    /// ```
    pub fn pop_fenced(&mut self) -> Pop<R::Handle, <R::Form as Form>::Stall> {
        match self.pop() {
            Pop::Empty => {
                // Pairs with a fence in the producer's thread, between its push and its load:
                // this one, or the user's. Of the two fences, the one that comes second in
                // the single total order is followed by a load that sees what the other
                // thread wrote.
                fence(Ordering::SeqCst);
                self.pop()
            }
            pop => pop,
        }
    }

    /// Removes and returns the oldest item, waiting while the queue is stalled. Returns
    /// `None` if the queue is empty or closed.
    ///
    /// **Blocking**, unless the queue is [`GapFree`](crate::GapFree): waits for the producer in its
    /// gap. Spins first, then (with the feature `std`) yields, then sleeps for a millisecond at a
    /// time. Do not call this method where that producer cannot run meanwhile, as in an interrupt
    /// handler or on a thread of a higher real-time priority.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{Link, Queue, linked};
    /// # struct Job { link: Link, number: u32 }
    /// # linked!(Job => link: Link);
    /// fn sum_up(queue: &Queue<Box<Job>>) -> u32 {
    ///     let mut consumer = queue.consumer().unwrap();
    ///     std::iter::from_fn(|| consumer.pop_blocking()).map(|job| job.number).sum()
    /// }
    /// ```
    pub fn pop_blocking(&mut self) -> Option<R::Handle> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Some(handle),
                Pop::Empty | Pop::Closed => return None,
                Pop::Stalled(_) => backoff.snooze(),
            }
        }
    }

    /// Returns an iterator that removes at most `limit` of the items that are in the queue
    /// now.
    ///
    /// Items that are pushed after this call stay in the queue, so that producers cannot
    /// keep the consumer busy for ever. The iterator also ends at a stall; see
    /// [`Drain::is_stalled`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{Consumer, Link, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// # fn run(job: Box<Job>) {}
    /// /// Runs at most 64 jobs. Returns `true` if the event loop may park, unless the queue is
    /// /// closed.
    /// fn run_some(jobs: &mut Consumer<&Queue<Box<Job>>>) -> bool {
    ///     let mut drain = jobs.drain(64);
    ///     for job in &mut drain {
    ///         run(job);
    ///     }
    ///     if drain.is_stalled() {
    ///         return false; // come back soon
    ///     }
    ///     jobs.queue().is_empty() // not empty if the limit was reached
    /// }
    /// ```
    pub fn drain(&mut self, limit: usize) -> Drain<'_, R::Handle, R::Form> {
        // SAFETY: this consumer is the only one, and it is mutably borrowed for as long as
        // the iterator lives.
        unsafe { Drain::new(self.bare_queue(), limit) }
    }
}

impl<R: QueueRef<Waker = ()>> Consumer<R> {
    /// Returns the consumer, which holds the queue by `queue`: an `Arc` or `Rc` of it, or
    /// [`Projected`](crate::Projected) if it is a field.
    ///
    /// # Errors
    ///
    /// Returns [`ConsumerTaken`] if another consumer exists.
    pub fn owned(queue: R) -> Result<Self, ConsumerTaken> {
        Self::acquire(queue)
    }

    /// Returns what holds the queue, to push to or to share.
    #[must_use]
    pub fn queue(&self) -> &R {
        &self.queue
    }

    /// Closes the queue for good.
    ///
    /// Every push that happens before this call is delivered: pop until [`Pop::Closed`].
    /// Closing again has no effect.
    ///
    /// A later push is refused: it returns its item in [`Closed`](crate::Closed), and everything
    /// that the consumer did before this call happens before that return. There is one
    /// exception, unless the queue is [`GapFree`](crate::GapFree): a push that overlaps the
    /// refusal of another push may return `Ok` although its item is never delivered. That other
    /// push drops the item, exactly once.
    ///
    /// One read-modify-write, however busy the producers are. Wait-free where the exchange is.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{Closed, Consumer, Link, Pop, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// let queue = Queue::new();
    /// let mut jobs = queue.consumer().unwrap();
    /// assert!(queue.push(Box::new(Job { link: Link::new() })).is_ok());
    ///
    /// jobs.close();
    /// assert!(matches!(queue.push(Box::new(Job { link: Link::new() })), Err(Closed(_job))));
    /// assert!(matches!(jobs.pop(), Pop::Item(_)));
    /// assert!(matches!(jobs.pop(), Pop::Closed));
    /// ```
    pub fn close(&mut self) {
        // SAFETY: this consumer is the only one, and `&mut self` is its only use.
        unsafe { self.bare_queue().close() };
    }

    /// Announces that this thread is about to sleep.
    ///
    /// Returns `None` if the queue is closed or not empty, even if it is stalled; the consumer
    /// must not sleep. Otherwise the next push returns [`Wakeup::Needed`](crate::Wakeup::Needed),
    /// and no other push does until the consumer parks again. Everything that the consumer
    /// did before this call happens before that push returns. Hold the guard while sleeping
    /// and drop it after every wake-up, including a spurious one.
    ///
    /// One read-modify-write, and another one when the guard is dropped. If the guard is
    /// leaked, pops work, the consumer can park again, and a later push may return `Needed`
    /// although the consumer is awake.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{Consumer, Link, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// /// Sleeps until the next push, whose producer calls `unpark`, or until a spurious
    /// /// wake-up. The caller then pops.
    /// fn wait(jobs: &mut Consumer<&Queue<Box<Job>>>) {
    ///     if let Some(parked) = jobs.park() {
    ///         std::thread::park();
    ///         drop(parked);
    ///     }
    /// }
    /// ```
    pub fn park(&mut self) -> Option<Parked<'_>> {
        Parked::new(self)
    }
}

impl<R: QueueRef> Drop for Consumer<R> {
    fn drop(&mut self) {
        self.bare_queue().raw().release_consumer();
    }
}

impl<R: QueueRef> fmt::Debug for Consumer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("queue", self.bare_queue())
            .finish()
    }
}

/// A guard that marks the consumer as parked while it exists. See [`Consumer::park`].
#[must_use = "dropping the guard unparks the consumer"]
pub struct Parked<'a> {
    back: &'a Back,
    /// The consumer is mutably borrowed, so that its other methods do not overlap. A raw
    /// pointer, so that the guard stays on its thread.
    consumer: PhantomData<(&'a mut (), *const ())>,
}

impl<'a> Parked<'a> {
    pub(crate) fn new<R: QueueRef>(consumer: &'a mut Consumer<R>) -> Option<Self> {
        let raw = consumer.raw();
        // SAFETY: this consumer is the only one, mutably borrowed, and earlier ones happened
        // before.
        unsafe { raw.park() }.then(|| Self {
            back: raw.back(),
            consumer: PhantomData,
        })
    }

    /// Unparks the consumer. Returns `false` if a push came first: the queue is not empty,
    /// and the wake-up of that push is on its way, or done.
    pub fn unpark(self) -> bool {
        let parked = ManuallyDrop::new(self);
        // SAFETY: the guard borrows the only consumer mutably.
        unsafe { parked.back.unpark() != Mark::Replaced }
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        // SAFETY: the guard borrows the only consumer mutably.
        unsafe { self.back.unpark() };
    }
}

impl fmt::Debug for Parked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked").finish_non_exhaustive()
    }
}
