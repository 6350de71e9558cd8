//! What a queued value embeds, and how a type says where it embeds it.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use crate::seal::Seal;
use crate::sync::{AtomicBool, AtomicPtr, Ordering, const_fn_unless_loom};

/// The list node that a queued value embeds: one word.
///
/// It is for values that travel in a handle with *unique* ownership
/// (`Box`, `Pin<Box>`). A value that
/// several handles can reach embeds a [`SharedLink`].
///
/// A link is passive. It has no methods of its own, cannot be cloned, and may
/// be moved about with its value for as long as the value is in no queue.
///
/// ```
/// use mpsc_queue::{Link, linked};
///
/// struct Job {
///     link: Link,
///     name: &'static str,
/// }
/// linked!(Job => link: Link);
///
/// let job = Job { link: Link::new(), name: "compile" };
/// ```
pub struct Link {
    /// While queued: null for the newest link, else the next newer one.
    /// Not queued: anything ([`UNLINKED`] in debug builds).
    pub(crate) next: AtomicPtr<Link>,
}

/// What `next` holds while its link is in no queue. Kept up, and asserted, in
/// debug builds only: the algorithm never reads it.
const UNLINKED: *mut Link = ptr::without_provenance_mut(1);

impl Link {
    const_fn_unless_loom! {
        /// A link that is in no queue.
        #[must_use]
        pub fn new() -> Self {
            Self { next: AtomicPtr::new(UNLINKED) }
        }
    }

    /// Prepares the link to become the newest of a queue or chain.
    #[inline]
    pub(crate) fn enter(&self) {
        // Relaxed: still private to this thread. Paired through the release of
        // the exchange in `RawQueue::push`, which publishes it to the successor.
        debug_assert!(
            self.next.load(Ordering::Relaxed) == UNLINKED,
            "a link that is pushed must not be in a queue already"
        );
        self.next.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// Marks the link as being in no queue, where anyone checks.
    #[inline]
    pub(crate) fn leave(&self) {
        if cfg!(debug_assertions) {
            // Relaxed: the caller has taken the link out and owns it again; its
            // next `enter` is ordered after this by whatever passes the handle on.
            self.next.store(UNLINKED, Ordering::Relaxed);
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// A [`Link`] for values that several handles can reach
/// (`Arc`, `&'static`): two words.
///
/// The second word is a flag, claimed by a push and given back by the pop, so
/// that a value cannot be in a queue twice: a push of a value that is still
/// queued returns [`AlreadyQueued`](crate::AlreadyQueued) with the handle.
///
/// ```
/// use std::sync::Arc;
/// use mpsc_queue::{Queue, SharedLink, linked};
///
/// struct Task {
///     link: SharedLink,
/// }
/// linked!(Task => link: SharedLink);
///
/// let queue = Queue::new();
/// let task = Arc::new(Task { link: SharedLink::new() });
/// let _ = queue.try_push(Arc::clone(&task)).unwrap();
/// assert!(queue.try_push(task).is_err(), "it is queued already");
/// ```
#[repr(C)] // `link` first: a pointer to the one is a pointer to the other.
pub struct SharedLink {
    link: Link,
    queued: AtomicBool,
}

impl SharedLink {
    const_fn_unless_loom! {
        /// A link that is in no queue.
        #[must_use]
        pub fn new() -> Self {
            Self { link: Link::new(), queued: AtomicBool::new(false) }
        }
    }
}

impl Default for SharedLink {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SharedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLink").finish_non_exhaustive()
    }
}

/// A type that embeds a link. Implemented by [`linked!`](crate::linked).
///
/// Safe to implement, because a [`Field`] is the proof that the field is where it
/// says.
pub trait Linked: Sized {
    /// The type of the embedded field: [`Link`] or [`SharedLink`].
    type Link: LinkKind;

    /// Where in `Self` it lies.
    const FIELD: Field<Self, Self::Link>;
}

/// The proof that every `T` embeds an `L`, and where.
pub struct Field<T, L> {
    /// In bytes from the start.
    offset: usize,
    /// Invariant in both.
    of: PhantomData<*mut (T, L)>,
}

impl<T, L> Field<T, L> {
    /// States that there is such a field at `offset` bytes from the start of every
    /// `T`. [`linked!`](crate::linked) does so for a field of which it has checked
    /// the type; there is hardly a reason to do it by hand.
    ///
    /// # Safety
    ///
    /// There is, and nothing else overlaps it.
    ///
    /// # Panics
    ///
    /// At compile time, if the field is not aligned, as in a packed struct.
    #[must_use]
    pub const unsafe fn at(offset: usize) -> Self {
        assert!(
            offset % align_of::<L>() == 0 && align_of::<T>() >= align_of::<L>(),
            "the link is not aligned: its struct is packed"
        );
        Self {
            offset,
            of: PhantomData,
        }
    }

    /// How many bytes the field lies from the start.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

/// The two kinds of link: [`Link`] and [`SharedLink`]. Sealed.
pub trait LinkKind: Claim {}

impl LinkKind for Link {}
impl LinkKind for SharedLink {}

/// How a push makes sure that it is the only one to have the link in a queue.
///
/// The trait is unreachable from outside, which seals [`LinkKind`]. Both
/// implementors begin with a [`Link`].
pub trait Claim {
    /// Claims the link for one stay in a queue; `false` if it is in one.
    fn claim(&self, _: Seal) -> bool;

    /// Ends the stay. The consumer's very last act upon a link.
    fn release(&self, _: Seal);
}

/// Unique ownership of the handle is the claim.
impl Claim for Link {
    #[inline]
    fn claim(&self, _: Seal) -> bool {
        true
    }

    #[inline]
    fn release(&self, _: Seal) {}
}

/// Both operations are read-modify-writes with acquire and release, also where
/// the claim *fails*. That is what makes coalesced wake-ups correct: whatever
/// was written before a push that found the value queued is visible to whoever
/// receives the value from the pop. With a plain load and store in their place,
/// both sides could miss the other (each would read what was there before the
/// other's write), and a task woken at that moment would sleep for ever.
impl Claim for SharedLink {
    #[inline]
    fn claim(&self, _: Seal) -> bool {
        // Acquire pairs with the release in `release`: the last stay, with its
        // reads of `next`, is over before this one writes it. Release pairs with
        // the acquire in `release`: see above.
        !self.queued.swap(true, Ordering::AcqRel)
    }

    #[inline]
    fn release(&self, _: Seal) {
        // Acquire and release pair with those in `claim`.
        self.queued.swap(false, Ordering::AcqRel);
    }
}

/// The link embedded in `item`.
pub(crate) fn link_of<T: Linked>(item: NonNull<T>) -> NonNull<T::Link> {
    // SAFETY: by the contract of `Field::at` the field lies inside the same
    // allocated object. The result keeps the provenance of the whole item.
    unsafe { item.byte_add(T::FIELD.offset()).cast() }
}

/// The item that embeds `link`.
///
/// # Safety
///
/// `link` is embedded in a `T`, and was computed from a pointer to all of it.
pub(crate) unsafe fn item_of<T: Linked>(link: NonNull<Link>) -> NonNull<T> {
    // SAFETY: the inverse of `link_of`, by the caller's promise.
    unsafe { link.byte_sub(T::FIELD.offset()).cast() }
}

/// Declares which field of a type is its link: `linked!(Type => field: Link)`.
///
/// This is the safe way to implement [`Linked`]; it compiles
/// under `#![forbid(unsafe_code)]`. The last word names the field's type,
/// [`Link`] or [`SharedLink`], as the declaration of the struct does. Generic
/// parameters, with their bounds, stand in brackets in front:
///
/// ```
/// use mpsc_queue::{Link, SharedLink, linked};
///
/// struct Job {
///     link: Link,
/// }
/// linked!(Job => link: Link);
///
/// struct Task<F, const N: usize> {
///     future: [F; N],
///     link: SharedLink,
/// }
/// linked!([F: Send, const N: usize] Task<F, N> => link: SharedLink);
/// ```
///
/// Brackets, empty if need be, also stand before a type that is named by a path:
/// `linked!([] jobs::Job => link: Link)`. There is no place for a `where` clause.
///
/// The type of the field is checked on raw pointers, which do not coerce; its
/// offset is computed at compile time. What is refused:
/// [`docs::misuse`](crate::docs::misuse).
//
// What the user writes must not be able to change what the macro says: no `unsafe`
// stands before tokens of the user's (they could end the item and begin another), and
// every path begins at `$crate` (any other can be made to lead elsewhere).
#[macro_export]
macro_rules! linked {
    ($type:ident => $field:tt : $link:ident) => {
        $crate::linked!([] $type => $field: $link);
    };
    ([$($generics:tt)*] $type:ty => $field:tt : $link:ident) => {
        impl<$($generics)*> $crate::Linked for $type {
            type Link = $crate::$link;

            const FIELD: $crate::Field<Self, $crate::$link> = {
                let _: fn(*const Self) -> *const $crate::$link = |item| {
                    // SAFETY: never called.
                    unsafe { &raw const (*item).$field }
                };
                // SAFETY: `offset_of!` takes the offset of a field of the type itself,
                // and the closure checks the type of that field without any coercion
                // (raw pointers have none that would fit).
                unsafe { $crate::Field::at($crate::__private::offset_of!(Self, $field)) }
            };
        }
    };
}
