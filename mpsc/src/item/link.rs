//! Links, and how a type declares which of its fields is one.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use crate::sealed::Internal;
use crate::sync::{AtomicPtr, AtomicUsize, Ordering, check_stores_happened, const_fn_unless_loom};

/// The list node that a queued value embeds: one word.
///
/// A `Link` is for values that travel in a handle with *unique* ownership (`Box`,
/// `Pin<Box>`). A value that several handles can reach embeds a [`SharedLink`].
///
/// A link has no methods and cannot be cloned. It moves with its value while the value
/// is in no queue.
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
    /// While the link is queued, its neighbour in the queue; which neighbour, the form
    /// of the queue decides. Otherwise meaningless ([`UNLINKED`] in debug builds).
    pub(crate) next: AtomicPtr<Link>,
}

/// Value of `next` while its link is in no queue, in debug builds, where a push asserts
/// it. Release builds neither write nor read it.
const UNLINKED: *mut Link = ptr::without_provenance_mut(usize::MAX);

impl Link {
    const_fn_unless_loom! {
        /// Creates a link that is in no queue.
        #[must_use]
        pub fn new() -> Self {
            Self { next: AtomicPtr::new(UNLINKED) }
        }
    }

    /// Prepares the link to become the newest of a queue or chain.
    #[inline]
    pub(crate) fn prepare(&self) {
        // Relaxed: the link is still private to this thread. The release of the exchange
        // in `RawForm::push` publishes the null to the next push.
        debug_assert!(
            self.next.load(Ordering::Relaxed) == UNLINKED,
            "a link that is pushed is in no queue"
        );
        self.next.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// Marks the link as being in no queue, in debug builds.
    #[inline]
    pub(crate) fn mark_unlinked(&self) {
        check_stores_happened(&self.next);
        if cfg!(debug_assertions) {
            // Relaxed: the caller has taken the link out. `clear_queued` or the transfer of
            // the only handle orders the next push's `prepare` after this.
            self.next.store(UNLINKED, Ordering::Relaxed);
        }
    }
}

/// The oldest and the newest of some links that one thread owns, each of which leads to its
/// neighbour.
#[derive(Clone, Copy)]
pub struct Links {
    pub(crate) oldest: NonNull<Link>,
    pub(crate) newest: NonNull<Link>,
}

impl Links {
    pub(crate) fn single(link: NonNull<Link>) -> Self {
        Self {
            oldest: link,
            newest: link,
        }
    }

    /// Makes each link, which leads to the next newer one, lead to the next older one.
    #[inline]
    pub(crate) fn newest_first(self) -> Self {
        if self.oldest != self.newest {
            // SAFETY: the links belong to the owner of `self`, and lead to the newest.
            unsafe { reverse(self.oldest, self.newest) };
        }
        self
    }

    /// The inverse of [`newest_first`](Self::newest_first).
    pub(crate) fn oldest_first(self) -> Self {
        if self.oldest != self.newest {
            // SAFETY: the links belong to the owner of `self`, and lead to the oldest.
            unsafe { reverse(self.newest, self.oldest) };
        }
        self
    }
}

/// Reverses the links from `first` to `last`. Afterwards the `next` of `first` is null.
///
/// # Safety
///
/// The links are valid and belong to the caller. Each but `last` leads to the following one.
unsafe fn reverse(first: NonNull<Link>, last: NonNull<Link>) {
    let mut before = ptr::null_mut();
    let mut link = first;
    loop {
        // SAFETY: the links from `first` to `last` are valid.
        let next = unsafe { &link.as_ref().next };
        // Relaxed: the links belong to the caller. A push publishes them.
        let after = next.load(Ordering::Relaxed);
        next.store(before, Ordering::Relaxed);
        if link == last {
            return;
        }
        before = link.as_ptr();
        // SAFETY: each link but the last leads to another one.
        link = unsafe { NonNull::new_unchecked(after) };
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

/// A [`Link`] for values that several handles can reach (`Arc`, `Rc`, `&T`): two words.
///
/// The second word is a flag. A push sets it and the pop clears it, so that a value
/// cannot be in a queue twice: a push of a value that is still queued returns
/// [`AlreadyQueued`](crate::AlreadyQueued) with the handle. [`retire`](Self::retire) sets it for
/// good.
///
/// ```
/// use std::sync::Arc;
/// use mpsc_queue::{Queue, SharedLink, TryPushError, linked};
///
/// struct Task {
///     link: SharedLink,
/// }
/// linked!(Task => link: SharedLink);
///
/// let queue = Queue::new();
/// let task = Arc::new(Task { link: SharedLink::new() });
/// assert!(queue.try_push(Arc::clone(&task)).is_ok());
/// assert!(matches!(queue.try_push(task), Err(TryPushError::AlreadyQueued(_))));
/// ```
#[repr(C)] // `link` comes first, so a pointer to a `SharedLink` is a pointer to its `Link`.
pub struct SharedLink {
    link: Link,
    /// [`IDLE`], [`QUEUED`] or [`RETIRED`].
    state: AtomicUsize,
}

/// The link may be queued.
const IDLE: usize = 0;

/// The link is in a queue or chain.
const QUEUED: usize = 1;

/// The link is not to be queued any more. (It may still be in a queue or chain.)
const RETIRED: usize = 3;

impl SharedLink {
    const_fn_unless_loom! {
        /// Creates a link that is in no queue.
        #[must_use]
        pub fn new() -> Self {
            Self { link: Link::new(), state: AtomicUsize::new(IDLE) }
        }
    }

    /// Claims the link for good: no later push of its value succeeds.
    ///
    /// Returns `true` if the value is in no queue or chain. Otherwise a push has claimed it (it is in
    /// a queue or chain, from which it still comes out once, or that push is refused, because the
    /// queue is closed), or the link has been retired before. A push that overlaps this call comes
    /// before it or fails with [`AlreadyQueued`](crate::AlreadyQueued).
    ///
    /// If it returns `false` because the value is queued, everything that the caller did before
    /// happens before the pop that returns the value. A push that fails because the link is retired
    /// promises nothing of that kind.
    ///
    /// For a value that is finished, but which handles elsewhere may still try to push: a task
    /// that has completed, whose wakers live on.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use mpsc_queue::{Queue, SharedLink, linked};
    /// # struct Task { link: SharedLink }
    /// # linked!(Task => link: SharedLink);
    /// let queue = Queue::new();
    /// let task = Arc::new(Task { link: SharedLink::new() });
    /// assert!(task.link.retire());
    /// assert!(queue.try_push(task).is_err());
    /// ```
    pub fn retire(&self) -> bool {
        // Release pairs with the acquire in `clear_queued`, as that of a push. (Nothing needs to be
        // acquired: the last consumer may still have the value.)
        self.state.swap(RETIRED, Ordering::Release) == IDLE
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

/// A type that embeds a link, named `K` if it embeds several. Implemented by
/// [`linked!`](crate::linked).
///
/// The trait is safe to implement, because a [`Field`] can only be made by code that
/// has proved where the field lies.
pub trait Linked<K = ()>: Sized {
    /// The type of the embedded field: [`Link`] or [`SharedLink`].
    type Link: LinkKind;

    /// The position of that field in `Self`.
    const FIELD: Field<Self, Self::Link>;
}

/// A bare link is an item, too: what a [`Handle`](crate::Handle) points to whose item is private.
macro_rules! impl_linked {
    ($($link:ty),+) => {$(
        impl Linked for $link {
            type Link = Self;

            // SAFETY: it lies at its own start.
            const FIELD: Field<Self, Self> = unsafe { Field::at(0) };
        }
    )+};
}

impl_linked!(Link, SharedLink);

/// The proof that every `T` embeds an `L` at a certain offset.
pub struct Field<T, L> {
    /// In bytes from the start of the `T`.
    offset: usize,
    /// Invariant in both.
    of: PhantomData<*mut (T, L)>,
}

impl<T, L> Field<T, L> {
    /// States that every `T` has a field of type `L` at `offset` bytes from its start.
    ///
    /// Called by [`linked!`](crate::linked), for a field whose type it has checked.
    ///
    /// # Safety
    ///
    /// Every `T` has that field at that offset, and no other field overlaps it.
    ///
    /// # Panics
    ///
    /// At compile time, if the field is not aligned, as in a packed struct.
    #[must_use]
    pub const unsafe fn at(offset: usize) -> Self {
        assert!(
            offset % align_of::<L>() == 0 && align_of::<T>() >= align_of::<L>(),
            "the link is not aligned, because its struct is packed"
        );
        Self {
            offset,
            of: PhantomData,
        }
    }

    /// Returns the distance of the field from the start of its `T`, in bytes.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

/// The two kinds of link, [`Link`] and [`SharedLink`]. Sealed.
///
/// A kind determines how a push checks that the link is not queued.
///
/// # Safety
///
/// The type begins with a [`Link`].
pub unsafe trait LinkKind: Linked<Link = Self> {
    /// Marks the link as queued. Returns `false` if it already is.
    #[doc(hidden)]
    fn set_queued(&self, _: Internal) -> bool;

    /// Marks the link as not queued. The consumer must not access the link afterwards.
    #[doc(hidden)]
    fn clear_queued(&self, _: Internal);
}

// SAFETY: it is a `Link`.
//
// Nothing is marked, because the owner of an item's only handle knows that the item is
// not queued.
unsafe impl LinkKind for Link {
    #[inline]
    fn set_queued(&self, _: Internal) -> bool {
        true
    }

    #[inline]
    fn clear_queued(&self, _: Internal) {}
}

// SAFETY: `#[repr(C)]`, and its first field is a `Link`.
//
// Both operations are read-modify-writes with acquire and release, even where
// `set_queued` fails. Coalesced wake-ups rely on this: writes made before a push that
// fails are visible to the consumer that pops the value. With a load on the one side and
// a store on the other, each thread could miss the other's write, and a task woken at
// that moment would sleep for ever.
unsafe impl LinkKind for SharedLink {
    #[inline]
    fn set_queued(&self, _: Internal) -> bool {
        // Acquire pairs with the release in `clear_queued`: the consumer has read `next`
        // for the last time before this push writes it. Release pairs with the acquire
        // in `clear_queued`: see above.
        self.state.fetch_or(QUEUED, Ordering::AcqRel) & QUEUED == 0
    }

    #[inline]
    fn clear_queued(&self, _: Internal) {
        // Acquire, here and on failure, and release pair with those in `set_queued`. A link that
        // has been retired stays so.
        let _ = self
            .state
            .compare_exchange(QUEUED, IDLE, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// Returns the link named `K` that is embedded in `item`.
pub(crate) fn link_of<K, T: Linked<K>>(item: NonNull<T>) -> NonNull<T::Link> {
    // SAFETY: by the contract of `Field::at` the field lies inside the same
    // allocated object. The result keeps the provenance of the whole item.
    unsafe { item.byte_add(T::FIELD.offset()).cast() }
}

/// Returns the item that embeds `link`.
///
/// # Safety
///
/// `link` is the link named `K` of a `T`, and was computed from a pointer to all of it.
pub(crate) unsafe fn item_of<K, T: Linked<K>>(link: NonNull<T::Link>) -> NonNull<T> {
    // SAFETY: the inverse of `link_of`, by the caller's promise.
    unsafe { link.byte_sub(T::FIELD.offset()).cast() }
}

/// Declares which field of a type is its link: `linked!(Type => field: Link)`.
///
/// This is the safe way to implement [`Linked`]; it compiles under
/// `#![forbid(unsafe_code)]`. The last word names the field's type, [`Link`] or
/// [`SharedLink`], as the declaration of the struct does. Generic parameters are written
/// in brackets in front of the type, with their bounds:
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
/// A type that is named by a path needs brackets too, which may be empty:
/// `linked!([] jobs::Job => link: Link)`. A `where` clause is not supported.
///
/// An item that is to be in several queues at once embeds several links. Each but one has a
/// name, which is a type, and a queue uses it if its handle is [`Via`](crate::Via) that name. (Two
/// names for one field are permitted: the item is then in one queue at a time.)
///
/// ```
/// use std::sync::Arc;
/// use mpsc_queue::{Queue, SharedLink, Via, linked};
///
/// struct Dirty;
///
/// struct Page {
///     ready: SharedLink,
///     dirty: SharedLink,
/// }
/// linked!(Page => ready: SharedLink; dirty: SharedLink as Dirty);
///
/// let ready: Queue<Arc<Page>> = Queue::new();
/// let dirty: Queue<Via<Dirty, Arc<Page>>> = Queue::new();
///
/// let page = Arc::new(Page { ready: SharedLink::new(), dirty: SharedLink::new() });
/// assert!(ready.try_push(Arc::clone(&page)).is_ok());
/// assert!(dirty.try_push(Via::new(page)).is_ok());
/// ```
///
/// The macro checks the type of the field on raw pointers, which do not coerce, and
/// computes its offset at compile time. [`docs::misuse`](crate::docs::misuse) shows what
/// does not compile.
//
// The user's tokens must not be able to change what the macro states. So no `unsafe`
// precedes them (they could end the item and begin another one), and every path begins
// at `$crate` (any other path could be made to lead elsewhere).
#[macro_export]
macro_rules! linked {
    ($type:ident => $($links:tt)+) => {
        $crate::linked!([] $type => $($links)+);
    };
    ($generics:tt $type:ty => $($field:tt : $link:ident $(as $name:ty)?);+ $(;)?) => {
        $($crate::linked!(@one $generics $type => $field: $link [$($name)?]);)+
    };
    (@one $generics:tt $type:ty => $field:tt : $link:ident []) => {
        $crate::linked!(@one $generics $type => $field: $link [()]);
    };
    (@one [$($generics:tt)*] $type:ty => $field:tt : $link:ident [$name:ty]) => {
        impl<$($generics)*> $crate::Linked<$name> for $type {
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
