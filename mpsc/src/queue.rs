//! The queue, and the producers' side of it.

use core::fmt;
use core::iter;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::error::{AlreadyQueued, Closed, TryPushError};
use crate::form::{Batched, Form, ForwardLinked, Pushed, RawBatched, RawForm, RawPop, RawQueue};
#[cfg(feature = "alloc")]
use crate::gate::EndMark;
use crate::gate::Gate;
use crate::item::{
    Chain, Handle, Link, Links, SharedHandle, UniqueHandle, drop_all, handle_ref_to_link,
    handle_to_link, link_to_handle,
};
use crate::length::{Counts, Length};
use crate::sync::{const_fn_unless_loom, initial};

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
/// - `F` is the [form](crate#which-form) of the queue, in [`Counted`](crate::Counted) if the
///   queue is to have a [length](Queue::len).
///
/// Dropping the queue drops the items in it, each once. If the `Drop` of one panics, the others
/// are dropped all the same.
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
///             assert!(!wakeup.unwrap().is_needed(), "the consumer has not parked");
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
///         Pop::Stalled(_) => unreachable!("no push is in flight"),
///         Pop::Closed => unreachable!("the consumer has not closed the queue"),
///     }
/// }
/// assert_eq!(sum, 6);
/// ```
pub struct Queue<H: Handle, F: Form = ForwardLinked> {
    raw: RawQueue<F::Raw>,
    length: F::Length,
    gate: F::Gate,
    /// A raw pointer, so that the queue is invariant in `H`, and `Send` and `Sync` only as
    /// declared below.
    handles: PhantomData<*mut H>,
}

// SAFETY: to move a queue is to move the handles in it to another thread, which
// `H: Send` permits.
unsafe impl<H: Handle + Send, F: Form> Send for Queue<H, F> {}

// SAFETY: through `&Queue`, handles move in on one thread and out on another, which
// `H: Send` permits. No method shares an `&H` or a reference to an item.
// `RawQueue::acquire_consumer` ensures that there is one consumer.
unsafe impl<H: Handle + Send, F: Form> Sync for Queue<H, F> {}

impl<H: Handle> Queue<H> {
    const_fn_unless_loom! {
        /// Creates an empty [forward-linked](ForwardLinked) queue.
        #[must_use]
        pub fn new() -> Self {
            Self::with_form(ForwardLinked)
        }
    }
}

impl<H: Handle, F: Form> Queue<H, F> {
    const_fn_unless_loom! {
        /// Creates an empty queue of this form.
        ///
        /// ```
        /// # use mpsc_queue::{Link, linked};
        /// use mpsc_queue::{Counted, GapFree, Queue};
        /// # struct Job { link: Link }
        /// # linked!(Job => link: Link);
        ///
        /// static JOBS: Queue<Box<Job>, Counted<GapFree>> = Queue::with_form(Counted(GapFree));
        /// ```
        #[must_use]
        pub fn with_form(_form: F) -> Self {
            Self {
                raw: RawQueue::new(),
                length: initial!(F::Length),
                gate: initial!(F::Gate),
                handles: PhantomData,
            }
        }
    }
}

impl<H: Handle, F: Form<Length: Counts>> Queue<H, F> {
    /// Returns the approximate number of items in the queue.
    ///
    /// May include items of pushes in flight. Counts at least the items in the queue whose
    /// push happens before this call, or that the calling thread has noticed there
    /// ([`is_empty`](Self::is_empty) returned `false`, or a pop returned
    /// [`Stalled`](crate::Pop::Stalled)). Costs each push a second read-modify-write.
    ///
    /// ```
    /// # use mpsc_queue::{Counted, ForwardLinked, Link, Queue, Wakeup, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// let queue = Queue::with_form(Counted(ForwardLinked));
    /// queue.push(Box::new(Job { link: Link::new() })).unwrap();
    /// assert_eq!(queue.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.length.get()
    }
}

impl<H: Handle, F: Form> Queue<H, F> {
    /// Appends an item whose handle has unique ownership.
    ///
    /// One read-modify-write (in a [`GapFree`](crate::GapFree) queue, one more for each push
    /// that comes first), no allocation. Everything that the producer did before the push
    /// happens before the pop returns the item. The result says whether the producer must
    /// wake the consumer.
    ///
    /// # Errors
    ///
    /// Returns the handle in [`Closed`] if the consumer has [closed](crate::Consumer::close)
    /// the queue. In a [`GapFree`](crate::GapFree) queue, the refusal costs nothing. In the
    /// other forms it is **blocking**: this push waits for the pushes that overlap it, and
    /// drops *their* items, although they have been told `Ok`.
    ///
    /// # Panics
    ///
    /// In debug builds, if an unsound implementation of [`Handle`] pushes an item that is
    /// already queued. If the queue is closed and the `Drop` of such an item panics; then this
    /// push drops its own item as well.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mpsc_queue::{Closed, Link, Queue, linked};
    /// # struct Job { link: Link }
    /// # linked!(Job => link: Link);
    /// fn submit(
    ///     queue: &Queue<Box<Job>>,
    ///     job: Box<Job>,
    ///     event_loop: &std::thread::Thread,
    /// ) -> Result<(), Closed<Box<Job>>> {
    ///     if queue.push(job)?.is_needed() {
    ///         event_loop.unpark();
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn push(&self, handle: H) -> Result<Wakeup, Closed<H>>
    where
        H: UniqueHandle,
    {
        self.push_unique_with(handle, || ())
            .map(Wakeup::from_parked)
    }

    /// Appends an item that other handles may reach.
    ///
    /// Like [`push`](Self::push), with a second read-modify-write for the flag in the
    /// item's [`SharedLink`](crate::SharedLink).
    ///
    /// Everything that the caller did before this call happens before a pop returns the
    /// item, *even if the call fails because the item is queued*: a task that is woken while
    /// it is queued sees, when it runs, the reason for which it was woken. (In a closed queue,
    /// `AlreadyQueued` does not promise that the item will be delivered.)
    ///
    /// # Errors
    ///
    /// Returns the handle in [`TryPushError::AlreadyQueued`] if the item is in a queue or
    /// [`Chain`], or in [`TryPushError::Closed`] as [`push`](Self::push) does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use mpsc_queue::{Queue, SharedLink, TryPushError, linked};
    /// # struct Task { link: SharedLink }
    /// # linked!(Task => link: SharedLink);
    /// fn schedule(queue: &Queue<Arc<Task>>, task: Arc<Task>, executor: &std::thread::Thread) {
    ///     match queue.try_push(task) {
    ///         Ok(wakeup) if wakeup.is_needed() => executor.unpark(),
    ///         Ok(_) => {}
    ///         Err(TryPushError::AlreadyQueued(_)) => {} // the task will run anyway
    ///         Err(TryPushError::Closed(_)) => {}        // the executor has shut down
    ///     }
    /// }
    /// ```
    pub fn try_push(&self, handle: H) -> Result<Wakeup, TryPushError<H>> {
        self.try_push_with(handle, || ()).map(Wakeup::from_parked)
    }

    /// Appends the item of a handle that the caller keeps.
    ///
    /// Like [`try_push`](Self::try_push) of a clone, but clones the handle only if the item is in
    /// no queue or [`Chain`]. So a wake-up of a task that is queued already costs no clone.
    ///
    /// # Errors
    ///
    /// As for [`try_push`](Self::try_push), without a handle, since the caller has one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use mpsc_queue::{Queue, SharedLink, linked};
    /// # struct Task { link: SharedLink, executor: Arc<Executor> }
    /// # linked!(Task => link: SharedLink);
    /// # struct Executor { ready: Queue<Arc<Task>>, thread: std::thread::Thread }
    /// impl std::task::Wake for Task {
    ///     fn wake_by_ref(self: &Arc<Self>) {
    ///         if let Ok(wakeup) = self.executor.ready.try_push_by_ref(self) {
    ///             if wakeup.is_needed() {
    ///                 self.executor.thread.unpark();
    ///             }
    ///         }
    ///     }
    /// #   fn wake(self: Arc<Self>) { self.wake_by_ref() }
    /// }
    /// ```
    pub fn try_push_by_ref(&self, handle: &H) -> Result<Wakeup, TryPushError<()>>
    where
        H: SharedHandle,
    {
        self.try_push_by_ref_with(handle, || ())
            .map(Wakeup::from_parked)
    }

    /// Appends all items of a chain, in order and without any other item between them.
    ///
    /// One read-modify-write, whatever the length of the chain; otherwise like
    /// [`push`](Self::push). An empty chain has no effect. In the forms other than
    /// [`ForwardLinked`], this method first reverses the links of the chain.
    ///
    /// # Errors
    ///
    /// Returns the whole chain in [`Closed`], as [`push`](Self::push) does.
    pub fn push_chain(&self, chain: Chain<H>) -> Result<Wakeup, Closed<Chain<H>>> {
        self.push_chain_with(chain, || ()).map(Wakeup::from_parked)
    }

    /// Returns `true` if the queue is empty.
    ///
    /// `true` accounts for every push that happens before the call. On other threads than
    /// the consumer's, `false` may be stale. This method does not synchronize with pushes.
    /// After `false`, the next pop may still return [`Stalled`](crate::Pop::Stalled). While the
    /// queue is being closed, or a push is being refused, `false` may be wrong, on the consumer's
    /// thread too.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    pub(crate) fn raw(&self) -> &RawQueue<F::Raw> {
        &self.raw
    }

    pub(crate) fn raw_mut(&mut self) -> &mut RawQueue<F::Raw> {
        &mut self.raw
    }

    /// Pushes like [`push`](Self::push). If the consumer was parked, returns what `on_parked`
    /// returns (see [`RawForm::push`]).
    #[inline]
    pub(crate) fn push_unique_with<T>(
        &self,
        handle: H,
        on_parked: impl FnOnce() -> T,
    ) -> Result<Option<T>, Closed<H>>
    where
        H: UniqueHandle,
    {
        if self.gate.is_shut() {
            return Err(Closed(handle));
        }
        match handle_to_link(handle) {
            Ok(link) => self.push_link(link, on_parked),
            Err(_) => unreachable!("an item whose only handle is here is in no queue"),
        }
    }

    pub(crate) fn try_push_with<T>(
        &self,
        handle: H,
        on_parked: impl FnOnce() -> T,
    ) -> Result<Option<T>, TryPushError<H>> {
        if self.gate.is_shut() {
            return Err(TryPushError::Closed(handle));
        }
        let link = handle_to_link(handle).map_err(AlreadyQueued)?;
        Ok(self.push_link(link, on_parked)?)
    }

    pub(crate) fn try_push_by_ref_with<T>(
        &self,
        handle: &H,
        on_parked: impl FnOnce() -> T,
    ) -> Result<Option<T>, TryPushError<()>>
    where
        H: SharedHandle,
    {
        if self.gate.is_shut() {
            return Err(TryPushError::Closed(()));
        }
        let link = handle_ref_to_link(handle).ok_or(TryPushError::AlreadyQueued(()))?;
        self.push_link(link, on_parked)
            .map_err(|Closed(_clone)| TryPushError::Closed(()))
    }

    pub(crate) fn push_chain_with<T>(
        &self,
        chain: Chain<H>,
        on_parked: impl FnOnce() -> T,
    ) -> Result<Option<T>, Closed<Chain<H>>> {
        if self.gate.is_shut() && !chain.is_empty() {
            return Err(Closed(chain));
        }
        let Some((links, count)) = chain.into_links() else {
            return Ok(None);
        };
        let links = if F::Raw::NEWEST_FIRST {
            links.newest_first()
        } else {
            links
        };
        match self.push_links(links, count, on_parked) {
            Pushed::Quiet => Ok(None),
            Pushed::Parked(taken) => Ok(Some(taken)),
            // SAFETY: the push was refused just now.
            Pushed::Closed => Err(Closed(unsafe { self.refuse(links, count) })),
        }
    }

    #[inline]
    fn push_link<T>(
        &self,
        link: NonNull<Link>,
        on_parked: impl FnOnce() -> T,
    ) -> Result<Option<T>, Closed<H>> {
        match self.push_links(Links::single(link), 1, on_parked) {
            Pushed::Quiet => Ok(None),
            Pushed::Parked(taken) => Ok(Some(taken)),
            // SAFETY: the push was refused just now.
            Pushed::Closed => Err(Closed(unsafe { self.refuse_link(link) })),
        }
    }

    #[inline]
    fn push_links<T>(
        &self,
        links: Links,
        count: usize,
        on_parked: impl FnOnce() -> T,
    ) -> Pushed<T> {
        self.length.pushed(count);
        // SAFETY: the links come from `handle_to_link`, or from a chain, which linked and
        // gave them up, and are in the direction of the form; the `next` of the end is null.
        // The `on_parked` of this crate do not unwind.
        unsafe { F::Raw::push(&self.raw, links, on_parked) }
    }

    /// As [`refuse`](Self::refuse), for one link.
    ///
    /// # Safety
    ///
    /// As for [`refuse`](Self::refuse).
    #[cold]
    #[inline(never)]
    unsafe fn refuse_link(&self, link: NonNull<Link>) -> H {
        // SAFETY: the caller's promise.
        match unsafe { self.refuse(Links::single(link), 1) }.pop() {
            Some(handle) => handle,
            None => unreachable!("a push that is refused gives back what it was given"),
        }
    }

    /// Drops the items that other pushes have appended to `own`, and returns `own`.
    ///
    /// # Safety
    ///
    /// The push of `own`, `count` links from handles of type `H`, has just been refused.
    #[cold]
    unsafe fn refuse(&self, own: Links, count: usize) -> Chain<H> {
        // SAFETY: the push was refused, and the iterator is used up below.
        let swept = unsafe { F::Raw::sweep(&self.raw, own) };
        self.length.refused(count);
        let own = if F::Raw::NEWEST_FIRST {
            own.oldest_first()
        } else {
            own
        };
        // A chain, so that `own` are dropped if the `Drop` of another item panics.
        // SAFETY: `own` come from handles of type `H`, belong to the caller again, and lead
        // from each to the next newer one.
        let own = unsafe { Chain::from_links(own, count) };
        self.discard(swept);
        own
    }

    /// Drops the items of links that a refused push has swept.
    fn discard(&self, swept: impl Iterator<Item = NonNull<Link>>) {
        let items = swept
            // SAFETY: the links come from handles of type `H` and belong to this push. (The end
            // mark is not among them: when it is pushed, all other pushes are over.)
            .map(|link| unsafe { link_to_handle::<H>(link) })
            .inspect(|_| self.length.refused(1));
        drop_all(items);
    }

    /// Takes the oldest item out.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer, as for [`RawForm::pop`].
    #[inline]
    pub(crate) unsafe fn pop(&self) -> RawPop<F::Stall> {
        // SAFETY: the caller is the only consumer.
        let pop = unsafe { F::Raw::pop(&self.raw) };
        if let RawPop::Item(link) = pop {
            if self.gate.is_mark(link) {
                // No push follows the mark, so `close` finds an empty queue.
                // SAFETY: the caller is the only consumer.
                unsafe { self.raw.close() };
                return RawPop::Closed;
            }
            self.length.popped();
        }
        pop
    }

    /// Appends a link at the consumer's end, and wakes no thread or task.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer, as for [`RawForm::pop`]. The link comes from
    /// `handle_to_link::<H>`, and the caller gives it up.
    unsafe fn push_own(&self, link: NonNull<Link>) -> Result<(), Closed<H>>
    where
        F: Batched,
    {
        self.length.pushed(1);
        // SAFETY: the caller's promise.
        if unsafe { F::Raw::push_own(&self.raw, link) } {
            return Ok(());
        }
        // SAFETY: the link comes from `handle_to_link`.
        match unsafe { F::Raw::push(&self.raw, Links::single(link), || ()) } {
            // (The consumer is not parked, or its own push would have succeeded.)
            Pushed::Quiet | Pushed::Parked(()) => Ok(()),
            // SAFETY: the push was refused just now.
            Pushed::Closed => Err(Closed(unsafe { self.refuse_link(link) })),
        }
    }

    /// As [`try_push_quiet`](Self::try_push_quiet), for a unique handle.
    ///
    /// # Safety
    ///
    /// As for [`try_push_quiet`](Self::try_push_quiet).
    pub(crate) unsafe fn push_quiet(&self, handle: H) -> Result<(), Closed<H>>
    where
        H: UniqueHandle,
        F: Batched,
    {
        if self.gate.is_shut() {
            return Err(Closed(handle));
        }
        match handle_to_link(handle) {
            // SAFETY: the caller is the only consumer.
            Ok(link) => unsafe { self.push_own(link) },
            Err(_) => unreachable!("an item whose only handle is here is in no queue"),
        }
    }

    /// Appends an item from the consumer's thread. See
    /// [`Consumer::push_quiet`](crate::Consumer::push_quiet).
    ///
    /// # Safety
    ///
    /// The caller is the only consumer, as for [`RawForm::pop`].
    pub(crate) unsafe fn try_push_quiet(&self, handle: H) -> Result<(), TryPushError<H>>
    where
        F: Batched,
    {
        if self.gate.is_shut() {
            return Err(TryPushError::Closed(handle));
        }
        let link = handle_to_link(handle).map_err(AlreadyQueued)?;
        // SAFETY: the caller is the only consumer.
        Ok(unsafe { self.push_own(link) }?)
    }

    /// Closes the queue. See [`Consumer::close`](crate::Consumer::close).
    ///
    /// # Safety
    ///
    /// The caller is the only consumer, as for [`RawForm::pop`].
    pub(crate) unsafe fn close(&self) {
        self.gate.shut();
        // SAFETY: the caller is the only consumer.
        unsafe { self.raw.close() };
    }
}

#[cfg(feature = "alloc")]
impl<H: Handle, F: Form<Gate = EndMark>> Queue<H, F> {
    /// Returns `true` if the consumer has begun to close the queue.
    pub(crate) fn is_shut(&self) -> bool {
        self.gate.is_shut()
    }

    /// Pushes the end mark. If the consumer was parked, returns what `on_parked` returns.
    ///
    /// # Safety
    ///
    /// This function is called once, after all other pushes, and the queue does not move
    /// afterwards.
    pub(crate) unsafe fn push_mark<T>(&self, on_parked: impl FnOnce() -> T) -> Option<T> {
        let mark = Links::single(self.gate.mark());
        // SAFETY: the mark is in the queue, and so is valid as long as the queue; it is in no
        // queue, because it is pushed once.
        unsafe { mark.newest.as_ref() }.prepare();
        mark.newest.as_ptr().expose_provenance(); // as that of the link of an item
        // SAFETY: as said. The `on_parked` of this crate do not unwind.
        match unsafe { F::Raw::push(&self.raw, mark, on_parked) } {
            Pushed::Quiet => None,
            Pushed::Parked(taken) => Some(taken),
            Pushed::Closed => {
                // Restores the tag. No other push can have appended a link.
                // SAFETY: the push was refused.
                drop(unsafe { F::Raw::sweep(&self.raw, mark) });
                None
            }
        }
    }
}

impl<H: Handle, F: Form> Drop for Queue<H, F> {
    fn drop(&mut self) {
        // SAFETY: `&mut self` proves that no consumer is used any more. No push is in
        // flight either, so the loop ends with `Empty` or `Closed` and not before.
        let links = iter::from_fn(|| match unsafe { self.pop() } {
            RawPop::Item(link) => Some(link),
            _ => None,
        });
        // SAFETY: all links in the queue but the mark come from handles of type `H`, and each
        // has just left.
        drop_all(links.map(|link| unsafe { link_to_handle::<H>(link) }));
    }
}

// A panic in user code leaves the queue whole: the only user code that runs within a push or
// a pop is the `Drop` of items that a refused push has taken out of the queue.
impl<H: Handle, F: Form> UnwindSafe for Queue<H, F> {}
impl<H: Handle, F: Form> RefUnwindSafe for Queue<H, F> {}

impl<H: Handle, F: Form> Default for Queue<H, F> {
    fn default() -> Self {
        Self::with_form(F::default())
    }
}

impl<H: Handle, F: Form> fmt::Debug for Queue<H, F> {
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
