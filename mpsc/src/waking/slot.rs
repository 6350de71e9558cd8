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
//! who may access it. There are two cells, and the state also says which of them is the
//! producers'; the other one is the consumer's.
//!
//! | state | set by | the producers' cell belongs to | the consumer's cell belongs to |
//! |---|---|---|---|
//! | `FREE` | the thread that had the slot before | no thread | the consumer |
//! | `FILLING` | the consumer | the consumer | the consumer |
//! | `TAKING` | a push | that push | the consumer |
//! | `REPLACED` | the consumer, instead of `TAKING` | that push | no thread |
//!
//! - A push that finds the slot in use leaves it alone. If the consumer is there, it is
//!   awake, since it accesses the slot before it parks. If another push is there, that push
//!   is about to wake the consumer.
//! - The consumer never waits for a push either. If it finds one in the slot, it leaves its
//!   waker in its own cell and sleeps without parking: the push in the slot wakes it.
//! - What was left there goes to the one that changes the state first. The consumer takes it
//!   back by `TAKING`. The push takes it by `TAKING` with the cells exchanged, so that the
//!   consumer always has a cell of its own.
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
    /// Each is empty or full, even after a panic. [`Handover::InGap`] uses the first only.
    cells: [UnsafeCell<Option<T>>; 2],
    /// Used by [`Handover::Late`] only.
    state: AtomicUsize,
}

/// The bit of the state that is the index of the producers' cell.
const INDEX: usize = 1;

/// The slot is not in use. The producers' cell may hold the waker of the consumer.
const FREE: usize = 0;

/// The consumer is storing or clearing its waker.
const FILLING: usize = 2;

/// A push is taking the waker. The consumer's cell may hold one that is of no use any more.
const TAKING: usize = 4;

/// A push is taking the waker, and the consumer has left another one in its own cell.
const REPLACED: usize = 6;

// SAFETY: the slot passes a `T` from the consumer's thread to a producer's, which `T: Send`
// permits. The conditions of its methods exclude overlapping accesses.
unsafe impl<T: Send> Sync for WakerSlot<T> {}

impl<T> RefUnwindSafe for WakerSlot<T> {}

impl<T> WakerSlot<T> {
    const_fn_unless_loom! {
        pub(crate) fn new() -> Self {
            Self {
                cells: [UnsafeCell::new(None), UnsafeCell::new(None)],
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
    #[cold]
    pub(crate) unsafe fn take(&self, handover: Handover) -> Option<T> {
        match handover {
            // SAFETY: the exchange acquired what the consumer wrote before it parked, and the
            // consumer does not access the slot before it has seen the link.
            Handover::InGap => unsafe { self.take_from(0) },
            Handover::Late => self.take_late(),
        }
    }

    fn take_late(&self) -> Option<T> {
        let mut index = self.change(FREE, TAKING).ok()?;
        loop {
            // SAFETY: in the states `TAKING` and `REPLACED`, the producers' cell belongs to this
            // push.
            let waker = unsafe { self.take_from(index) };
            // Release pairs with the acquire of the next access to the cell.
            // Relaxed on failure: the value is not used.
            if self
                .state
                .compare_exchange(
                    TAKING | index,
                    FREE | index,
                    Ordering::Release,
                    Ordering::Relaxed,
                )
                .is_ok()
            {
                return waker;
            }
            // The consumer has left another waker. It drops the old one, because a push runs no
            // user code here.
            // SAFETY: as above.
            self.cells[index].with_mut(|cell| unsafe { *cell = waker });
            // Acquire pairs with the release in `replace`: the consumer's cell is full.
            // Release pairs with the acquire in `lock`: this push has left the other cell.
            // Relaxed on failure: the consumer has taken its waker back.
            let other = index ^ INDEX;
            if self
                .state
                .compare_exchange(
                    REPLACED | index,
                    TAKING | other,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                )
                .is_ok()
            {
                index = other;
            }
        }
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
                let old = unsafe { self.take_from(0) };
                let new = match old {
                    Some(old) if is_current(&old) => old,
                    _ => waker(),
                };
                // SAFETY: the slot belongs to the consumer.
                self.cells[0].with_mut(|slot| unsafe { *slot = Some(new) });
                true
            }
            Handover::Late => self.fill_late(waker()),
        }
    }

    fn fill_late(&self, mut waker: T) -> bool {
        loop {
            match self.lock() {
                Ok(index) => {
                    // SAFETY: in the state `FILLING`, both cells belong to the consumer.
                    let old = unsafe { [self.take_from(index), self.take_from(index ^ INDEX)] };
                    // SAFETY: as above.
                    self.cells[index].with_mut(|cell| unsafe { *cell = Some(waker) });
                    self.unlock(index);
                    drop(old);
                    return true;
                }
                Err(index) => match self.replace(index, waker) {
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
        match handover {
            // SAFETY: as in `fill`, the slot belongs to the consumer.
            Handover::InGap => drop(unsafe { self.take_from(0) }),
            Handover::Late => {
                let Ok(index) = self.lock() else {
                    return; // a push has taken the waker, or is about to
                };
                // SAFETY: in the state `FILLING`, both cells belong to the consumer.
                let old = unsafe { [self.take_from(index), self.take_from(index ^ INDEX)] };
                self.unlock(index);
                drop(old);
            }
        }
    }

    /// `FREE` → `FILLING`. Returns the index of the producers' cell, as an error if a push is
    /// in the slot. No waker is left for that push then.
    fn lock(&self) -> Result<usize, usize> {
        loop {
            let state = match self.change(FREE, FILLING) {
                Ok(index) => return Ok(index),
                Err(state) => state,
            };
            let index = state & INDEX;
            if state == TAKING | index || self.recall(index) {
                return Err(index);
            }
        }
    }

    /// `FILLING` → `FREE`.
    fn unlock(&self, index: usize) {
        // Release pairs with the acquire in `change`.
        self.state.store(FREE | index, Ordering::Release);
    }

    /// `TAKING` → `REPLACED`: leaves `waker` for the push that is in the slot. Returns it if
    /// the push has gone.
    fn replace(&self, index: usize, waker: T) -> Result<(), T> {
        let own = index ^ INDEX;
        // SAFETY: outside the state `REPLACED`, the consumer's cell belongs to the consumer.
        // It is the same one until the consumer sets that state.
        let _old = self.cells[own].with_mut(|slot| unsafe { (*slot).replace(waker) });
        // Release pairs with the acquire in `take_late`.
        // Relaxed on failure: the cell stays the consumer's.
        match self.state.compare_exchange(
            TAKING | index,
            REPLACED | index,
            Ordering::Release,
            Ordering::Relaxed,
        ) {
            Ok(_) => Ok(()),
            // SAFETY: the cell belongs to the consumer. It was filled above.
            Err(_) => Err(unsafe { self.take_from(own).unwrap_unchecked() }),
        }
    }

    /// `REPLACED` → `TAKING`: drops the waker that was left for the push in the slot. Returns
    /// `false` if that push has taken the waker, or is about to.
    fn recall(&self, index: usize) -> bool {
        // Relaxed: the consumer reads what it wrote, or nothing.
        let is_recalled = self
            .state
            .compare_exchange(
                REPLACED | index,
                TAKING | index,
                Ordering::Relaxed,
                Ordering::Relaxed,
            )
            .is_ok();
        if is_recalled {
            // SAFETY: in the state `TAKING`, the consumer's cell belongs to the consumer.
            drop(unsafe { self.take_from(index ^ INDEX) });
        }
        is_recalled
    }

    /// Changes the state `from` to `to`. Returns the index of the producers' cell, or the
    /// state if it is another one.
    fn change(&self, from: usize, to: usize) -> Result<usize, usize> {
        let mut index = 0;
        loop {
            // Acquire pairs with the release of the access to the producers' cell before; on
            // failure, with the release of the push that has left the consumer's cell.
            match self.state.compare_exchange(
                from | index,
                to | index,
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(index),
                Err(state) if state & !INDEX == from => index = state & INDEX,
                Err(state) => return Err(state),
            }
        }
    }

    /// Empties a cell.
    ///
    /// # Safety
    ///
    /// The cell belongs to the caller.
    unsafe fn take_from(&self, index: usize) -> Option<T> {
        // SAFETY: the caller's promise.
        self.cells[index].with_mut(|cell| unsafe { (*cell).take() })
    }
}

impl<T> fmt::Debug for WakerSlot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WakerSlot")
    }
}
