//! The slot in which a consumer stores its waker, and how a push gets hold of it.
//!
//! The consumer may run on a different thread or task each time it parks, so it stores its
//! current waker on every park. How the waker is handed over depends on the form.
//!
//! # In the gap
//!
//! The slot needs no synchronisation of its own, because it belongs
//!
//! | to | from | until |
//! |---|---|---|
//! | the consumer | its construction | the consumer parks |
//! | the push that replaces `PARKED` | its exchange | it stores its link; it takes the waker *out* in between |
//! | the consumer | the pop of that link, or a successful unpark | the consumer parks |
//!
//! Because the push takes the waker before it stores its link, the consumer may write to
//! the slot as soon as it has popped the item, even if the push has not woken it yet.
//!
//! # Without a gap
//!
//! The consumer may have popped the item, and be about to park again, while the push has yet
//! to take the waker. Any number of such late pushes may come to the slot, so a state says
//! who may access it:
//!
//! | state | set by | the first cell belongs to | the second cell belongs to |
//! |---|---|---|---|
//! | `FREE` | who had the slot before | nobody | the consumer |
//! | `FILLING` | the consumer | the consumer | the consumer |
//! | `TAKING` | a push | that push | the consumer |
//! | `REPLACED` | the consumer, instead of `TAKING` | that push | that push, once it is done with the first |
//!
//! - A push that finds the slot in use leaves it alone. If the consumer is there, it is
//!   awake, since it accesses the slot before it parks. If another push is there, that push
//!   is about to wake the consumer.
//! - The consumer never waits for a push either. If it finds one in the slot, it leaves its
//!   waker in the second cell and sleeps without parking: the push in the slot wakes it.
//! - A late push may take a waker that was left for a later park. So the consumer stores a
//!   waker again after every wake-up.

use core::fmt;
use core::panic::RefUnwindSafe;

use crate::form::{Form, RawForm};
use crate::sync::{AtomicUsize, Ordering, UnsafeCell, const_fn_unless_loom};

/// How a form hands a waker over to a push.
#[derive(Clone, Copy, Debug)]
pub enum Handover {
    /// The push takes the waker in its gap.
    InGap,
    /// The push takes the waker at any time after its links are in place.
    Late,
}

impl Handover {
    pub(super) const fn of<F: Form>() -> Self {
        match <F::Raw as RawForm>::STALL {
            Some(_) => Self::InGap,
            None => Self::Late,
        }
    }
}

/// The slot in which a consumer stores its waker.
pub(crate) struct WakerSlot<T> {
    /// Empty or full, even after a panic.
    waker: UnsafeCell<Option<T>>,
    /// Full in the state `REPLACED` only.
    replacement: UnsafeCell<Option<T>>,
    /// Used by [`Handover::Late`] only.
    state: AtomicUsize,
}

/// The slot is not in use.
const FREE: usize = 0;

/// The consumer is storing or clearing its waker.
const FILLING: usize = 1;

/// A push is taking the waker.
const TAKING: usize = 2;

/// A push is taking the waker, and the consumer has left another one meanwhile.
const REPLACED: usize = 3;

// SAFETY: the slot passes a `T` from the consumer's thread to a producer's, which `T: Send`
// permits. The conditions of its methods exclude overlapping accesses.
unsafe impl<T: Send> Sync for WakerSlot<T> {}

impl<T> RefUnwindSafe for WakerSlot<T> {}

impl<T> WakerSlot<T> {
    const_fn_unless_loom! {
        pub(crate) fn new() -> Self {
            Self {
                waker: UnsafeCell::new(None),
                replacement: UnsafeCell::new(None),
                state: AtomicUsize::new(FREE),
            }
        }
    }

    /// Takes the waker out.
    ///
    /// # Safety
    ///
    /// As for [`WakeTarget::take`](super::wake::WakeTarget::take): the caller is the push that
    /// replaced `PARKED`, at the point that `handover` names.
    pub(crate) unsafe fn take(&self, handover: Handover) -> Option<T> {
        match handover {
            // SAFETY: the exchange acquired what the consumer wrote before it parked, and the
            // consumer does not access the slot before it has seen the link.
            Handover::InGap => self.waker.with_mut(|waker| unsafe { (*waker).take() }),
            Handover::Late => self.take_late(),
        }
    }

    fn take_late(&self) -> Option<T> {
        // Acquire pairs with the release of `fill_late`, and of an earlier push's.
        // Relaxed on failure: the slot is left alone.
        self.state
            .compare_exchange(FREE, TAKING, Ordering::Acquire, Ordering::Relaxed)
            .ok()?;
        // SAFETY: in the state `TAKING`, the first cell belongs to this push.
        let waker = self.waker.with_mut(|waker| unsafe { (*waker).take() });
        // Release pairs with the acquire of the next access to the first cell.
        // Acquire on failure pairs with the release in `replace`.
        if self
            .state
            .compare_exchange(TAKING, FREE, Ordering::Release, Ordering::Acquire)
            .is_ok()
        {
            return waker;
        }
        // SAFETY: in the state `REPLACED`, both cells belong to this push.
        let replacement = self
            .replacement
            .with_mut(|waker| unsafe { (*waker).take() });
        // Release pairs with the acquire of the next access to either cell.
        self.state.store(FREE, Ordering::Release);
        replacement
    }

    /// Stores `waker()`. Returns `false` if a push is in the slot: that push wakes the
    /// consumer, which then sleeps without parking.
    ///
    /// If `is_current` returns `true` for a waker that is there, that one may stay.
    ///
    /// # Safety
    ///
    /// The caller is the consumer. The queue was empty and not parked just now: each push that
    /// replaced an earlier mark has taken the waker, if it does so in its gap, and its item has
    /// been popped.
    pub(crate) unsafe fn fill(
        &self,
        handover: Handover,
        is_current: impl FnOnce(&T) -> bool,
        waker: impl FnOnce() -> T,
    ) -> bool {
        match handover {
            Handover::InGap => {
                // SAFETY: the slot belongs to the consumer. (The waker is taken out, so that no
                // user code runs while the slot is borrowed, and a panic leaves it empty.)
                let old = self.waker.with_mut(|slot| unsafe { (*slot).take() });
                let new = match old {
                    Some(old) if is_current(&old) => old,
                    _ => waker(),
                };
                // SAFETY: the slot belongs to the consumer.
                self.waker.with_mut(|slot| unsafe { *slot = Some(new) });
                true
            }
            Handover::Late => self.fill_late(waker()),
        }
    }

    fn fill_late(&self, mut waker: T) -> bool {
        loop {
            match self.lock() {
                Ok(()) => {
                    // SAFETY: in the state `FILLING`, the first cell belongs to the consumer.
                    let old = self
                        .waker
                        .with_mut(|slot| unsafe { (*slot).replace(waker) });
                    self.unlock();
                    drop(old);
                    return true;
                }
                Err(()) => match self.replace(waker) {
                    Ok(()) => return false,
                    // The push has left the slot meanwhile, so another one may be there.
                    Err(unused) => waker = unused,
                },
            }
        }
    }

    /// Drops the waker.
    ///
    /// # Safety
    ///
    /// As for [`fill`](Self::fill).
    pub(crate) unsafe fn clear(&self, handover: Handover) {
        if let Handover::Late = handover {
            if self.lock().is_err() {
                return; // a push has taken the waker, or is about to
            }
        }
        // SAFETY: the slot belongs to the consumer: as in `fill`, or in the state `FILLING`.
        let old = self.waker.with_mut(|waker| unsafe { (*waker).take() });
        if let Handover::Late = handover {
            self.unlock();
        }
        drop(old);
    }

    /// `FREE` → `FILLING`. Fails if a push is in the slot; the second cell is empty then.
    fn lock(&self) -> Result<(), ()> {
        // Acquire pairs with the release of the push that was in the slot before, on failure
        // as well: that push may have emptied the second cell.
        match self
            .state
            .compare_exchange(FREE, FILLING, Ordering::Acquire, Ordering::Acquire)
        {
            Ok(_) => Ok(()),
            Err(REPLACED) => {
                self.recall();
                Err(())
            }
            Err(_) => Err(()),
        }
    }

    /// `FILLING` → `FREE`.
    fn unlock(&self) {
        // Release pairs with the acquire in `take_late`.
        self.state.store(FREE, Ordering::Release);
    }

    /// `TAKING` → `REPLACED`: leaves `waker` for the push that is in the slot. Returns it if
    /// the push has gone.
    fn replace(&self, waker: T) -> Result<(), T> {
        // SAFETY: outside the state `REPLACED`, the second cell belongs to the consumer.
        let old = self
            .replacement
            .with_mut(|slot| unsafe { (*slot).replace(waker) });
        debug_assert!(old.is_none(), "full in the state `REPLACED` only");
        // Release pairs with the acquire in `take_late`.
        // Relaxed on failure: the second cell stays the consumer's.
        match self
            .state
            .compare_exchange(TAKING, REPLACED, Ordering::Release, Ordering::Relaxed)
        {
            Ok(_) => Ok(()),
            // SAFETY: the second cell belongs to the consumer. It was filled above.
            Err(_) => Err(self
                .replacement
                .with_mut(|slot| unsafe { (*slot).take().unwrap_unchecked() })),
        }
    }

    /// `REPLACED` → `TAKING`: drops the waker that was left for the push in the slot, unless
    /// that push has taken it.
    fn recall(&self) {
        // Acquire on failure pairs with the release in `take_late`: the push has emptied the
        // second cell. Relaxed on success: the consumer reads what it wrote.
        if self
            .state
            .compare_exchange(REPLACED, TAKING, Ordering::Relaxed, Ordering::Acquire)
            .is_ok()
        {
            // SAFETY: in the state `TAKING`, the second cell belongs to the consumer.
            drop(self.replacement.with_mut(|slot| unsafe { (*slot).take() }));
        }
    }
}

impl<T> fmt::Debug for WakerSlot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WakerSlot")
    }
}
