//! How a push gets hold of the consumer's waker.
//!
//! The consumer may come from another thread or task each time, so it leaves a
//! waker behind when it parks, and takes a fresh one along the next time. The
//! slot in between needs no synchronisation of its own. It belongs
//!
//! | to | from | until |
//! |---|---|---|
//! | the consumer | the construction | it parks |
//! | the push that replaces `PARKED` | its exchange | its link: it takes the waker *out* in between |
//! | the consumer | the pop of that link, or a successful unpark | it parks |
//!
//! Because the waker is taken before the link is stored, the consumer may write
//! to the slot as soon as it has popped the item, although the producer may not
//! have woken anyone yet.

use core::fmt;
use core::panic::RefUnwindSafe;

use crate::seal::Seal;
use crate::sync::{UnsafeCell, const_fn_unless_loom};
use crate::waking::Wake;

/// What the waker of a [`WakingQueue`](crate::WakingQueue) is: that of a thread, that
/// of a task, or any [`Wake`]. Sealed.
pub trait Signal: Deliver {}

impl<W: Deliver> Signal for W {}

/// Unreachable from outside, which seals [`Signal`].
pub trait Deliver {
    /// What the push that must wake takes along.
    type Ticket;

    /// Takes the waker out. Does not unwind, and runs no code of the user's.
    ///
    /// # Safety
    ///
    /// Called once, by the push whose exchange replaced `PARKED`, before it
    /// stores its link.
    unsafe fn take(&self, _: Seal) -> Self::Ticket;

    /// Wakes the consumer.
    fn signal(&self, ticket: Self::Ticket, _: Seal);

    /// Drops the waker that was left behind, if any.
    ///
    /// # Safety
    ///
    /// Called by the consumer while the slot is its own: see the module.
    unsafe fn clear(&self, _: Seal);
}

impl<W: Wake> Deliver for W {
    type Ticket = ();

    unsafe fn take(&self, _: Seal) {}

    fn signal(&self, (): (), _: Seal) {
        self.wake();
    }

    unsafe fn clear(&self, _: Seal) {}
}

/// Where a consumer leaves its waker.
pub(crate) struct Slot<T>(UnsafeCell<Option<T>>);

// SAFETY: the slot passes `T`s from the consumer's thread to a producer's. Who may
// access it when is regulated by its methods' conditions.
unsafe impl<T: Send> Sync for Slot<T> {}

/// A slot is empty or full, whatever has panicked.
impl<T> RefUnwindSafe for Slot<T> {}

impl<T> Slot<T> {
    const_fn_unless_loom! {
        pub(crate) fn new() -> Self {
            Self(UnsafeCell::new(None))
        }
    }

    /// # Safety
    ///
    /// As for [`Deliver::take`].
    pub(crate) unsafe fn take(&self) -> Option<T> {
        // SAFETY: the exchange acquired what the consumer wrote before it parked,
        // and the consumer does not touch the slot before it has seen the link.
        self.0.with_mut(|waker| unsafe { (*waker).take() })
    }

    /// Leaves `waker()` behind, unless what is there `suits`.
    ///
    /// # Safety
    ///
    /// As for [`Deliver::clear`].
    pub(crate) unsafe fn fill(&self, suits: impl FnOnce(&T) -> bool, waker: impl FnOnce() -> T) {
        // SAFETY: the slot is the consumer's, which the caller is. (Taken out, so
        // that no user code, which could get here again, runs while it is borrowed.)
        let old = self.0.with_mut(|slot| unsafe { (*slot).take() });
        let new = match old {
            Some(old) if suits(&old) => old,
            _ => waker(),
        };
        // SAFETY: as above.
        self.0.with_mut(|slot| unsafe { *slot = Some(new) });
    }

    /// # Safety
    ///
    /// As for [`Deliver::clear`].
    pub(crate) unsafe fn clear(&self) {
        // SAFETY: the slot is the consumer's, which the caller is.
        drop(self.0.with_mut(|waker| unsafe { (*waker).take() }));
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}
