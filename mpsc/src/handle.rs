//! What travels through a queue: owning pointers to items that embed a link.

use core::ptr::NonNull;

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, sync::Arc};
#[cfg(feature = "alloc")]
use core::pin::Pin;

use crate::link::{Claim, Link, Linked, SharedLink, item_of, link_of};
use crate::seal::Seal;

/// An owning pointer to an item that embeds a link.
///
/// What goes into a queue is a handle, and the same handle comes out. The crate
/// implements it for
///
/// | handle | item embeds | push with |
/// |---|---|---|
/// | `Box<T>`, `Pin<Box<T>>` | [`Link`] | [`Queue::push`](crate::Queue::push), which cannot fail |
/// | `Arc<T>`, `&'static T` | [`SharedLink`] | [`Queue::try_push`](crate::Queue::try_push), which fails while the item is queued |
///
/// # Safety
///
/// - `into_raw` returns a pointer that is valid for reads and writes of the
///   item's link, derived from a pointer with provenance over all that
///   `from_raw` needs. It stays valid, at that address, until it is given to
///   `from_raw`: nobody drops, moves or takes a `&mut` to the item, even if the
///   pointer is never given back.
/// - `from_raw` gives back the handle that `into_raw` used up.
/// - Neither unwinds.
/// - If another handle to the same item can exist at the same time, the item's
///   `Link` is [`SharedLink`].
/// - A handle that is `Send` may be given back on another thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel through an intrusive queue",
    label = "not a handle to an item with the right link",
    note = "declare the link with `linked!`; items of `Arc` and `&'static` embed a `SharedLink`"
)]
pub unsafe trait Handle: Sized {
    /// What the handle points to.
    type Item: Linked;

    /// Gives up the handle for the bare pointer.
    fn into_raw(self) -> NonNull<Self::Item>;

    /// Takes the handle back.
    ///
    /// # Safety
    ///
    /// `item` comes from `into_raw` of this type, and has not been given back
    /// since.
    unsafe fn from_raw(item: NonNull<Self::Item>) -> Self;
}

/// A handle whose item no other handle reaches, so that it cannot be pushed
/// twice and a push need not check.
///
/// # Safety
///
/// While a value of this type exists, or the pointer it was turned into by
/// [`Handle::into_raw`], no other handle to the same item does.
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

// SAFETY: as for `Box<T>`. The item is not moved or handed out by `&mut`
// between the two, and comes back pinned.
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

// SAFETY: the queue holds one strong count, so the item stays, is not moved, and
// `Arc::get_mut` refuses a `&mut` to it. `Arc::into_raw` keeps the provenance of
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

// SAFETY: as for the standard `Arc`, which loom's wraps.
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

/// Turns a handle into a link that may be queued, or returns it if the item is
/// in a queue already.
pub(crate) fn check_in<H: Handle>(handle: H) -> Result<NonNull<Link>, H> {
    let item = handle.into_raw();
    let link = link_of(item);
    // SAFETY: `into_raw` promises that the link is valid; it consists of atomics,
    // so a shared reference to it conflicts with nobody.
    if !unsafe { link.as_ref() }.claim(Seal::BROKEN) {
        // SAFETY: `item` came out of `into_raw` just now.
        return Err(unsafe { H::from_raw(item) });
    }
    let link = link.cast::<Link>(); // every kind of link begins with one
    // SAFETY: as above. The claim succeeded: no queue has this link.
    unsafe { link.as_ref() }.enter();
    Ok(link)
}

/// Turns a link that has just been taken out of a queue back into its handle.
///
/// # Safety
///
/// `link` comes from `check_in::<H>`, has left every queue and chain, and is
/// not checked out a second time.
pub(crate) unsafe fn check_out<H: Handle>(link: NonNull<Link>) -> H {
    // SAFETY: `check_in` computed `link` from a pointer to the whole item.
    let item = unsafe { item_of::<H::Item>(link) };
    // SAFETY: the item is alive, since its handle has not been given back. The
    // last accesses to the link precede `from_raw`, which may assert uniqueness.
    unsafe {
        link.as_ref().leave();
        link_of(item).as_ref().release(Seal::BROKEN);
        H::from_raw(item)
    }
}
