//! Handles: owning pointers to items that embed a link.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::pin::Pin;
use core::ptr::{self, NonNull};

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, rc::Rc, sync::Arc};

#[cfg(loom)]
use loom::sync::Arc as LoomArc;
#[cfg(feature = "portable-atomic-util")]
use portable_atomic_util::Arc as PortableArc;
#[cfg(feature = "triomphe")]
use triomphe::Arc as TriompheArc;

use super::link::{Link, LinkKind, Linked, SharedLink, item_of, link_of};
use crate::sealed::INTERNAL;

/// An owning pointer to an item that embeds a link.
///
/// A handle goes into a queue, and the same handle comes out. The crate implements the
/// trait for these handles:
///
/// | handle | item embeds | push with |
/// |---|---|---|
/// | `Box<T>`, `Pin<Box<T>>`, `&mut T`, `Pin<&mut T>` | [`Link`] | [`Queue::push`](crate::Queue::push), which fails only if the queue is closed |
/// | `Arc<T>`, `Rc<T>`, `&T`, and these in a `Pin`; by [features](crate#features), the `Arc`s of triomphe and portable-atomic-util | [`SharedLink`] | [`Queue::try_push`](crate::Queue::try_push), which also fails while the item is queued |
/// | [`Via`] one of these | the same, with a name | the same |
///
/// A reference need not be `'static`: the compiler checks that the items outlive the queue. So a
/// queue can carry items of an arena. A queue of `Rc`s stays on its thread.
///
/// Other handles (a type of another crate, or of your own) need an implementation of your own,
/// which is `unsafe`. For a type of another crate, implement the trait on a newtype. If the item is
/// less visible than the handle, set `Item` to [`Link`] or [`SharedLink`], which are items too, and
/// return a pointer to that field.
///
/// `K` is the name of the link, if the item embeds several. A queue carries `Handle<()>`; the
/// others are for [`Via`].
///
/// # Safety
///
/// - `into_raw` returns a pointer that is valid for reads and writes of the item's link,
///   derived from a pointer with provenance over all that `from_raw` needs. It stays
///   valid, at that address, until it is given to `from_raw`, or until a lifetime in the
///   handle's type ends: the item must not be dropped, moved or mutably borrowed before
///   that, even if `from_raw` is never called.
/// - `from_raw` returns the handle that `into_raw` consumed.
/// - Neither function unwinds.
/// - If another handle to the same item can exist at the same time, the item's `Link` is
///   [`SharedLink`]. A *handle* here is a value of any type that implements this trait for this
///   link. Other pointers to the item do not count.
/// - If the handle is `Send`, `from_raw` may be called on another thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel through an intrusive queue",
    label = "not a handle to an item with the right link",
    note = "declare the link with `linked!`; items of `Arc`, `Rc` and `&T` embed a `SharedLink`"
)]
pub unsafe trait Handle<K = ()>: Sized {
    /// The type that the handle points to.
    type Item: Linked<K>;

    /// Converts the handle into a raw pointer.
    fn into_raw(self) -> NonNull<Self::Item>;

    /// Converts the raw pointer back into the handle.
    ///
    /// # Safety
    ///
    /// `item` comes from [`into_raw`](Self::into_raw) of this type, and has not been
    /// given to this function since.
    unsafe fn from_raw(item: NonNull<Self::Item>) -> Self;
}

/// A handle that is the only one to its item, whose link is a [`Link`].
///
/// Such an item cannot be pushed twice, so a push need not check. (An item with a [`SharedLink`] may
/// have been [retired](SharedLink::retire). It is pushed by `try_push`, also in a `Box`.)
///
/// # Safety
///
/// While a value of this type exists, and until the pointer from [`Handle::into_raw`] is given to
/// [`Handle::from_raw`], no other [handle](Handle#safety) to the same item can be used. The item's
/// `Link` is [`Link`].
pub unsafe trait UniqueHandle<K = ()>: Handle<K> {}

/// A handle whose clones refer to the same item.
///
/// [`Queue::try_push_by_ref`](crate::Queue::try_push_by_ref) clones such a handle only if the item
/// is not queued.
///
/// # Safety
///
/// `as_raw` returns the address that `into_raw` would, valid for reads of the link. `clone`
/// returns a handle to the same item. Neither unwinds.
pub unsafe trait SharedHandle<K = ()>: Handle<K> + Clone {
    /// Returns the pointer to the item, and keeps the handle.
    fn as_raw(&self) -> NonNull<Self::Item>;
}

// SAFETY: a box owns its allocation, which stays where it is until `from_raw`;
// both functions keep the provenance of the whole allocation and cannot unwind.
#[cfg(feature = "alloc")]
unsafe impl<K, T: Linked<K>> Handle<K> for Box<T> {
    type Item = T;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: a box is never null.
        unsafe { NonNull::new_unchecked(Box::into_raw(self)) }
    }

    unsafe fn from_raw(item: NonNull<T>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above.
        unsafe { Box::from_raw(item.as_ptr()) }
    }
}

// SAFETY: a box is the only owner of its item.
#[cfg(feature = "alloc")]
unsafe impl<K, T: Linked<K, Link = Link>> UniqueHandle<K> for Box<T> {}

// SAFETY: the item is exclusively borrowed for the lifetime of the reference: no other code drops,
// moves or borrows it before. What holds the raw pointer (a queue, a chain) has the lifetime in
// its type and implements `Drop`, so it is dropped within the lifetime, or is leaked and not used
// after it.
unsafe impl<K, T: Linked<K>> Handle<K> for &mut T {
    type Item = T;

    fn into_raw(self) -> NonNull<T> {
        NonNull::from(self)
    }

    unsafe fn from_raw(mut item: NonNull<T>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above, hence from a `&mut T`.
        unsafe { item.as_mut() }
    }
}

// SAFETY: the reference is exclusive.
unsafe impl<K, T: Linked<K, Link = Link>> UniqueHandle<K> for &mut T {}

// SAFETY: the item is borrowed for the lifetime, as by the exclusive reference above. Writes go to the link
// only, which consists of atomics. Other references can exist: the item embeds a `SharedLink`.
unsafe impl<K, T: Linked<K, Link = SharedLink>> Handle<K> for &T {
    type Item = T;

    fn into_raw(self) -> NonNull<T> {
        NonNull::from(self)
    }

    unsafe fn from_raw(item: NonNull<T>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above, hence from a `&T`.
        unsafe { item.as_ref() }
    }
}

// SAFETY: a reference is copied.
unsafe impl<K, T: Linked<K, Link = SharedLink>> SharedHandle<K> for &T {
    fn as_raw(&self) -> NonNull<T> {
        NonNull::from(*self)
    }
}

/// Implements [`Handle`] and [`SharedHandle`] for a pointer that counts its owners.
macro_rules! impl_counted {
    ($($(#[$cfg:meta])* $pointer:ident;)+) => {$(
        $(#[$cfg])*
        // SAFETY: the queue holds one strong count, so the item stays where it is, and `get_mut`
        // returns no `&mut` to it. `into_raw` keeps the provenance of the whole allocation. Other
        // handles can exist: the item embeds a `SharedLink`.
        unsafe impl<K, T: Linked<K, Link = SharedLink>> Handle<K> for $pointer<T> {
            type Item = T;

            fn into_raw(self) -> NonNull<T> {
                // SAFETY: a pointer that owns an item is never null.
                unsafe { NonNull::new_unchecked($pointer::into_raw(self).cast_mut()) }
            }

            unsafe fn from_raw(item: NonNull<T>) -> Self {
                // SAFETY: the caller got `item` from `into_raw` above.
                unsafe { $pointer::from_raw(item.as_ptr()) }
            }
        }

        $(#[$cfg])*
        // SAFETY: a clone shares the item, and increments a count, which aborts if it overflows.
        unsafe impl<K, T: Linked<K, Link = SharedLink>> SharedHandle<K> for $pointer<T> {
            fn as_raw(&self) -> NonNull<T> {
                NonNull::from(&**self)
            }
        }
    )+};
}

impl_counted! {
    #[cfg(feature = "alloc")]
    Arc;
    #[cfg(feature = "alloc")]
    Rc;
    #[cfg(loom)]
    LoomArc; // wraps the standard one
    #[cfg(feature = "portable-atomic-util")]
    PortableArc;
    #[cfg(feature = "triomphe")]
    TriompheArc;
}

// SAFETY: the pointer is only turned into a raw one and back. By the contract of its
// implementation, the item, which is what the `Pin` pins, is neither moved nor mutably borrowed in
// between, and it comes back pinned.
unsafe impl<K, P: Handle<K> + Deref<Target = <P as Handle<K>>::Item>> Handle<K> for Pin<P> {
    type Item = P::Item;

    fn into_raw(self) -> NonNull<P::Item> {
        // SAFETY: the item is not moved: see above.
        unsafe { Pin::into_inner_unchecked(self) }.into_raw()
    }

    unsafe fn from_raw(item: NonNull<P::Item>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above, hence from a pinned pointer.
        unsafe { Pin::new_unchecked(P::from_raw(item)) }
    }
}

// SAFETY: the pointer is the only handle, and it is in the `Pin`.
unsafe impl<K, P: UniqueHandle<K> + Deref<Target = <P as Handle<K>>::Item>> UniqueHandle<K>
    for Pin<P>
{
}

// SAFETY: a `Pin` is cloned by cloning its pointer.
unsafe impl<K, P: SharedHandle<K> + Deref<Target = <P as Handle<K>>::Item>> SharedHandle<K>
    for Pin<P>
{
    fn as_raw(&self) -> NonNull<P::Item> {
        // SAFETY: a `Pin` is `repr(transparent)`. The item is not moved.
        unsafe { &*ptr::from_ref(self).cast::<P>() }.as_raw()
    }
}

/// A handle that travels by the link that its item calls `K`.
///
/// [`linked!`](crate::linked) has an example.
pub struct Via<K, P> {
    pointer: P,
    name: PhantomData<fn() -> K>,
}

impl<K, P: Handle<K>> Via<K, P> {
    /// Wraps the pointer.
    pub fn new(pointer: P) -> Self {
        Self {
            pointer,
            name: PhantomData,
        }
    }

    /// Returns the pointer.
    pub fn into_inner(self) -> P {
        self.pointer
    }
}

// SAFETY: the pointer is turned into a raw one, of which the link is a part, and back. The
// contract of its implementation for `K` covers the rest.
unsafe impl<K, P: Handle<K>> Handle for Via<K, P> {
    /// The link itself.
    type Item = <P::Item as Linked<K>>::Link;

    fn into_raw(self) -> NonNull<Self::Item> {
        link_of(self.pointer.into_raw())
    }

    unsafe fn from_raw(link: NonNull<Self::Item>) -> Self {
        // SAFETY: the caller got `link` from `into_raw` above, where it was computed from a
        // pointer to the whole item, and that from the pointer.
        Self::new(unsafe { P::from_raw(item_of::<K, P::Item>(link)) })
    }
}

// SAFETY: the pointer is the only handle for `K`, and it is in here.
unsafe impl<K, P: UniqueHandle<K>> UniqueHandle for Via<K, P> {}

// SAFETY: cloned by cloning the pointer.
unsafe impl<K, P: SharedHandle<K>> SharedHandle for Via<K, P> {
    fn as_raw(&self) -> NonNull<Self::Item> {
        link_of(self.pointer.as_raw())
    }
}

impl<K, P: Handle<K>> From<P> for Via<K, P> {
    fn from(pointer: P) -> Self {
        Self::new(pointer)
    }
}

impl<K, P> Deref for Via<K, P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.pointer
    }
}

impl<K, P: Clone> Clone for Via<K, P> {
    fn clone(&self) -> Self {
        Self {
            pointer: self.pointer.clone(),
            name: PhantomData,
        }
    }
}

impl<K, P: fmt::Debug> fmt::Debug for Via<K, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Via").field(&self.pointer).finish()
    }
}

/// Converts a handle into a link that may be queued. Returns the handle if its item is
/// in a queue already.
pub(crate) fn handle_to_link<H: Handle>(handle: H) -> Result<NonNull<Link>, H> {
    let item = handle.into_raw();
    // SAFETY: `into_raw` promises that the link is valid. It consists of atomics, so
    // shared references to it do not conflict.
    if !unsafe { link_of(item).as_ref() }.set_queued(INTERNAL) {
        // SAFETY: `item` was returned by `into_raw` above.
        return Err(unsafe { H::from_raw(item) });
    }
    Ok(prepare::<H>(item))
}

/// Clones the handle, and converts the clone into a link that may be queued. Returns `None` if the
/// item is in a queue already.
pub(crate) fn handle_ref_to_link<H: SharedHandle>(handle: &H) -> Option<NonNull<Link>> {
    // SAFETY: `as_raw` promises that the link is valid, as above.
    if !unsafe { link_of(handle.as_raw()).as_ref() }.set_queued(INTERNAL) {
        return None;
    }
    Some(prepare::<H>(handle.clone().into_raw())) // neither unwinds
}

/// Returns the link of an item whose flag, if it has one, has just been set.
fn prepare<H: Handle>(item: NonNull<H::Item>) -> NonNull<Link> {
    let link = link_of(item).cast::<Link>(); // every `LinkKind` begins with one
    // SAFETY: `into_raw` promises that the link is valid. No queue accesses it: it was not queued,
    // by its flag or because this is the only handle.
    unsafe { link.as_ref() }.prepare();
    // A gap-free queue finds links by their addresses (`form/batch.rs`).
    link.as_ptr().expose_provenance();
    link
}

/// Converts a link that has just been taken out of a queue back into its handle.
///
/// # Safety
///
/// `link` comes from `handle_to_link::<H>` or `handle_ref_to_link::<H>`, has left every queue and
/// chain, and has not been converted back since.
pub(crate) unsafe fn link_to_handle<H: Handle>(link: NonNull<Link>) -> H {
    // SAFETY: `prepare` computed `link` from a pointer to the whole item.
    let item = unsafe { item_of::<(), H::Item>(link.cast()) };
    // SAFETY: the item is alive, since its handle has not been given back. The last
    // accesses to the link precede `from_raw`, which may assert uniqueness.
    unsafe {
        link.as_ref().mark_unlinked();
        link_of(item).as_ref().clear_queued(INTERNAL);
        H::from_raw(item)
    }
}
