//! Handles: owning pointers to items that embed a link.

use core::ptr::NonNull;

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, sync::Arc};
#[cfg(feature = "alloc")]
use core::pin::Pin;

use super::link::{Link, LinkKind, Linked, SharedLink, item_of, link_of};
use crate::sealed::INTERNAL;

/// An owning pointer to an item that embeds a link.
///
/// A handle goes into a queue, and the same handle comes out. The crate implements the
/// trait for these handles:
///
/// | handle | item embeds | push with |
/// |---|---|---|
/// | `Box<T>`, `Pin<Box<T>>` | [`Link`] | [`Queue::push`](crate::Queue::push), which fails only if the queue is closed |
/// | `Arc<T>`, `&'static T` | [`SharedLink`] | [`Queue::try_push`](crate::Queue::try_push), which also fails while the item is queued |
///
/// Other handles (`&'static mut T`, `Pin<Arc<T>>`, `Rc<T>`, a pointer into an arena, a
/// type of another crate) need an implementation of your own, which is `unsafe`.
///
/// # Safety
///
/// - `into_raw` returns a pointer that is valid for reads and writes of the item's link,
///   derived from a pointer with provenance over all that `from_raw` needs. It stays
///   valid, at that address, until it is given to `from_raw`: the item must not be
///   dropped, moved or mutably borrowed before that, even if `from_raw` is never called.
/// - `from_raw` returns the handle that `into_raw` consumed.
/// - Neither function unwinds.
/// - If another handle to the same item can exist at the same time, the item's `Link` is
///   [`SharedLink`].
/// - If the handle is `Send`, `from_raw` may be called on another thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel through an intrusive queue",
    label = "not a handle to an item with the right link",
    note = "declare the link with `linked!`; items of `Arc` and `&'static` embed a `SharedLink`"
)]
pub unsafe trait Handle: Sized {
    /// The type that the handle points to.
    type Item: Linked;

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

/// A handle that is the only one to its item.
///
/// Such an item cannot be pushed twice, so a push need not check.
///
/// # Safety
///
/// No other handle to the same item exists while a value of this type does, or until the
/// pointer from [`Handle::into_raw`] is given to [`Handle::from_raw`].
pub unsafe trait UniqueHandle: Handle {}

// SAFETY: a box owns its allocation, which stays where it is until `from_raw`;
// both functions keep the provenance of the whole allocation and cannot unwind.
#[cfg(feature = "alloc")]
unsafe impl<T: Linked> Handle for Box<T> {
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
unsafe impl<T: Linked> UniqueHandle for Box<T> {}

// SAFETY: the box owns its allocation, as in the implementation for `Box<T>`. The item is
// neither moved nor mutably borrowed between the two calls, and comes back pinned.
#[cfg(feature = "alloc")]
unsafe impl<T: Linked> Handle for Pin<Box<T>> {
    type Item = T;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: the box is only turned into a pointer and back into a pinned box.
        unsafe { Pin::into_inner_unchecked(self) }.into_raw()
    }

    unsafe fn from_raw(item: NonNull<T>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above.
        Box::into_pin(unsafe { Box::from_raw(item.as_ptr()) })
    }
}

// SAFETY: a box is the only owner of its item.
#[cfg(feature = "alloc")]
unsafe impl<T: Linked> UniqueHandle for Pin<Box<T>> {}

// SAFETY: the queue holds one strong count, so the item stays where it is, and
// `Arc::get_mut` returns no `&mut` to it. `Arc::into_raw` keeps the provenance of
// the whole allocation. Other handles can exist: the item embeds a `SharedLink`.
#[cfg(feature = "alloc")]
unsafe impl<T: Linked<Link = SharedLink>> Handle for Arc<T> {
    type Item = T;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: an arc is never null.
        unsafe { NonNull::new_unchecked(Arc::into_raw(self).cast_mut()) }
    }

    unsafe fn from_raw(item: NonNull<T>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above.
        unsafe { Arc::from_raw(item.as_ptr()) }
    }
}

// SAFETY: loom's `Arc` wraps the standard one, of which the above holds.
#[cfg(loom)]
unsafe impl<T: Linked<Link = SharedLink>> Handle for loom::sync::Arc<T> {
    type Item = T;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: an arc is never null.
        unsafe { NonNull::new_unchecked(loom::sync::Arc::into_raw(self).cast_mut()) }
    }

    unsafe fn from_raw(item: NonNull<T>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above.
        unsafe { loom::sync::Arc::from_raw(item.as_ptr()) }
    }
}

// SAFETY: the item is borrowed for ever: it is never dropped, moved or mutably
// borrowed again. Writes go to the link only, which consists of atomics.
// Other references can exist: the item embeds a `SharedLink`.
unsafe impl<T: Linked<Link = SharedLink>> Handle for &'static T {
    type Item = T;

    fn into_raw(self) -> NonNull<T> {
        NonNull::from(self)
    }

    unsafe fn from_raw(item: NonNull<T>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above, hence from a
        // `&'static T`.
        unsafe { item.as_ref() }
    }
}

/// Converts a handle into a link that may be queued. Returns the handle if its item is
/// in a queue already.
pub(crate) fn handle_to_link<H: Handle>(handle: H) -> Result<NonNull<Link>, H> {
    let item = handle.into_raw();
    let link = link_of(item);
    // SAFETY: `into_raw` promises that the link is valid. It consists of atomics, so
    // shared references to it do not conflict.
    if !unsafe { link.as_ref() }.set_queued(INTERNAL) {
        // SAFETY: `item` was returned by `into_raw` above.
        return Err(unsafe { H::from_raw(item) });
    }
    let link = link.cast::<Link>(); // every `LinkKind` begins with one
    // SAFETY: the link is valid, as above. No queue accesses it: it was not queued, by its
    // flag or because this is the only handle.
    unsafe { link.as_ref() }.prepare();
    // A gap-free queue finds links by their addresses (`form/batch.rs`).
    link.as_ptr().expose_provenance();
    Ok(link)
}

/// Converts a link that has just been taken out of a queue back into its handle.
///
/// # Safety
///
/// `link` comes from `handle_to_link::<H>`, has left every queue and chain, and has not
/// been converted back since.
pub(crate) unsafe fn link_to_handle<H: Handle>(link: NonNull<Link>) -> H {
    // SAFETY: `handle_to_link` computed `link` from a pointer to the whole item.
    let item = unsafe { item_of::<H::Item>(link) };
    // SAFETY: the item is alive, since its handle has not been given back. The last
    // accesses to the link precede `from_raw`, which may assert uniqueness.
    unsafe {
        link.as_ref().mark_unlinked();
        link_of(item).as_ref().clear_queued(INTERNAL);
        H::from_raw(item)
    }
}
