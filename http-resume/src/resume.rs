//! All that two threads touch: how a suspended request leaves its loop and comes
//! back. Knows nothing of sockets or of HTTP.
//!
//! # One cell, three owners
//!
//! A suspended request is one heap allocation, a [`Cell`]: the header, which
//! every cell has, and behind it the work, whose type only the handler knows.
//! Exactly one of these owns it at any time:
//!
//! | owner | where | can | ends by |
//! |---|---|---|---|
//! | [`Pending<W>`] | the background, or a queue of the background's | read and change the work | `resume`, or a drop: both push the cell on the loop's queue |
//! | [`Suspended`] | the loop's queue, then the loop | tell what came back, and give the work to whoever knows its type | [`Suspended::open`], or a drop: frees the cell with the work |
//! | [`Vacant`] | the loop | be filled again by [`suspend`] | the same, or a drop |
//!
//! The same embedded link carries the cell to a worker (a `Pending` is a queue
//! handle, too) and back. With recycling, a round trip allocates nothing.
//!
//! # Who keeps the loop's queue alive
//!
//! Each pending cell holds an `Arc<Inbox>`. It is taken out *before* the cell is
//! pushed and dropped after the wake-up, so that what lies in the queue holds no
//! share in it: an inbox cannot keep itself alive, and one that is pushed to, or
//! woken through, is alive.
//!
//! # After the loop's end
//!
//! A loop that ends leaves its queue empty, *parked for ever* and marked closed
//! ([`Inbox::close`]). Hence the first resume that comes later is told to wake
//! the consumer, as ever; it then sees the mark and sweeps the queue itself. The
//! normal path pays nothing for this: the mark is read only by a push that must
//! wake.
//!
//! *Nothing is lost.* While the inbox is closed, the queue is not parked only
//! from the push that replaced the mark until the sweep which that push owes has
//! parked it again. A park succeeds on an empty queue only. So every item is
//! popped by that sweep or by one before it; and an owed sweep always comes,
//! because nothing between push and sweep can fail.
//!
//! *Nothing is dropped twice.* Who pops holds the consumer's place of the queue,
//! taken under the mutex [`Inbox::closing`] and given back before that is
//! released, and what is popped is owned by the popping thread alone.
//!
//! *No deadlock.* A sweep collects under the mutex and drops after releasing it.
//! No code of the user's runs inside. A drop that resumes other requests of the
//! same inbox is a push like any other: told to wake, it sweeps in its turn.

#[cfg(all(test, not(loom)))]
mod tests;

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use mpsc_queue::{
    Chain, Consumer, Drain, Handle, Link, Parked, Queue, Uncounted, UniqueHandle, linked,
};

use crate::sync::{Arc, AtomicBool, Mutex, Ordering};

/// Names a request within its loop. The serial number is never used again, so
/// that whatever comes late finds nobody rather than somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where the loop keeps the connection.
    pub connection: usize,
    /// Which of all requests that this loop ever served.
    pub serial: u64,
}

/// How a pending request came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By [`Pending::resume`].
    Resumed,
    /// It was dropped.
    Dropped,
}

/// The allocation. A pointer to it is a pointer to its header.
#[repr(C)]
struct Cell<W> {
    header: Header,
    /// `Some` while pending and until it is opened.
    work: Option<W>,
}

/// What every cell begins with. Of interest to nobody outside: it is public only
/// as the item of the queue handles.
pub struct Header {
    link: Link,
    key: Key,
    ended: Ended,
    /// `Some` exactly while pending.
    inbox: Option<Arc<Inbox>>,
    abandoned: Arc<AtomicBool>,
    /// Which `W` the cell around this header is of.
    work: TypeId,
    /// Frees a cell of that `W`.
    free: unsafe fn(NonNull<Header>),
}
linked!(Header => link: Link);

/// A suspended request, in the hands of the background.
///
/// Made by [`Response::mark_async`](crate::Response::mark_async). It carries the
/// work, of type `W`, to whoever does it, and is then used up by
/// [`resume`](Self::resume): the handler is called again, on its event loop, and
/// gets the work. A pending request that is dropped instead (by a worker that
/// panics, say) is answered with 500.
///
/// It may outlive the connection, and even the server: then the work is dropped.
///
/// It is a [`Handle`]: a queue of the background's own can carry it without
/// allocating anything.
///
/// # What does not compile
///
/// To put in work of a shorter life (with `'static` in both places this compiles):
///
/// ```compile_fail
/// use http_resume::Pending;
///
/// fn shorten<'a>(pending: Pending<&'static str>) -> Pending<&'a str> {
///     pending
/// }
/// ```
pub struct Pending<W> {
    cell: NonNull<Cell<W>>,
    /// Invariant: the handler gets the work back as the very type that it was
    /// suspended with, so that none of a shorter life may be put in its place.
    owns: PhantomData<*mut W>,
}

// SAFETY: a `Pending` owns its cell. To send it is to send the work, which
// `W: Send` permits; the header's parts can be sent: atomics, an `Arc` of an
// inbox (`Send` and `Sync`, asserted below), and plain data.
unsafe impl<W: Send> Send for Pending<W> {}

// SAFETY: through `&Pending` one reaches `&W`, which `W: Sync` permits, and the
// flag `abandoned`, an atomic.
unsafe impl<W: Sync> Sync for Pending<W> {}

/// Puts `work` into a cell, in `spare` if that is of the right type.
pub fn suspend<W: Send + 'static>(
    inbox: &Arc<Inbox>,
    key: Key,
    spare: Option<Vacant>,
    work: W,
) -> (Pending<W>, Watch) {
    let inbox = Some(Arc::clone(inbox));
    let cell = match spare.and_then(|spare| spare.into_cell::<W>()) {
        Some(mut cell) => {
            cell.header.key = key;
            cell.header.ended = Ended::Dropped;
            cell.header.inbox = inbox;
            // Relaxed: the cell is private. Whoever gets it next gets it by a
            // transfer that orders this.
            cell.header.abandoned.store(false, Ordering::Relaxed);
            cell.work = Some(work);
            cell
        }
        None => Box::new(Cell {
            header: Header {
                link: Link::new(),
                key,
                ended: Ended::Dropped,
                inbox,
                abandoned: Arc::new(AtomicBool::new(false)),
                work: TypeId::of::<W>(),
                free: free::<W>,
            },
            work: Some(work),
        }),
    };
    let watch = Watch(Arc::clone(&cell.header.abandoned));
    let pending = Pending {
        cell: NonNull::from(Box::leak(cell)),
        owns: PhantomData,
    };
    (pending, watch)
}

/// Drops the work, if it is there, and the cell.
///
/// # Safety
///
/// `cell` points to the header of a `Cell<W>` that came out of a box, with
/// provenance over all of it, and is not used after.
unsafe fn free<W>(cell: NonNull<Header>) {
    // SAFETY: the caller's promise.
    let cell = unsafe { Box::from_raw(cell.cast::<Cell<W>>().as_ptr()) };
    contained(|| drop(cell));
}

impl<W> Pending<W> {
    /// The work.
    #[must_use]
    pub fn work(&self) -> &W {
        // SAFETY: `self` owns the cell, so that the work changes only through
        // `&mut self`. The reference covers the work alone: not the header, of
        // which the loop may hold a part.
        let work = unsafe { &(*self.cell.as_ptr()).work };
        work.as_ref().expect(HAS_WORK)
    }

    /// The work, to be changed: results go there.
    #[must_use]
    pub fn work_mut(&mut self) -> &mut W {
        // SAFETY: as in `work`, and `&mut self` excludes every other access.
        let work = unsafe { &mut (*self.cell.as_ptr()).work };
        work.as_mut().expect(HAS_WORK)
    }

    /// Whether nobody waits for the answer any more: the client hung up, or the
    /// request was answered because its time was over. Resuming is harmless then;
    /// long work may stop early.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        // SAFETY: `self` owns the cell; nobody writes to this field of it.
        let abandoned = unsafe { &(*self.cell.as_ptr()).header.abandoned };
        // Relaxed: a hint, stored by `Watch::abandon`. Nothing hangs on when it
        // is seen.
        abandoned.load(Ordering::Relaxed)
    }

    /// Gives the request back to its event loop, which calls the handler again
    /// and hands it the work.
    ///
    /// Never blocks, and allocates nothing. Wakes the loop, by one system call,
    /// if and only if it sleeps. May be called on any thread, on the loop's own
    /// one too, and before the handler has returned.
    pub fn resume(self) {
        let pending = ManuallyDrop::new(self);
        // SAFETY: `self` owned the cell and does not use it any more.
        unsafe { hand_back(pending.cell.cast(), Ended::Resumed) }
    }

    /// [`resume`](Self::resume) with `work` in place of what was in there.
    pub fn resume_with(mut self, work: W) {
        *self.work_mut() = work;
        self.resume();
    }
}

/// What to recognise the cell of a pending request by.
#[must_use]
pub fn identity<W>(pending: &Pending<W>) -> Identity {
    Identity(pending.cell.addr().get())
}

/// Takes a request back before it is resumed.
#[must_use]
pub fn cancel<W: 'static>(pending: Pending<W>) -> (W, Vacant) {
    let pending = ManuallyDrop::new(pending);
    // SAFETY: `pending` owned the cell, which is one of `W`, and does not use it any
    // more. Nobody else refers to `inbox`.
    let suspended = unsafe {
        (*pending.cell.as_ptr()).header.inbox = None;
        Suspended::from_raw(pending.cell.cast())
    };
    match suspended.open() {
        Ok(opened) => opened,
        Err(_) => unreachable!("a `Pending<W>` is a cell of `W`"),
    }
}

const HAS_WORK: &str = "a pending cell has its work";

/// A pending request that nobody will resume: the loop must know.
impl<W> Drop for Pending<W> {
    fn drop(&mut self) {
        // SAFETY: `self` owns the cell, and this is its end.
        unsafe { hand_back(self.cell.cast(), Ended::Dropped) }
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

// SAFETY: `into_raw` gives up ownership for a pointer that came out of a box with
// provenance over the whole cell; `from_raw` takes the same pointer back. The cell
// stays where it is in between, and no `&mut` to the header is made. Neither
// unwinds. Sending the handle is regulated by its `Send` above.
unsafe impl<W> Handle for Pending<W> {
    type Item = Header;

    fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).cell.cast()
    }

    unsafe fn from_raw(item: NonNull<Header>) -> Self {
        Self {
            // By the caller's promise it comes from `into_raw`, hence is of `W`.
            cell: item.cast(),
            owns: PhantomData,
        }
    }
}

// SAFETY: a `Pending` is the only owner of its cell, and the only handle.
unsafe impl<W> UniqueHandle for Pending<W> {}

/// Gives the cell to its loop.
///
/// # Safety
///
/// The caller owns the pending cell, and does not use it after.
unsafe fn hand_back(cell: NonNull<Header>, ended: Ended) {
    // SAFETY: the caller owns the cell, and nobody else refers to these fields.
    let inbox = unsafe {
        (*cell.as_ptr()).ended = ended;
        (*cell.as_ptr()).inbox.take()
    };
    // Without its inbox, the cell's ownership fits into the queue; with it, the
    // inbox outlives the push and the wake-up.
    let inbox = inbox.expect("a pending cell has its inbox");
    // SAFETY: ownership of the cell is passed on.
    inbox.deliver(unsafe { Suspended::from_raw(cell) });
}

/// Recognises a cell among those that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(usize);

/// The loop's end of [`Pending::is_abandoned`].
#[derive(Debug)]
pub struct Watch(Arc<AtomicBool>);

impl Watch {
    /// Tells the background that nobody waits any more.
    pub fn abandon(&self) {
        // Relaxed: see `is_abandoned`, the load that this pairs with.
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A request that comes back, or came back, to its loop. Owns the cell.
pub struct Suspended(NonNull<Header>);

// SAFETY: it owns the cell. `suspend` made that for a work that is `Send`; the
// header's parts can be sent, as said at `Pending`.
unsafe impl Send for Suspended {}

impl Suspended {
    /// Which request this is.
    #[must_use]
    pub fn key(&self) -> Key {
        // SAFETY: `self` owns the cell.
        unsafe { (*self.0.as_ptr()).key }
    }

    /// How it came back.
    #[must_use]
    pub fn ended(&self) -> Ended {
        // SAFETY: `self` owns the cell.
        unsafe { (*self.0.as_ptr()).ended }
    }

    /// Takes out the work, of type `W`, and keeps the cell for another time.
    ///
    /// # Errors
    ///
    /// `self`, if the work is of another type.
    pub fn open<W: 'static>(self) -> Result<(W, Vacant), Self> {
        // SAFETY: `self` owns the cell.
        if unsafe { (*self.0.as_ptr()).work } != TypeId::of::<W>() {
            return Err(self);
        }
        // SAFETY: the same, and by the check it is one of `W`. No reference to
        // the work exists: the `Pending` through which it was lent is gone.
        let work = unsafe { (*self.0.cast::<Cell<W>>().as_ptr()).work.take() };
        Ok((work.expect("a cell is opened once"), Vacant(self)))
    }
}

/// The work of a request that nobody waits for is dropped on the thread that
/// finds out.
impl Drop for Suspended {
    fn drop(&mut self) {
        // SAFETY: `self` owns the cell, and this is its end; `free` was set by
        // `suspend` to the function for its type.
        unsafe { ((*self.0.as_ptr()).free)(self.0) }
    }
}

impl fmt::Debug for Suspended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suspended")
            .field("key", &self.key())
            .field("ended", &self.ended())
            .finish_non_exhaustive()
    }
}

// SAFETY: as for `Pending<W>`: a pointer with provenance over the whole cell, out
// and back in, without `&mut` to the header or any unwinding.
unsafe impl Handle for Suspended {
    type Item = Header;

    fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }

    unsafe fn from_raw(item: NonNull<Header>) -> Self {
        Self(item)
    }
}

// SAFETY: a `Suspended` is the only owner of its cell, and the only handle.
unsafe impl UniqueHandle for Suspended {}

/// A cell without work, to be filled again.
#[derive(Debug)]
pub struct Vacant(Suspended);

impl Vacant {
    /// The allocation, if it is for work of type `W`.
    fn into_cell<W: 'static>(self) -> Option<Box<Cell<W>>> {
        let suspended = self.0;
        // SAFETY: `suspended` owns the cell.
        if unsafe { (*suspended.0.as_ptr()).work } != TypeId::of::<W>() {
            return None;
        }
        let cell = suspended.into_raw().cast::<Cell<W>>();
        // SAFETY: it came out of a box of that type, by the check, and `into_raw`
        // gave up ownership.
        Some(unsafe { Box::from_raw(cell.as_ptr()) })
    }
}

/// Where the requests of one event loop come back to.
pub struct Inbox {
    queue: Queue<Suspended>,
    /// Interrupts the loop's poll. Harmless, if the loop is gone.
    wake: Box<dyn Fn() + Send + Sync>,
    /// Whether the server was asked to stop.
    stopping: AtomicBool,
    /// Whether the loop is gone. Written under `closing`, before the queue is
    /// parked for ever.
    closed: AtomicBool,
    /// Held by whoever empties the queue of a loop that is gone.
    closing: Mutex<()>,
}

const _: () = {
    const fn shareable<T: Send + Sync>() {}
    shareable::<Inbox>();
};

impl Inbox {
    /// An inbox whose loop is woken by `wake`.
    #[must_use]
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            queue: Queue::new(),
            wake: Box::new(wake),
            stopping: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            closing: Mutex::new(()),
        }
    }

    /// The loop's end of it.
    ///
    /// # Panics
    ///
    /// If the loop has taken it already.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals<'_> {
        let consumer = self.queue.consumer();
        Arrivals {
            inbox: self,
            consumer: Some(consumer.expect("an inbox has one loop")),
        }
    }

    /// Asks the loop to stop.
    pub fn stop(&self) {
        // Release pairs with the acquire in `is_stopping`.
        self.stopping.store(true, Ordering::Release);
        (self.wake)();
    }

    /// Whether the loop was asked to stop. A loop that asks after each poll
    /// cannot miss it: the wake-up follows the store.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        // Acquire pairs with the release in `stop`.
        self.stopping.load(Ordering::Acquire)
    }

    fn deliver(&self, suspended: Suspended) {
        if !self.queue.push(suspended).is_needed() {
            return;
        }
        // Relaxed: if the mark that the push replaced is the one left by `close`
        // or a later sweep, its exchange acquired what the park released, and
        // `closed` was stored before that. Otherwise the loop was asleep, and
        // either value will do: if it has gone since, it has emptied the queue
        // itself, and a sweep finds nothing.
        if self.closed.load(Ordering::Relaxed) {
            self.sweep();
        } else {
            (self.wake)();
        }
    }

    /// Empties the queue in place of a loop that is gone.
    fn sweep(&self) {
        let closing = self.closing.lock();
        let consumer = self.queue.consumer();
        let consumer = consumer.expect("the place is given back before `closing` is released");
        let swept = empty_and_park(consumer);
        drop(closing);
        drop(swept);
    }

    /// Leaves the queue empty, parked for ever, and marked.
    fn close(&self, consumer: Consumer<&Queue<Suspended>>) {
        let closing = self.closing.lock();
        // Relaxed: published by the park that follows, to the load in `deliver`.
        self.closed.store(true, Ordering::Relaxed);
        let swept = empty_and_park(consumer);
        drop(closing);
        drop(swept); // may run code of the user's, hence not under the mutex
    }
}

/// Takes everything out until the queue can be parked, and leaves it so. Blocks
/// for producers between their exchange and their link, and for nothing else.
fn empty_and_park(mut consumer: Consumer<&Queue<Suspended>>) -> Chain<Suspended> {
    let mut swept = Chain::new();
    loop {
        while let Some(suspended) = consumer.pop_blocking() {
            swept.push(suspended);
        }
        if let Some(parked) = consumer.park() {
            mem::forget(parked); // the next push must be told
            return swept;
        }
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// The loop's end of an [`Inbox`]. Dropping it closes the inbox.
#[derive(Debug)]
pub struct Arrivals<'a> {
    inbox: &'a Inbox,
    /// `Some` until the drop.
    consumer: Option<Consumer<&'a Queue<Suspended>>>,
}

impl Arrivals<'_> {
    /// What has come back, at most `limit` of it.
    pub fn drain(&mut self, limit: usize) -> Drain<'_, Suspended, Uncounted> {
        self.consumer().drain(limit)
    }

    /// Announces that the loop is about to sleep; `None`: it must not.
    pub fn park(&mut self) -> Option<Parked<'_>> {
        self.consumer().park()
    }
}

impl<'a> Arrivals<'a> {
    fn consumer(&mut self) -> &mut Consumer<&'a Queue<Suspended>> {
        self.consumer.as_mut().expect("it is there until the drop")
    }
}

impl Drop for Arrivals<'_> {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            self.inbox.close(consumer);
        }
    }
}

/// Runs code of the user's; `None`, if it panics. (The panic hook has told so.)
pub fn contained<T>(code: impl FnOnce() -> T) -> Option<T> {
    // Unwind safety: what `code` was working on is dropped, or answered with 500.
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // Its drop is code of the user's, too, and may panic again.
            mem::forget(payload);
            None
        }
    }
}
