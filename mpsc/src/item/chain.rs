//! Chains of items, linked beforehand and pushed together.

use core::fmt;
use core::iter;
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::{self, NonNull};

use super::drop_all::drop_all;
use super::handle::{Handle, UniqueHandle, handle_to_link, link_to_handle};
use super::link::Links;
use crate::error::AlreadyQueued;
use crate::sync::Ordering;

/// A private list of items that a producer [pushes](crate::Queue::push_chain) with one
/// read-modify-write, whatever its length.
///
/// Building a chain does not allocate and takes no read-modify-write (for shared handles,
/// one per item, for its flag). Dropping a chain drops its items; if the `Drop` of one panics,
/// the others are dropped all the same.
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
/// let mut consumer = queue.consumer().unwrap();
/// let wakeup = queue.push_chain(chain).unwrap();
/// assert!(!wakeup.is_needed(), "the consumer has not parked");
/// assert!(matches!(consumer.pop(), Pop::Item(job) if job.number == 0));
/// ```
pub struct Chain<H: Handle> {
    links: Option<Links>,
    count: usize,
    /// A raw pointer, so that the chain is invariant in `H`, and `Send` only as declared
    /// below.
    handles: PhantomData<*mut H>,
}

// SAFETY: to move a chain is to move the handles in it.
unsafe impl<H: Handle + Send> Send for Chain<H> {}

// SAFETY: no method reaches a handle or an item through `&Chain`.
unsafe impl<H: Handle> Sync for Chain<H> {}

// A panic in user code leaves a chain whole: each method changes it before or after, never
// around, a call of user code.
impl<H: Handle> UnwindSafe for Chain<H> {}
impl<H: Handle> RefUnwindSafe for Chain<H> {}

impl<H: Handle> Chain<H> {
    /// Creates an empty chain.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            links: None,
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
            unreachable!("an item whose only handle is here is in no queue");
        }
    }

    /// Appends an item that other handles may reach.
    ///
    /// # Errors
    ///
    /// Returns the handle in [`AlreadyQueued`] if the item is in a queue or chain.
    pub fn try_push(&mut self, handle: H) -> Result<(), AlreadyQueued<H>> {
        let link = handle_to_link(handle).map_err(AlreadyQueued)?;
        self.link_to(Links::single(link));
        self.count += 1;
        Ok(())
    }

    /// Moves all items of `other` to the end of this chain.
    pub fn append(&mut self, other: &mut Self) {
        let Some(theirs) = other.links.take() else {
            return;
        };
        self.link_to(theirs);
        self.count += mem::take(&mut other.count);
    }

    /// Appends links that come from handles of type `H`.
    fn link_to(&mut self, newer: Links) {
        match &mut self.links {
            None => self.links = Some(newer),
            Some(links) => {
                // SAFETY: a link in the chain is valid until it is taken out.
                // Relaxed: the push of the chain publishes it.
                unsafe { links.newest.as_ref() }
                    .next
                    .store(newer.oldest.as_ptr(), Ordering::Relaxed);
                links.newest = newer.newest;
            }
        }
    }

    /// Removes and returns the oldest item.
    pub fn pop(&mut self) -> Option<H> {
        let Links { oldest, newest } = self.links?;
        self.links = if oldest == newest {
            None
        } else {
            // SAFETY: a link in the chain is valid until it is taken out. Relaxed: written
            // by this thread, or before the chain was sent to it. Not null, because
            // `oldest` is not the newest link.
            let next = unsafe { oldest.as_ref() }.next.load(Ordering::Relaxed);
            NonNull::new(next).map(|oldest| Links { oldest, newest })
        };
        self.count -= 1;
        // SAFETY: `oldest` comes from a handle of type `H` and has just left the chain.
        Some(unsafe { link_to_handle(oldest) })
    }

    /// Returns the number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns `true` if the chain holds no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Converts the chain into its links and their number.
    pub(crate) fn into_links(self) -> Option<(Links, usize)> {
        let chain = ManuallyDrop::new(self); // an empty one has nothing to drop
        Some((chain.links?, chain.count))
    }

    /// Drops the items. (Out of line, because a chain is mostly empty when it is dropped.)
    #[cold]
    fn drop_items(&mut self) {
        drop_all(iter::from_fn(|| self.pop()));
    }

    /// Makes a chain of `count` links that a push has given back.
    ///
    /// # Safety
    ///
    /// The links come from `handle_to_link::<H>`, belong to the caller, and lead from each to
    /// the next newer one.
    pub(crate) unsafe fn from_links(links: Links, count: usize) -> Self {
        // SAFETY: the link belongs to the chain.
        // Relaxed: the next push of the chain publishes it.
        unsafe { links.newest.as_ref() }
            .next
            .store(ptr::null_mut(), Ordering::Relaxed);
        Self {
            links: Some(links),
            count,
            handles: PhantomData,
        }
    }
}

impl<H: Handle> Drop for Chain<H> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_empty() {
            self.drop_items();
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
