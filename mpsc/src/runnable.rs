//! Tasks of `async-task` as items.

use core::fmt;
use core::ptr::{self, NonNull};

use async_task::Runnable;

use crate::item::{Handle, Link, UniqueHandle};
use crate::linked;
use crate::sync::{AtomicPtr, Ordering};

/// The metadata of a task of [`async_task`], with room for a link. With it, the task's
/// [`Runnable`] is a [handle](Handle): an executor queues its tasks without an allocation for each
/// time that one is woken.
///
/// # Examples
///
/// ```
/// use async_task::{Builder, Runnable};
/// use mpsc_queue::{BlockingQueue, RunnableLink};
///
/// type Task = Runnable<RunnableLink>;
///
/// static READY: BlockingQueue<Task> = BlockingQueue::new();
///
/// fn schedule(task: Task) {
///     drop(READY.push(task)); // refused if the executor is gone: the task is cancelled
/// }
///
/// let builder = Builder::new().metadata(RunnableLink::new());
/// let (task, output) = builder.spawn(|_| async { 1 + 2 }, schedule);
/// task.schedule();
///
/// let mut ready = READY.receiver().unwrap();
/// ready.recv().unwrap().run();
/// assert!(output.is_finished());
/// ```
pub struct RunnableLink<M = ()> {
    link: Link,
    /// The task that this is a part of, while it is queued.
    task: AtomicPtr<()>,
    metadata: M,
}
linked!([M] RunnableLink<M> => link: Link);

impl RunnableLink {
    /// Creates the metadata of a task.
    #[must_use]
    pub fn new() -> Self {
        Self::with_metadata(())
    }
}

impl<M> RunnableLink<M> {
    /// Creates the metadata of a task, with metadata of your own.
    pub fn with_metadata(metadata: M) -> Self {
        Self {
            link: Link::new(),
            task: AtomicPtr::new(ptr::null_mut()),
            metadata,
        }
    }

    /// Returns your own metadata.
    pub fn metadata(&self) -> &M {
        &self.metadata
    }
}

// SAFETY: the metadata is a part of the task, and stays where it is as long as the task, which
// the pointer that `into_raw` of the `Runnable` returns keeps alive. Only shared references to it
// exist, and the link and `task` are atomics. The functions of `Runnable` do not unwind.
// If the `Runnable` is `Send`, it may be turned back on another thread.
unsafe impl<M> Handle for Runnable<RunnableLink<M>> {
    type Item = RunnableLink<M>;

    fn into_raw(self) -> NonNull<RunnableLink<M>> {
        let item = NonNull::from(self.metadata());
        let task = self.into_raw();
        // SAFETY: the task is alive.
        // Relaxed: published by the push.
        unsafe { item.as_ref() }
            .task
            .store(task.as_ptr(), Ordering::Relaxed);
        item
    }

    unsafe fn from_raw(item: NonNull<RunnableLink<M>>) -> Self {
        // SAFETY: the task is alive.
        // Relaxed: the push has published it.
        let task = unsafe { item.as_ref() }.task.load(Ordering::Relaxed);
        // SAFETY: stored by `into_raw` above, hence from `Runnable::into_raw`.
        unsafe { Self::from_raw(NonNull::new_unchecked(task)) }
    }
}

// SAFETY: a task has at most one `Runnable`.
unsafe impl<M> UniqueHandle for Runnable<RunnableLink<M>> {}

impl Default for RunnableLink {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: fmt::Debug> fmt::Debug for RunnableLink<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnableLink")
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
