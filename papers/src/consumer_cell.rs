//! The state of a queue's consumer, borrowed by one consumer at a time.

use std::fmt;

use mpsc_queue::{ConsumerTaken, Pop};

use crate::queue::Consume;
use crate::sync::{AtomicBool, Ordering, UnsafeCell};

/// The only consumer of a queue. Dropping it lets another consumer continue.
pub struct Consumer<'q, Q: PopWith> {
    queue: &'q Q,
    guard: ConsumerGuard<'q, Q::State>,
}

/// A queue that pops with a state of its consumer.
pub trait PopWith {
    /// The type of the queue's items.
    type Item;
    /// The knowledge of the consumer between two pops.
    type State;

    /// Pops with the state of the consumer.
    fn pop_with(&self, state: &mut Self::State) -> Pop<Self::Item>;
}

/// Pops with the state of the consumer until a pop returns no item, and drops the items.
pub(crate) fn drop_items<Q: PopWith>(queue: &Q, state: &mut Q::State) {
    while let Pop::Item(item) = queue.pop_with(state) {
        drop(item);
    }
}

impl<'q, Q: PopWith> Consumer<'q, Q> {
    /// Creates the consumer of `queue`, whose state is in `cell`.
    pub(crate) fn new(
        queue: &'q Q,
        cell: &'q ConsumerCell<Q::State>,
    ) -> Result<Self, ConsumerTaken> {
        let guard = cell.acquire()?;
        Ok(Self { queue, guard })
    }
}

impl<Q: PopWith> Consume for Consumer<'_, Q> {
    type Item = Q::Item;

    #[inline]
    fn pop(&mut self) -> Pop<Q::Item> {
        let queue = self.queue;
        self.guard.with(|state| queue.pop_with(state))
    }
}

impl<Q: PopWith> fmt::Debug for Consumer<'_, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").finish_non_exhaustive()
    }
}

/// The state of the consumer, kept in the queue for the next consumer.
pub(crate) struct ConsumerCell<S> {
    taken: AtomicBool,
    state: UnsafeCell<S>,
}

// SAFETY: the state is reached through one `ConsumerGuard` at a time, which may be on
// any thread, or through `&mut self`.
unsafe impl<S: Send> Sync for ConsumerCell<S> {}

impl<S> ConsumerCell<S> {
    pub(crate) fn new(state: S) -> Self {
        Self {
            taken: AtomicBool::new(false),
            state: UnsafeCell::new(state),
        }
    }

    /// Borrows the state. Fails if another guard exists.
    pub(crate) fn acquire(&self) -> Result<ConsumerGuard<'_, S>, ConsumerTaken> {
        // Acquire pairs with the release in `ConsumerGuard::drop`: the accesses of the
        // previous consumer happen before. Relaxed on failure: no access follows.
        self.taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .map(|_| ConsumerGuard { cell: self })
            .map_err(|_| ConsumerTaken)
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        // SAFETY: `&mut self` excludes every other access while the result lives.
        self.state.with_mut(|state| unsafe { &mut *state })
    }
}

/// Exclusive access to the state of the consumer.
pub(crate) struct ConsumerGuard<'q, S> {
    cell: &'q ConsumerCell<S>,
}

impl<S> ConsumerGuard<'_, S> {
    #[inline]
    pub(crate) fn with<R>(&mut self, access: impl FnOnce(&mut S) -> R) -> R {
        // SAFETY: this is the only guard, and it is borrowed mutably. The accesses of
        // earlier guards happened before, by `ConsumerCell::acquire`.
        self.cell
            .state
            .with_mut(|state| access(unsafe { &mut *state }))
    }
}

impl<S> Drop for ConsumerGuard<'_, S> {
    fn drop(&mut self) {
        // Release pairs with the acquire in `ConsumerCell::acquire`.
        self.cell.taken.store(false, Ordering::Release);
    }
}
