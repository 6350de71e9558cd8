//! Items that embed a link, for the intrusive queues.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// The link of an item: the address of another item. Meaningless while the item is in no
/// queue.
pub struct Next<T>(AtomicPtr<T>);

impl<T> Next<T> {
    /// Creates a link to nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Loads the address.
    #[inline]
    pub fn load(&self, ordering: Ordering) -> *mut T {
        self.0.load(ordering)
    }

    /// Stores an address.
    #[inline]
    pub fn store(&self, item: *mut T, ordering: Ordering) {
        self.0.store(item, ordering);
    }
}

impl<T> Default for Next<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Next<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// An item that embeds a [`Next`]. Implemented by [`has_next!`](crate::has_next).
///
/// A queue takes boxes of such items, and owns an item from the push to the pop. So no
/// item is in two queues, or in one queue twice.
///
/// # Safety
///
/// The type has a field of the type `Next<Self>` at this offset, which is aligned in each item.
pub unsafe trait HasNext: Sized {
    /// The offset of the field.
    const OFFSET: usize;
}

/// Implements [`HasNext`] for a type and its field.
///
/// ```
/// struct Job {
///     next: papers::Next<Job>,
///     number: u32,
/// }
/// papers::has_next!(Job => next);
/// ```
///
/// A queue of items whose link is not aligned does not compile:
///
/// ```compile_fail,E0080
/// use papers::{Mpsc, Next, vyukov::Vyukov};
///
/// trait Chooses {
///     type Link: Default;
/// }
/// struct Packed;
/// impl Chooses for Packed {
///     type Link = Next<Job<Packed>>;
/// }
/// #[repr(C, packed)]
/// struct Job<T: Chooses> {
///     number: u8,
///     next: T::Link,
/// }
/// papers::has_next!(Job<Packed> => next);
///
/// let queue = Vyukov::<Job<Packed>>::new();
/// let _ = queue.push(Box::new(Job { number: 0, next: Next::new() }));
/// ```
#[macro_export]
macro_rules! has_next {
    ($type:ty => $field:ident) => {
        // SAFETY: `offset_of!` takes the offset of a field of the type itself, and the
        // closure checks the type of that field without any coercion.
        unsafe impl $crate::HasNext for $type {
            const OFFSET: usize = {
                let _: fn(*const Self) -> *const $crate::Next<Self> = |item| {
                    // SAFETY: never called.
                    unsafe { &raw const (*item).$field }
                };
                ::core::mem::offset_of!(Self, $field)
            };
        }
    };
}

/// Returns the link of an item.
///
/// # Safety
///
/// The memory of an item is allocated at `item`, and the link in it is initialised. Both
/// hold as long as the result is used.
#[inline]
pub(crate) unsafe fn next_of<'a, N: HasNext>(item: *mut N) -> &'a Next<N> {
    // SAFETY: `HasNext` guarantees that the field is at this offset.
    unsafe { &*next_pointer(item) }
}

/// Returns the address of the link of an item.
///
/// # Safety
///
/// The memory of an item is allocated at `item`.
pub(crate) unsafe fn next_pointer<N: HasNext>(item: *mut N) -> *mut Next<N> {
    // In a packed type, whose field the compiler lets pass if its type is an associated one.
    const {
        let align = align_of::<Next<N>>();
        assert!(
            N::OFFSET % align == 0 && align_of::<N>() >= align,
            "the link is aligned"
        );
    }
    // SAFETY: `HasNext` guarantees that the offset is within the item.
    unsafe { item.byte_add(N::OFFSET).cast() }
}

/// A value and its link, for values that embed none. Producers push a box of this, and the
/// consumer pops the same box, so neither allocates.
pub struct Node<T> {
    next: Next<Self>,
    value: T,
}

// SAFETY: the field `next` has the type `Next<Self>`.
unsafe impl<T> HasNext for Node<T> {
    const OFFSET: usize = std::mem::offset_of!(Self, next);
}

impl<T> Node<T> {
    /// Creates a node that is in no queue.
    pub fn new(value: T) -> Box<Self> {
        Box::new(Self {
            next: Next::new(),
            value,
        })
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Node<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Node<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.value).finish()
    }
}
