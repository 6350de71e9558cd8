//! The queue, and the producers' side of it.

use core::fmt;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::chain::Chain;
use crate::consumer::{Consumer, ConsumerTaken, Pop};
use crate::handle::{Handle, UniqueHandle, check_in, check_out};
use crate::length::{Counted, Length, Uncounted};
use crate::link::Link;
use crate::raw::{RawPop, RawQueue};
use crate::seal::Seal;
use crate::sync::const_fn_unless_loom;

/// An unbounded, intrusive, multi-producer single-consumer FIFO queue.
///
/// Any number of threads push through `&Queue`. One [`Consumer`] at a time pops.
/// Nothing points into an empty queue, so it is made by a `const fn` and may be
/// moved, be a `static`, a field, or in an `Arc`.
///
/// This is the queue for those who build an event loop: a push *tells* whether
/// the consumer must be woken. A queue that wakes by itself is
/// [`WakingQueue`](crate::WakingQueue).
///
/// - `H` is the [`Handle`] that travels. The queue is `Send` and `Sync` exactly
///   when `H` is `Send`, and invariant in `H`.
/// - `L` is [`Uncounted`], or [`Counted`] for a queue with a [length](Queue::len).
///
/// Dropping the queue drops what is in it, each item once. If the `Drop` of an
/// item panics, the items behind it are leaked.
///
/// # Example
///
/// ```
/// use mpsc_queue::{Link, Pop, Queue, linked};
///
/// struct Job {
///     link: Link,
///     number: u32,
/// }
/// linked!(Job => link: Link);
///
/// let queue = Queue::new();
/// std::thread::scope(|s| {
///     for number in 0..4 {
///         let queue = &queue;
///         s.spawn(move || {
///             let wakeup = queue.push(Box::new(Job { link: Link::new(), number }));
///             assert!(!wakeup.is_needed(), "the consumer has not parked");
///         });
///     }
/// });
///
/// let mut consumer = queue.consumer().expect("there is no other consumer");
/// let mut sum = 0;
/// loop {
///     match consumer.pop() {
///         Pop::Item(job) => sum += job.number,
///         Pop::Empty => break,
///         Pop::Stalled => unreachable!("no push is in flight"),
///     }
/// }
/// assert_eq!(sum, 6);
/// ```
///
/// What the types refuse: [`docs::misuse`](crate::docs::misuse).
pub struct Queue<H: Handle, L: Length = Uncounted> {
    pub(crate) raw: RawQueue,
    length: L,
    /// A raw pointer: invariant in `H`, and neither `Send` nor `Sync` by itself.
    handles: PhantomData<*mut H>,
}

// SAFETY: to move a queue is to move the handles in it to another thread, which
// `H: Send` permits.
unsafe impl<H: Handle + Send, L: Length> Send for Queue<H, L> {}

// SAFETY: through `&Queue` handles are moved in on one thread and out on another,
// which `H: Send` permits. No `&H`, and no reference to an item, is ever shared.
// That there is one consumer is ensured by `RawQueue::claim`.
unsafe impl<H: Handle + Send, L: Length> Sync for Queue<H, L> {}

impl<H: Handle> Queue<H> {
    const_fn_unless_loom! {
        /// An empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self {
                raw: RawQueue::new(),
                length: Uncounted,
                handles: PhantomData,
            }
        }
    }
}

impl<H: Handle> Queue<H, Counted> {
    const_fn_unless_loom! {
        /// An empty queue that counts its items.
        #[must_use]
        pub fn counted() -> Self {
            Self {
                raw: RawQueue::new(),
                length: Counted::new(),
                handles: PhantomData,
            }
        }
    }

    /// How many items are in the queue, approximately.
    ///
    /// An item is counted before it is pushed, and until after it is popped. So the
    /// answer is never negative, and it includes pushes that are under way. To the
    /// consumer it is never less than what is in the queue; others may read what was
    /// true a little earlier. Takes two loads; costs each push a second
    /// read-modify-write.
    ///
    /// ```
    /// # use mpsc_queue::{Link, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// let queue = Queue::counted();
    /// let _ = queue.push(Box::new(Job { link: Link::new() }));
    /// assert_eq!(queue.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.length.get()
    }
}

impl<H: Handle, L: Length> Queue<H, L> {
    /// Appends an item whose handle has unique ownership.
    ///
    /// Wait-free where the exchange is one instruction (x86, Arm with LSE, RISC-V
    /// with A); lock-free where it is a load-linked/store-conditional loop. One
    /// read-modify-write, no allocation.
    ///
    /// Items come out in the order of these exchanges: one total order over all
    /// producers. What the producer did before the push happens before the pop
    /// returns the item.
    ///
    /// The result says whether the consumer sleeps and must be woken.
    ///
    /// # Panics
    ///
    /// In debug builds, if an unsound implementation of [`Handle`] pushes an item
    /// that is in a queue already.
    pub fn push(&self, handle: H) -> Wakeup
    where
        H: UniqueHandle,
    {
        Wakeup::of(self.push_unique(handle, || ()))
    }

    /// Appends an item that other handles may reach, unless it is in a queue
    /// already.
    ///
    /// As [`push`](Self::push), with a second read-modify-write: the flag in the
    /// item's [`SharedLink`](crate::SharedLink). It is claimed here, and given
    /// back as the last act of the pop, so that the item can be pushed again as
    /// soon as the pop has returned it.
    ///
    /// What the caller did before this call happens before a pop returns the item,
    /// *also if the call fails*: a task that is woken while it is queued sees,
    /// when it runs, what it was woken for.
    ///
    /// # Errors
    ///
    /// [`AlreadyQueued`] gives the handle back if the item is in this or any
    /// other queue, or in a [`Chain`].
    pub fn try_push(&self, handle: H) -> Result<Wakeup, AlreadyQueued<H>> {
        self.push_shared(handle, || ()).map(Wakeup::of)
    }

    /// Appends all items of a chain, in order and without any other item between
    /// them, with one read-modify-write.
    ///
    /// Progress and ordering as for [`push`](Self::push), whatever the length of
    /// the chain. An empty chain does nothing.
    pub fn push_chain(&self, chain: Chain<H>) -> Wakeup {
        Wakeup::of(self.push_links(chain, || ()))
    }

    /// Whether the queue is empty at this moment.
    ///
    /// One load. To the consumer it is exact: no push that happened before is
    /// overlooked. Others may read what was true a little earlier. It orders nothing.
    ///
    /// A push counts from its exchange on, so `false` does not mean that the next pop
    /// returns an item: it may say [`Stalled`](Pop::Stalled).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// Takes the consumer's place, borrowing the queue.
    ///
    /// What an earlier consumer did happens before this call returns.
    /// `Consumer::owned` shares ownership of the queue instead.
    ///
    /// # Errors
    ///
    /// [`ConsumerTaken`] as long as another consumer exists.
    pub fn consumer(&self) -> Result<Consumer<&Self>, ConsumerTaken> {
        Consumer::claim(self)
    }

    /// Takes the consumer's place even if a consumer was leaked
    /// ([`core::mem::forget`]).
    ///
    /// `&mut self` proves that no consumer can be used any more.
    #[must_use]
    pub fn consumer_mut(&mut self) -> Consumer<&Self> {
        self.raw.claim_mut();
        Consumer::of_claimed(self)
    }

    /// `push`, with what to do (under the conditions of [`RawQueue::push`]) when
    /// the consumer turns out to be parked.
    pub(crate) fn push_unique<T>(&self, handle: H, on_parked: impl FnOnce() -> T) -> Option<T>
    where
        H: UniqueHandle,
    {
        match check_in(handle) {
            Ok(link) => self.push_link(link, on_parked),
            Err(_) => unreachable!("an item with one handle is in no queue while that is here"),
        }
    }

    /// `try_push`, likewise.
    pub(crate) fn push_shared<T>(
        &self,
        handle: H,
        on_parked: impl FnOnce() -> T,
    ) -> Result<Option<T>, AlreadyQueued<H>> {
        match check_in(handle) {
            Ok(link) => Ok(self.push_link(link, on_parked)),
            Err(handle) => Err(AlreadyQueued(handle)),
        }
    }

    /// `push_chain`, likewise.
    pub(crate) fn push_links<T>(
        &self,
        chain: Chain<H>,
        on_parked: impl FnOnce() -> T,
    ) -> Option<T> {
        let (first, last, count) = chain.into_links()?;
        self.length.pushed(count, Seal::BROKEN);
        // SAFETY: the chain checked its links in and linked them; it has given
        // them up. `on_parked` is one of ours and does not unwind.
        unsafe { self.raw.push(first, last, on_parked) }
    }

    fn push_link<T>(&self, link: NonNull<Link>, on_parked: impl FnOnce() -> T) -> Option<T> {
        self.length.pushed(1, Seal::BROKEN);
        // SAFETY: the link is checked in, `next` null. `on_parked` as above.
        unsafe { self.raw.push(link, link, on_parked) }
    }

    /// Takes the oldest item out.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer, as for [`RawQueue::pop`].
    pub(crate) unsafe fn pop(&self) -> Pop<H> {
        // SAFETY: the same condition.
        match unsafe { self.pop_link() } {
            // SAFETY: all links in the queue were checked in as `H`s, and this
            // one has just left.
            RawPop::Item(link) => Pop::Item(unsafe { check_out(link) }),
            RawPop::Empty => Pop::Empty,
            RawPop::Stalled => Pop::Stalled,
        }
    }

    /// `pop`, before the link is turned into its handle.
    ///
    /// # Safety
    ///
    /// As for [`pop`](Self::pop).
    pub(crate) unsafe fn pop_link(&self) -> RawPop {
        // SAFETY: the same condition.
        let pop = unsafe { self.raw.pop() };
        if let RawPop::Item(_) = pop {
            self.length.popped(Seal::BROKEN);
        }
        pop
    }
}

impl<H: Handle, L: Length> Drop for Queue<H, L> {
    fn drop(&mut self) {
        // SAFETY: `&mut self`: no consumer is used any more and no push is under
        // way, so this ends with `Empty`, not before.
        while let Pop::Item(handle) = unsafe { self.pop() } {
            drop(handle);
        }
    }
}

/// A panic of the user's code finds the queue as it leaves it: whole.
impl<H: Handle, L: Length> UnwindSafe for Queue<H, L> {}
impl<H: Handle, L: Length> RefUnwindSafe for Queue<H, L> {}

impl<H: Handle> Default for Queue<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle> Default for Queue<H, Counted> {
    fn default() -> Self {
        Self::counted()
    }
}

impl<H: Handle, L: Length> fmt::Debug for Queue<H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("is_empty", &self.is_empty())
            .finish_non_exhaustive()
    }
}

/// What a push found out about the consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "if the consumer sleeps, only the push that is told so wakes it"]
pub enum Wakeup {
    /// The consumer had parked: the caller must wake it now. The item is in
    /// place already. At most one push is told so for each time it parks: exactly
    /// one, unless the consumer unparks first.
    Needed,
    /// The consumer is awake, or another push is about to wake it.
    NotNeeded,
}

impl Wakeup {
    #[inline]
    fn of(parked: Option<()>) -> Self {
        match parked {
            Some(()) => Self::Needed,
            None => Self::NotNeeded,
        }
    }

    /// Whether the caller must wake the consumer.
    #[must_use]
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::Needed)
    }
}

/// The error of a push whose item is in a queue already. Holds the handle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AlreadyQueued<H>(
    /// What was to be pushed.
    pub H,
);

impl<H> fmt::Debug for AlreadyQueued<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AlreadyQueued").finish_non_exhaustive()
    }
}

impl<H> fmt::Display for AlreadyQueued<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the item is in a queue already")
    }
}

impl<H> core::error::Error for AlreadyQueued<H> {}
