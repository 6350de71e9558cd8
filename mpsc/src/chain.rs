//! Items linked beforehand, to be pushed together.

use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::handle::{Handle, UniqueHandle, check_in, check_out};
use crate::link::Link;
use crate::queue::AlreadyQueued;
use crate::sync::Ordering;

/// A private list of items, to be [pushed](crate::Queue::push_chain) with one
/// read-modify-write however many they are.
///
/// Building it takes no atomic read-modify-write (for shared handles: one per
/// item, their flag) and allocates nothing. Dropping it drops the items.
///
/// ```
/// use mpsc_queue::{Chain, Link, Pop, Queue, linked};
///
/// struct Job {
///     link: Link,
///     number: u32,
/// }
/// linked!(Job => link: Link);
///
/// let queue = Queue::new();
/// let chain: Chain<Box<Job>> =
///     (0..3).map(|number| Box::new(Job { link: Link::new(), number })).collect();
/// let _ = queue.push_chain(chain);
///
/// let mut consumer = queue.consumer().unwrap();
/// assert!(matches!(consumer.pop(), Pop::Item(job) if job.number == 0));
/// ```
pub struct Chain<H: Handle> {
    ends: Option<Ends>,
    count: usize,
    /// Invariant, and `Send` only by the declaration below, as in the queue.
    handles: PhantomData<*mut H>,
}

/// The oldest and the newest link of a chain that is not empty.
#[derive(Clone, Copy)]
struct Ends {
    first: NonNull<Link>,
    last: NonNull<Link>,
}

// SAFETY: to move a chain is to move the handles in it.
unsafe impl<H: Handle + Send> Send for Chain<H> {}

// SAFETY: through `&Chain` nothing of a handle or an item can be reached.
unsafe impl<H: Handle> Sync for Chain<H> {}

/// As for a queue.
impl<H: Handle> UnwindSafe for Chain<H> {}
impl<H: Handle> RefUnwindSafe for Chain<H> {}

impl<H: Handle> Chain<H> {
    /// An empty chain.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ends: None,
            count: 0,
            handles: PhantomData,
        }
    }

    /// Appends an item whose handle has unique ownership.
    pub fn push(&mut self, handle: H)
    where
        H: UniqueHandle,
    {
        if self.try_push(handle).is_err() {
            unreachable!("an item with one handle is in no queue while that is here");
        }
    }

    /// Appends an item that other handles may reach, unless it is in a queue or
    /// chain already.
    ///
    /// # Errors
    ///
    /// [`AlreadyQueued`] gives the handle back.
    pub fn try_push(&mut self, handle: H) -> Result<(), AlreadyQueued<H>> {
        let link = check_in(handle).map_err(AlreadyQueued)?;
        match &mut self.ends {
            None => {
                self.ends = Some(Ends {
                    first: link,
                    last: link,
                })
            }
            Some(ends) => {
                // SAFETY: a link in the chain is valid until it is taken out.
                // Relaxed: the push of the chain publishes it.
                unsafe { ends.last.as_ref() }
                    .next
                    .store(link.as_ptr(), Ordering::Relaxed);
                ends.last = link;
            }
        }
        self.count += 1;
        Ok(())
    }

    /// Appends all that is in `other`, which is empty afterwards.
    pub fn append(&mut self, other: &mut Self) {
        let Some(theirs) = other.ends.take() else {
            return;
        };
        match &mut self.ends {
            None => self.ends = Some(theirs),
            Some(ours) => {
                // SAFETY: a link in the chain is valid until it is taken out.
                // Relaxed: the push of the chain publishes it.
                unsafe { ours.last.as_ref() }
                    .next
                    .store(theirs.first.as_ptr(), Ordering::Relaxed);
                ours.last = theirs.last;
            }
        }
        self.count += mem::take(&mut other.count);
    }

    /// Takes the oldest item out.
    pub fn pop(&mut self) -> Option<H> {
        let Ends { first, last } = self.ends?;
        self.ends = if first == last {
            None
        } else {
            // SAFETY: as in `try_push`. Relaxed: written by this thread, or before
            // the chain was sent to it. Not null: `first` is not the last.
            let next = unsafe { first.as_ref() }.next.load(Ordering::Relaxed);
            NonNull::new(next).map(|first| Ends { first, last })
        };
        self.count -= 1;
        // SAFETY: `first` was checked in as an `H` and has just left the chain.
        Some(unsafe { check_out(first) })
    }

    /// How many items the chain holds. Exact.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether the chain holds no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Gives up the links: first, last and how many.
    pub(crate) fn into_links(mut self) -> Option<(NonNull<Link>, NonNull<Link>, usize)> {
        let Ends { first, last } = self.ends.take()?;
        Some((first, last, self.count))
    }
}

impl<H: Handle> Drop for Chain<H> {
    fn drop(&mut self) {
        while let Some(handle) = self.pop() {
            drop(handle);
        }
    }
}

impl<H: Handle> Default for Chain<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: UniqueHandle> Extend<H> for Chain<H> {
    fn extend<I: IntoIterator<Item = H>>(&mut self, handles: I) {
        handles.into_iter().for_each(|handle| self.push(handle));
    }
}

impl<H: UniqueHandle> FromIterator<H> for Chain<H> {
    fn from_iter<I: IntoIterator<Item = H>>(handles: I) -> Self {
        let mut chain = Self::new();
        chain.extend(handles);
        chain
    }
}

impl<H: Handle> fmt::Debug for Chain<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("len", &self.count)
            .finish_non_exhaustive()
    }
}
