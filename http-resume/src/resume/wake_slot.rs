//! The place where a suspended request waits for a `Waker`.
//!
//! | before | event | after |
//! |---|---|---|
//! | *running* | a wake-up | *woken* |
//! | *running* | the handler's call ends ([`WakeSlot::suspend`]) | *suspended*: the slot owns the pending request |
//! | *woken* | the handler's call ends | *woken*; the request is resumed at once |
//! | *woken* | a wake-up | *woken* |
//! | *suspended* | a wake-up takes the pending request, and resumes it | *woken* |
//! | *suspended* | the request ends ([`Waiting::end`]): the event loop takes it, and drops the work | *woken* |
//! | *woken* | the handler's next call begins ([`WakeSlot::begin`]) | *running* |
//!
//! A suspended slot has no drop of its own, because it is never dropped: the work in the cell that
//! it owns has a handle of the slot. The event loop breaks this cycle, because a suspension ends by
//! a wake-up, or by its [`AbandonFlag`](super::AbandonFlag), which calls [`Waiting::end`].

use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use mpsc_queue::Handle;

use super::cell::{Header, Waiting};
use super::pending::{Pending, cancel};
use crate::panic::catch_panic;
use crate::sync::{AtomicPtr, Ordering};

/// Holds a suspended request until a wake-up or the end of the request takes it.
pub struct WakeSlot<W: Send + 'static> {
    /// [`RUNNING`], [`woken`], or the cell of the pending request that the slot owns.
    state: AtomicPtr<Header>,
    /// A slot passes on ownership of the work, so it can be shared if the work can be sent.
    owns: PhantomData<fn(W) -> W>,
}

const RUNNING: *mut Header = ptr::null_mut();

/// Returns the mark of a slot in which a wake-up has come. It is no address of a cell.
fn woken() -> *mut Header {
    NonNull::dangling().as_ptr()
}

impl<W: Send + 'static> WakeSlot<W> {
    /// Creates a slot whose handler is being called.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: AtomicPtr::new(RUNNING),
            owns: PhantomData,
        }
    }

    /// Begins another call of the handler. It sees what the wake-ups so far are about.
    pub fn begin(&self) {
        // Acquire pairs with the release in `take`: of the wake-up that resumed the request, and of
        // those that came later. The slot is woken, so it owns nothing.
        self.state.swap(RUNNING, Ordering::Acquire);
    }

    /// Ends a call of the handler that has suspended the request. The next wake-up resumes it; if
    /// one has come since the call began, this resumes it.
    pub fn suspend(&self, pending: Pending<W>) {
        let cell = pending.into_raw().as_ptr();
        // Release pairs with the acquire in `take`: the thread that takes the cell sees its work.
        // Relaxed on failure: `begin` acquires what the wake-up is about.
        let suspended =
            self.state
                .compare_exchange(RUNNING, cell, Ordering::Release, Ordering::Relaxed);
        if suspended.is_err() {
            // SAFETY: the pointer comes from `into_raw` above, and nothing else has it.
            let pending = unsafe { Pending::<W>::from_raw(NonNull::new_unchecked(cell)) };
            pending.resume();
        }
    }

    /// Resumes the request if it is suspended, or as soon as its handler suspends it.
    pub fn wake(&self) {
        if let Some(pending) = self.take() {
            pending.resume();
        }
    }

    /// Leaves the slot woken. Returns the pending request, if the slot owned it.
    fn take(&self) -> Option<Pending<W>> {
        // Acquire pairs with the release in `suspend`. Release pairs with the acquire in `begin`.
        let before = self.state.swap(woken(), Ordering::AcqRel);
        let cell = NonNull::new(before).filter(|cell| cell.as_ptr() != woken())?;
        // SAFETY: the pointer comes from `into_raw` in `suspend`, and the swap has taken it.
        Some(unsafe { Pending::from_raw(cell) })
    }
}

/// Drops the work of a suspended request, on the thread of its event loop.
impl<W: Send + 'static> Waiting for WakeSlot<W> {
    fn end(&self) {
        if let Some(pending) = self.take() {
            let (work, _) = cancel(pending);
            catch_panic(|| drop(work));
        }
    }
}

impl<W: Send + 'static> Default for WakeSlot<W> {
    fn default() -> Self {
        Self::new()
    }
}
