//! A suspended request in the background.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use mpsc_queue::{Handle, UniqueHandle};

use super::cell::{
    AbandonFlag, CellId, Completion, Header, RequestCell, RequestKey, Returned, VacantCell, fill,
    return_to_loop,
};
use super::queue::ResumeQueue;
use crate::sync::{Arc, Ordering};

/// A suspended request, owned by the background.
///
/// [`Response::mark_async`](crate::Response::mark_async) returns it. It carries the work, of
/// type `W`, to the code that does the work, and is then consumed by
/// [`resume`](Self::resume), which calls the handler again on its event loop and passes the
/// work to it. A pending request that is dropped instead, for example by a worker that
/// panics, is answered with 500.
///
/// It may outlive its connection and the server. Then the work is dropped.
///
/// It is a [`Handle`], so a queue of pending requests allocates nothing per request.
///
/// # What does not compile
///
/// Shortening a lifetime in the work (with `'static` in both places, this compiles):
///
/// ```compile_fail
/// use http_resume::Pending;
///
/// fn shorten<'a>(pending: Pending<&'static str>) -> Pending<&'a str> {
///     pending
/// }
/// ```
pub struct Pending<W> {
    cell: NonNull<RequestCell<W>>,
    /// Invariant: the handler gets the work back as exactly the type that it was suspended
    /// with, so a shorter-lived value must not take its place.
    owns: PhantomData<*mut W>,
}

// SAFETY: a `Pending` owns its cell. Sending it sends the work, which `W: Send` permits, and
// the header, whose fields can be sent (see `Returned`).
unsafe impl<W: Send> Send for Pending<W> {}

// SAFETY: `&Pending` gives access to `&W`, which `W: Sync` permits, and to the atomic
// `is_abandoned`.
unsafe impl<W: Sync> Sync for Pending<W> {}

/// Suspends the request `key` with `work`, in the cell `spare` if its type is the same.
pub fn suspend<W: Send + 'static>(
    queue: &Arc<ResumeQueue<Returned>>,
    key: RequestKey,
    spare: Option<VacantCell>,
    work: W,
) -> (Pending<W>, AbandonFlag) {
    let (cell, flag) = fill(queue, key, spare, work);
    let pending = Pending {
        cell,
        owns: PhantomData,
    };
    (pending, flag)
}

/// Takes a request back before it is resumed.
#[must_use]
pub fn cancel<W: 'static>(pending: Pending<W>) -> (W, VacantCell) {
    let pending = ManuallyDrop::new(pending);
    // SAFETY: `pending` owned the cell and does not use it afterwards. No other reference
    // to `queue` exists.
    let returned = unsafe {
        (*pending.cell.as_ptr()).header.queue = None;
        Returned::from_raw(pending.cell.cast())
    };
    match returned.open() {
        Ok(opened) => opened,
        Err(_) => unreachable!("the cell of a `Pending<W>` is one of `W`"),
    }
}

/// Returns the identity of the request's cell.
#[must_use]
pub fn cell_id<W>(pending: &Pending<W>) -> CellId {
    CellId(pending.cell.addr().get())
}

impl<W> Pending<W> {
    /// Returns the work.
    #[must_use]
    pub fn work(&self) -> &W {
        // SAFETY: `self` owns the cell, so the work changes only through `&mut self`. The
        // reference covers the work alone, not the header, whose flag the loop may write.
        let work = unsafe { &(*self.cell.as_ptr()).work };
        work.as_ref().expect(HAS_WORK)
    }

    /// Returns the work mutably, so that results can be stored in it.
    #[must_use]
    pub fn work_mut(&mut self) -> &mut W {
        // SAFETY: `self` owns the cell, and `&mut self` excludes every other access to the
        // work. The reference covers the work alone.
        let work = unsafe { &mut (*self.cell.as_ptr()).work };
        work.as_mut().expect(HAS_WORK)
    }

    /// Returns `true` if the request no longer needs a response: the client
    /// [disconnected](crate#disconnected-clients) or the deadline passed. Long work may then
    /// stop early. Resuming remains harmless.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        // SAFETY: `self` owns the cell, and no thread writes to this field of a pending one.
        let is_abandoned = unsafe { &(*self.cell.as_ptr()).header.is_abandoned };
        // Relaxed: a hint, stored by `AbandonFlag::set`.
        is_abandoned.load(Ordering::Relaxed)
    }

    /// Returns the request to its event loop, which calls the handler again with the work.
    ///
    /// Never blocks, and does not allocate. Makes a system call only if the event loop is
    /// asleep and must be woken. May be called on any thread, including the event loop's
    /// own, and before the handler has returned.
    pub fn resume(self) {
        let pending = ManuallyDrop::new(self);
        // SAFETY: `self` owned the cell and does not use it afterwards.
        unsafe { return_to_loop(pending.cell.cast(), Completion::Resumed) }
    }

    /// Replaces the work and [resumes](Self::resume) the request.
    pub fn resume_with(mut self, work: W) {
        *self.work_mut() = work;
        self.resume();
    }
}

const HAS_WORK: &str = "a pending cell has its work";

/// Returns the request to its event loop as dropped, because it will never be resumed.
impl<W> Drop for Pending<W> {
    fn drop(&mut self) {
        // SAFETY: `self` owns the cell and does not use it afterwards.
        unsafe { return_to_loop(self.cell.cast(), Completion::Dropped) }
    }
}

impl<W: fmt::Debug> fmt::Debug for Pending<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("work", self.work())
            .field("is_abandoned", &self.is_abandoned())
            .finish_non_exhaustive()
    }
}

// SAFETY: `into_raw` gives up the ownership of the cell for a pointer with provenance over
// the whole cell, which came from a box; `from_raw` takes the same pointer back. In between,
// the cell is not moved or freed, and no `&mut` to the header is made. Neither unwinds.
unsafe impl<W> Handle for Pending<W> {
    type Item = Header;

    fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).cell.cast()
    }

    unsafe fn from_raw(item: NonNull<Header>) -> Self {
        Self {
            // The caller guarantees a pointer from `into_raw`, so the cell is one of `W`.
            cell: item.cast(),
            owns: PhantomData,
        }
    }
}

// SAFETY: a `Pending` is the only owner of its cell, and the only handle to it.
unsafe impl<W> UniqueHandle for Pending<W> {}
