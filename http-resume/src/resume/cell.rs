//! The allocation behind a suspended request, and its owners on the event loop's side.
//!
//! Each pending cell holds an `Arc` of the resume queue. The `Arc` is taken out before the
//! cell is pushed, and dropped after the wake-up. So a queued cell does not keep its queue
//! alive, and a queue exists while it is pushed to or woken through.

use std::any::TypeId;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use mpsc_queue::{Handle, Link, UniqueHandle, linked};

use super::queue::ResumeQueue;
use crate::panic::catch_panic;
use crate::sync::{Arc, AtomicBool, Ordering, WakerArc};

/// Names a request within its event loop. Serial numbers are never reused, so a late resume
/// cannot reach a different request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The slot of the connection in its event loop.
    pub connection: usize,
    /// The number of the request among all requests of the event loop.
    pub serial: u64,
}

/// How a pending request came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// By [`Pending::resume`](super::Pending::resume).
    Resumed,
    /// By the drop of the [`Pending`](super::Pending).
    Dropped,
}

/// The allocation. A pointer to the cell is a pointer to its header.
#[repr(C)]
pub(super) struct RequestCell<W> {
    pub(super) header: Header,
    /// `Some` while the request is pending and until the cell is opened.
    pub(super) work: Option<W>,
}

/// Header at the start of every cell. Public only because [`Handle::Item`] names it; not
/// part of the API.
pub struct Header {
    link: Link,
    key: RequestKey,
    completion: Completion,
    /// `Some` exactly while the request is pending.
    pub(super) queue: Option<Arc<ResumeQueue<Returned>>>,
    pub(super) is_abandoned: Arc<AtomicBool>,
    /// The type `W` of the cell.
    work: TypeId,
    /// Frees a cell of that type.
    free: unsafe fn(NonNull<Header>),
}
linked!(Header => link: Link);

/// Puts `work` in a cell, in `spare` if its type is the same. The caller owns the cell.
pub(super) fn fill<W: Send + 'static>(
    queue: &Arc<ResumeQueue<Returned>>,
    key: RequestKey,
    spare: Option<VacantCell>,
    work: W,
) -> (NonNull<RequestCell<W>>, AbandonFlag) {
    let queue = Some(Arc::clone(queue));
    let cell = match spare.and_then(|spare| spare.into_cell::<W>()) {
        Some(mut cell) => {
            cell.header.key = key;
            cell.header.completion = Completion::Dropped;
            cell.header.queue = queue;
            // Relaxed: the cell is private, and the transfer to its next owner orders this.
            cell.header.is_abandoned.store(false, Ordering::Relaxed);
            cell.work = Some(work);
            cell
        }
        None => Box::new(RequestCell {
            header: Header {
                link: Link::new(),
                key,
                completion: Completion::Dropped,
                queue,
                is_abandoned: Arc::new(AtomicBool::new(false)),
                work: TypeId::of::<W>(),
                free: free::<W>,
            },
            work: Some(work),
        }),
    };
    let flag = AbandonFlag {
        flag: Arc::clone(&cell.header.is_abandoned),
        waiting: None,
    };
    (NonNull::from(Box::leak(cell)), flag)
}

/// Drops the cell, and the work if the cell still has it.
///
/// # Safety
///
/// `cell` points to the header of a `RequestCell<W>` that came from a box, has provenance
/// over the whole cell, and is not used afterwards.
unsafe fn free<W>(cell: NonNull<Header>) {
    // SAFETY: the caller guarantees a cell of `W` that came from a box.
    let cell = unsafe { Box::from_raw(cell.cast::<RequestCell<W>>().as_ptr()) };
    catch_panic(|| drop(cell));
}

/// Pushes a pending cell on its resume queue.
///
/// # Safety
///
/// The caller owns the pending cell, and does not use it afterwards.
pub(super) unsafe fn return_to_loop(cell: NonNull<Header>, completion: Completion) {
    // SAFETY: the caller owns the cell, and no other reference to these fields exists.
    let queue = unsafe {
        (*cell.as_ptr()).completion = completion;
        (*cell.as_ptr()).queue.take()
    };
    let queue = queue.expect("a pending cell has its queue");
    // SAFETY: the caller passes on the ownership of the cell.
    queue.push(unsafe { Returned::from_raw(cell) });
}

/// The event loop's end of [`Pending::is_abandoned`](super::Pending::is_abandoned).
pub struct AbandonFlag {
    flag: Arc<AtomicBool>,
    /// What waits for the request, and ends with it.
    waiting: Option<WakerArc<dyn Waiting>>,
}

/// What waits for a suspended request.
pub trait Waiting: Send + Sync {
    /// Stops waiting, because the request has ended without having been resumed.
    fn end(&self);
}

impl AbandonFlag {
    /// Lets `waiting` end with the request.
    pub fn set_waiting(&mut self, waiting: WakerArc<dyn Waiting>) {
        self.waiting = Some(waiting);
    }

    /// Reports to the background that the request no longer needs a response.
    pub fn set(&self) {
        // Relaxed: a hint, loaded by `Pending::is_abandoned`.
        self.flag.store(true, Ordering::Relaxed);
        if let Some(waiting) = &self.waiting {
            waiting.end();
        }
    }
}

impl fmt::Debug for AbandonFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AbandonFlag").field(&self.flag).finish()
    }
}

/// Identifies a cell among those that currently exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellId(pub(super) usize);

/// A request that is returning, or has returned, to its event loop. Owns the cell.
pub struct Returned(NonNull<Header>);

// SAFETY: a `Returned` owns its cell. `fill` requires work that is `Send`; the header's
// fields can be sent: atomics, an `Arc` of a queue that is `Send` and `Sync` (asserted
// below), and plain data.
unsafe impl Send for Returned {}

const _: () = {
    const fn shareable<T: Send + Sync>() {}
    shareable::<ResumeQueue<Returned>>();
};

impl Returned {
    #[must_use]
    pub fn key(&self) -> RequestKey {
        // SAFETY: `self` owns the cell.
        unsafe { (*self.0.as_ptr()).key }
    }

    #[must_use]
    pub fn completion(&self) -> Completion {
        // SAFETY: `self` owns the cell.
        unsafe { (*self.0.as_ptr()).completion }
    }

    /// Takes out the work, of type `W`, and keeps the cell for reuse.
    ///
    /// # Errors
    ///
    /// Returns `self` if the work is of another type.
    pub fn open<W: 'static>(self) -> Result<(W, VacantCell), Self> {
        if !self.is_cell_of::<W>() {
            return Err(self);
        }
        // SAFETY: `self` owns the cell, which is one of `W`. No reference to the work
        // exists, because the `Pending` that lent it is gone.
        let work = unsafe { (*self.0.cast::<RequestCell<W>>().as_ptr()).work.take() };
        let work = work.expect("an unopened cell has its work");
        Ok((work, VacantCell(self)))
    }

    fn is_cell_of<W: 'static>(&self) -> bool {
        // SAFETY: `self` owns the cell.
        unsafe { (*self.0.as_ptr()).work == TypeId::of::<W>() }
    }
}

/// Drops the work of a request that no longer needs it, on the thread that finds out.
impl Drop for Returned {
    fn drop(&mut self) {
        // SAFETY: `self` owns the cell and does not use it afterwards; `fill` has set `free`
        // to the function for the cell's type.
        unsafe { ((*self.0.as_ptr()).free)(self.0) }
    }
}

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned")
            .field("key", &self.key())
            .field("completion", &self.completion())
            .finish_non_exhaustive()
    }
}

// SAFETY: `into_raw` gives up the ownership of the cell for a pointer with provenance over
// the whole cell, which came from a box; `from_raw` takes the same pointer back. In between,
// the cell is not moved or freed, and no `&mut` to the header is made. Neither unwinds.
unsafe impl Handle for Returned {
    type Item = Header;

    fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }

    unsafe fn from_raw(item: NonNull<Header>) -> Self {
        Self(item)
    }
}

// SAFETY: a `Returned` is the only owner of its cell, and the only handle to it.
unsafe impl UniqueHandle for Returned {}

/// A cell without work, to be filled again.
#[derive(Debug)]
pub struct VacantCell(Returned);

impl VacantCell {
    /// Returns the allocation if it is for work of type `W`.
    fn into_cell<W: 'static>(self) -> Option<Box<RequestCell<W>>> {
        if !self.0.is_cell_of::<W>() {
            return None;
        }
        let cell = self.0.into_raw().cast::<RequestCell<W>>();
        // SAFETY: the cell is one of `W` and came from a box, and `into_raw` has given up
        // its ownership.
        Some(unsafe { Box::from_raw(cell.as_ptr()) })
    }
}
