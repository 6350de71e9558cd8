//! The queue, and the producers' side of it.

use core::fmt;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::error::AlreadyQueued;
use crate::form::{Form, Forward, RawPop, RawQueue};
use crate::item::{Chain, Handle, Link, UniqueHandle, handle_to_link, link_to_handle};
use crate::length::{Counted, Length, Uncounted};
use crate::sealed::INTERNAL;
use crate::sync::const_fn_unless_loom;

/// An unbounded, intrusive, multi-producer single-consumer FIFO queue.
///
/// Any number of threads push through `&Queue`. One [`Consumer`](crate::Consumer) at a
/// time pops. An empty queue contains no pointer to itself, so a `const fn` makes it and
/// it may be moved, or be a `static`, a field, or in an `Arc`.
///
/// This queue is for event loops: a push *returns* whether the producer must wake the
/// consumer. A [`WakingQueue`](crate::WakingQueue) wakes its consumer by itself.
///
/// - `H` is the [`Handle`] that travels. The queue is `Send` and `Sync` exactly when `H`
///   is `Send`, and invariant in `H`.
/// - `L` is [`Uncounted`], or [`Counted`] for a queue with a [length](Queue::len).
///
/// Dropping the queue drops the items in it, each once. If the `Drop` of an item panics,
/// the items behind it are leaked.
///
/// [`docs::misuse`](crate::docs::misuse) shows what does not compile.
///
/// # Examples
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
/// let mut consumer = queue.consumer().unwrap();
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
pub struct Queue<H: Handle, L: Length = Uncounted> {
    raw: Links,
    length: L,
    /// A raw pointer, so that the queue is invariant in `H`, and `Send` and `Sync` only as
    /// declared below.
    handles: PhantomData<*mut H>,
}

// SAFETY: to move a queue is to move the handles in it to another thread, which
// `H: Send` permits.
unsafe impl<H: Handle + Send, L: Length> Send for Queue<H, L> {}

// SAFETY: through `&Queue`, handles move in on one thread and out on another, which
// `H: Send` permits. No method shares an `&H` or a reference to an item.
// `RawQueue::acquire_consumer` ensures that there is one consumer.
unsafe impl<H: Handle + Send, L: Length> Sync for Queue<H, L> {}

/// The links in a queue, in the form that every queue has.
pub(crate) type Links = RawQueue<Forward>;

impl<H: Handle> Queue<H> {
    const_fn_unless_loom! {
        /// Creates an empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self {
                raw: Links::forward(),
                length: Uncounted,
                handles: PhantomData,
            }
        }
    }
}

impl<H: Handle> Queue<H, Counted> {
    const_fn_unless_loom! {
        /// Creates an empty queue that counts its items.
        #[must_use]
        pub fn counted() -> Self {
            Self {
                raw: Links::forward(),
                length: Counted::new(),
                handles: PhantomData,
            }
        }
    }

    /// Returns the approximate number of items in the queue.
    ///
    /// May include items of pushes in flight. Counts at least the items in the queue whose
    /// push happens before this call, or that the calling thread has noticed there
    /// ([`is_empty`](Self::is_empty) returned `false`, or a pop returned
    /// [`Stalled`](crate::Pop::Stalled)). Costs each push a second read-modify-write.
    ///
    /// ```
    /// # use mpsc_queue::{Link, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// let queue = Queue::counted();
    /// assert!(!queue.push(Box::new(Job { link: Link::new() })).is_needed());
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
    /// One read-modify-write, no allocation. Everything that the producer did before the push
    /// happens before the pop returns the item. The result says whether the producer must
    /// wake the consumer.
    ///
    /// # Panics
    ///
    /// In debug builds, if an unsound implementation of [`Handle`] pushes an item that is
    /// already queued.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{Link, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// fn submit(queue: &Queue<Box<Job>>, job: Box<Job>, event_loop: &std::thread::Thread) {
    ///     if queue.push(job).is_needed() {
    ///         event_loop.unpark();
    ///     }
    /// }
    /// ```
    pub fn push(&self, handle: H) -> Wakeup
    where
        H: UniqueHandle,
    {
        Wakeup::from_parked(self.push_unique_with(handle, || ()))
    }

    /// Appends an item that other handles may reach.
    ///
    /// Like [`push`](Self::push), with a second read-modify-write for the flag in the
    /// item's [`SharedLink`](crate::SharedLink).
    ///
    /// Everything that the caller did before this call happens before a pop returns the
    /// item, *even if the call fails*: a task that is woken while it is queued sees, when
    /// it runs, the reason for which it was woken.
    ///
    /// # Errors
    ///
    /// Returns the handle in [`AlreadyQueued`] if the item is in a queue or [`Chain`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use mpsc_queue::{AlreadyQueued, Queue, SharedLink, linked};
    /// # struct Task { link: SharedLink }
    /// # linked!(Task => link: SharedLink);
    /// fn schedule(queue: &Queue<Arc<Task>>, task: Arc<Task>, executor: &std::thread::Thread) {
    ///     match queue.try_push(task) {
    ///         Ok(wakeup) if wakeup.is_needed() => executor.unpark(),
    ///         Ok(_) => {}
    ///         Err(AlreadyQueued(_)) => {} // the task will run anyway
    ///     }
    /// }
    /// ```
    pub fn try_push(&self, handle: H) -> Result<Wakeup, AlreadyQueued<H>> {
        self.try_push_with(handle, || ()).map(Wakeup::from_parked)
    }

    /// Appends all items of a chain, in order and without any other item between them.
    ///
    /// One read-modify-write, whatever the length of the chain; otherwise like
    /// [`push`](Self::push). An empty chain has no effect.
    pub fn push_chain(&self, chain: Chain<H>) -> Wakeup {
        Wakeup::from_parked(self.push_chain_with(chain, || ()))
    }

    /// Returns `true` if the queue is empty.
    ///
    /// `true` accounts for every push that happens before the call. On other threads than
    /// the consumer's, `false` may be stale. This method does not synchronize with pushes.
    /// After `false`, the next pop may still return [`Stalled`](crate::Pop::Stalled).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    pub(crate) fn raw(&self) -> &Links {
        &self.raw
    }

    pub(crate) fn raw_mut(&mut self) -> &mut Links {
        &mut self.raw
    }

    /// Pushes like [`push`](Self::push). If the consumer was parked, returns what `on_parked`
    /// returns (see [`Form::push`]).
    pub(crate) fn push_unique_with<T>(&self, handle: H, on_parked: impl FnOnce() -> T) -> Option<T>
    where
        H: UniqueHandle,
    {
        match handle_to_link(handle) {
            Ok(link) => self.push_links(link, link, 1, on_parked),
            Err(_) => unreachable!("an item whose only handle is here is in no queue"),
        }
    }

    pub(crate) fn try_push_with<T>(
        &self,
        handle: H,
        on_parked: impl FnOnce() -> T,
    ) -> Result<Option<T>, AlreadyQueued<H>> {
        let link = handle_to_link(handle).map_err(AlreadyQueued)?;
        Ok(self.push_links(link, link, 1, on_parked))
    }

    pub(crate) fn push_chain_with<T>(
        &self,
        chain: Chain<H>,
        on_parked: impl FnOnce() -> T,
    ) -> Option<T> {
        let (first, last, count) = chain.into_links()?;
        self.push_links(first, last, count, on_parked)
    }

    fn push_links<T>(
        &self,
        first: NonNull<Link>,
        last: NonNull<Link>,
        count: usize,
        on_parked: impl FnOnce() -> T,
    ) -> Option<T> {
        self.length.pushed(count, INTERNAL);
        // SAFETY: the links come from `handle_to_link`, or from a chain, which linked and
        // gave them up; the `next` of the last is null. The `on_parked` of this crate do
        // not unwind.
        unsafe { Form::push(&self.raw, first, last, on_parked) }
    }

    /// Takes the oldest item out.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer, as for [`Form::pop`].
    pub(crate) unsafe fn pop(&self) -> RawPop {
        // SAFETY: the caller is the only consumer.
        let pop = unsafe { Form::pop(&self.raw) };
        if let RawPop::Item(_) = pop {
            self.length.popped(INTERNAL);
        }
        pop
    }
}

impl<H: Handle, L: Length> Drop for Queue<H, L> {
    fn drop(&mut self) {
        // SAFETY: `&mut self` proves that no consumer is used any more. No push is in
        // flight either, so the loop ends with `Empty` and not before.
        while let RawPop::Item(link) = unsafe { self.pop() } {
            // SAFETY: all links in the queue come from handles of type `H`, and this one
            // has just left.
            drop(unsafe { link_to_handle::<H>(link) });
        }
    }
}

// A panic in user code leaves the queue whole: no user code runs within a push or a pop.
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

/// Whether the producer must wake the consumer after a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a parked consumer sleeps on unless the producer wakes it"]
pub enum Wakeup {
    /// The consumer was parked, and the producer must wake it now. The item is in place
    /// already. See [`Consumer::park`](crate::Consumer::park) for how often this occurs.
    Needed,
    /// The consumer is awake, or another producer wakes it.
    NotNeeded,
}

impl Wakeup {
    #[inline]
    fn from_parked(parked: Option<()>) -> Self {
        match parked {
            Some(()) => Self::Needed,
            None => Self::NotNeeded,
        }
    }

    /// Returns `true` if the producer must wake the consumer.
    #[must_use]
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::Needed)
    }
}
