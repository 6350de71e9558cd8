//! The consumer's place: what the consumer alone may touch, handed to one at a
//! time.

use std::fmt;

use mpsc_queue::ConsumerTaken;

use crate::sync::{AtomicBool, Ordering, UnsafeCell};

/// The consumer's own data, in the queue so that the next consumer finds it.
pub(crate) struct Place<S> {
    taken: AtomicBool,
    own: UnsafeCell<S>,
}

// SAFETY: the data is reached through one `Taken` at a time, whoever holds it.
unsafe impl<S: Send> Sync for Place<S> {}

impl<S> Place<S> {
    pub(crate) fn new(own: S) -> Self {
        Self {
            taken: AtomicBool::new(false),
            own: UnsafeCell::new(own),
        }
    }

    /// Takes the place, unless it is taken.
    pub(crate) fn take(&self) -> Result<Taken<'_, S>, ConsumerTaken> {
        // Acquire pairs with the release in `Taken::drop`: the earlier consumer's
        // accesses are over. Relaxed on failure: nothing is done then.
        self.taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .map(|_| Taken { place: self })
            .map_err(|_| ConsumerTaken)
    }

    /// The data, whoever has the place: `&mut` proves that nobody uses it.
    pub(crate) fn own_mut(&mut self) -> &mut S {
        // SAFETY: exclusive by `&mut self`, for as long as the result lives.
        self.own.with_mut(|own| unsafe { &mut *own })
    }
}

/// The place, taken.
pub(crate) struct Taken<'q, S> {
    place: &'q Place<S>,
}

impl<S> Taken<'_, S> {
    /// Works on the data.
    #[inline]
    pub(crate) fn with<R>(&mut self, work: impl FnOnce(&mut S) -> R) -> R {
        // SAFETY: there is one `Taken`, and it is borrowed mutably. Those before
        // it happened before, by `take`.
        self.place.own.with_mut(|own| work(unsafe { &mut *own }))
    }
}

impl<S> Drop for Taken<'_, S> {
    fn drop(&mut self) {
        // Release pairs with the acquire in `Place::take`.
        self.place.taken.store(false, Ordering::Release);
    }
}

impl<S> fmt::Debug for Taken<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken").finish_non_exhaustive()
    }
}
