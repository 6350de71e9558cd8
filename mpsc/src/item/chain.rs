//! Chains of items, linked beforehand and pushed together.

use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use super::handle::{Handle, UniqueHandle, handle_to_link, link_to_handle};
use super::link::Link;
use crate::error::AlreadyQueued;
use crate::sync::Ordering;

/// A private list of items that a producer [pushes](crate::Queue::push_chain) with one
/// read-modify-write, whatever its length.
///
/// Building a chain does not allocate and takes no read-modify-write (for shared handles,
/// one per item, for its flag). Dropping a chain drops its items.
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
/// assert!(!queue.push_chain(chain).is_needed(), "the consumer has not parked");
/// assert!(matches!(consumer.pop(), Pop::Item(job) if job.number == 0));
/// ```
pub struct Chain<H: Handle> {
    ends: Option<Ends>,
    count: usize,
    /// A raw pointer, so that the chain is invariant in `H`, and `Send` only as declared
    /// below.
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

    /// Moves all items of `other` to the end of this chain.
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

    /// Removes and returns the oldest item.
    pub fn pop(&mut self) -> Option<H> {
        let Ends { first, last } = self.ends?;
        self.ends = if first == last {
            None
        } else {
            // SAFETY: a link in the chain is valid until it is taken out. Relaxed: written
            // by this thread, or before the chain was sent to it. Not null, because
            // `first` is not the last link.
            let next = unsafe { first.as_ref() }.next.load(Ordering::Relaxed);
            NonNull::new(next).map(|first| Ends { first, last })
        };
        self.count -= 1;
        // SAFETY: `first` comes from a handle of type `H` and has just left the chain.
        Some(unsafe { link_to_handle(first) })
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

    /// Converts the chain into its first link, its last link and their number.
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
