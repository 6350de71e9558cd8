//! A queue of links with one consumer, and what a form of it must provide.

use core::ptr::{self, NonNull};

use super::back::{Back, CLOSED, Mark, is_link};
use super::line::{Aligned, Line};
use crate::item::{Link, Links};
use crate::sync::{AtomicBool, Initial, Ordering, UnsafeCell, const_fn_unless_loom, initial};

/// Both ends of a queue, each on its own cache line if the form asks for it. Dropping it drops no
/// items.
///
/// `F` is the form of the queue, and the value that the form keeps at the consumer's end.
#[repr(C)] // `back` at the start: see `Forward::push` for what the compiler could do otherwise
pub struct RawQueue<F: RawForm> {
    pub(super) back: Aligned<Back, F::Line>,
    pub(super) consumer: Aligned<ConsumerEnd<F>, F::Line>,
}

pub(super) struct ConsumerEnd<F> {
    pub(super) form: F,
    /// Null while the queue is open, the newest link that a close found, or [`CLOSED`] without one.
    /// See [`Closing`].
    closing: UnsafeCell<*mut Link>,
    /// Set while the consumer holds links to which `back` does not lead: a batch, or what
    /// was in the queue when it was closed. For observers.
    held: AtomicBool,
    /// Set while a consumer exists. The form does not look at it.
    has_consumer: AtomicBool,
}

/// What the consumer knows about the end of its queue. (It cannot look at `back`, which is
/// a link again while a push is being refused.)
#[derive(Clone, Copy)]
pub(super) enum Closing {
    Open,
    /// The consumer has closed the queue, or has met its end.
    Closed {
        /// The newest of the links that the close found in `back`. Null if there were none,
        /// and as soon as the form has taken over.
        newest: *mut Link,
    },
}

/// One algorithm: how links get from [`Back`] to the consumer.
pub trait RawForm: Initial + Sized {
    /// What a pop returns where it meets a push in its gap. Uninhabited if there is no gap.
    type Stall: Copy;

    /// What the ends of the queue are aligned to.
    type Line: Line;

    /// The value of that type, if it has one.
    const STALL: Option<Self::Stall>;

    /// Set if the links of a pushed chain lead from each to the next older one; otherwise they
    /// lead to the next newer one, as those of a private chain do.
    const NEWEST_FIRST: bool;

    /// Appends the chain `links`, unless the queue is closed.
    ///
    /// `on_parked` is called if the push replaces the mark of a parked consumer; the caller
    /// must then wake the consumer. If the form has a gap, the call lies in it: the consumer
    /// cannot reach the chain before it returns.
    ///
    /// # Safety
    ///
    /// The links are valid, in no queue, and in the direction of this form; the `next` of the one
    /// that has no neighbour in the chain is null. From now on the links belong to the queue
    /// until they are popped. `on_parked` does not unwind.
    unsafe fn push<T>(
        queue: &RawQueue<Self>,
        links: Links,
        on_parked: impl FnOnce() -> T,
    ) -> Pushed<T>;

    /// Takes the oldest link out.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer: no other call of this function or of another
    /// function for the consumer overlaps this one, and earlier calls happen before it.
    unsafe fn pop(queue: &RawQueue<Self>) -> RawPop<Self::Stall>;

    /// Returns the newest link of those that the consumer holds privately, or null.
    ///
    /// # Safety
    ///
    /// As for [`pop`](Self::pop): the caller is the only consumer.
    unsafe fn newest_held(queue: &RawQueue<Self>) -> *mut Link;

    /// Restores `CLOSED`, which the push of `own` has replaced, and returns the links that
    /// other pushes have appended to `own` meanwhile. They belong to the caller, as do `own`.
    ///
    /// # Safety
    ///
    /// The caller has just got [`Pushed::Closed`] for `own`, and has not changed them since.
    unsafe fn sweep(queue: &RawQueue<Self>, own: Links) -> impl Iterator<Item = NonNull<Link>>;
}

/// A form whose consumer holds links privately, to which it can append one of its own.
pub trait RawBatched: RawForm {
    /// Appends a link at the consumer's end, unless links that are older may still be at the
    /// producers' end. Leaves the mark of a parked consumer in place.
    ///
    /// # Safety
    ///
    /// As for [`RawForm::pop`]: the caller is the only consumer. The link is valid, in no queue,
    /// and its `next` is null. It belongs to the queue until it is popped, if the result is `true`.
    unsafe fn push_own(queue: &RawQueue<Self>, link: NonNull<Link>) -> bool;
}

/// The results of [`RawForm::push`].
pub enum Pushed<T> {
    /// The consumer is awake, or another push wakes it.
    Quiet,
    /// The consumer was parked. Holds what `on_parked` returned.
    Parked(T),
    /// The queue is closed.
    Closed,
}

/// The results of [`RawForm::pop`].
pub enum RawPop<S> {
    Item(NonNull<Link>),
    Empty,
    Stalled(S),
    Closed,
}

impl<F: RawForm> RawQueue<F> {
    const_fn_unless_loom! {
        pub(crate) fn new() -> Self {
            Self {
                back: Aligned::new(Back::new()),
                consumer: Aligned::new(ConsumerEnd {
                    form: initial!(F),
                    closing: UnsafeCell::new(ptr::null_mut()),
                    held: AtomicBool::new(false),
                    has_consumer: AtomicBool::new(false),
                }),
            }
        }
    }

    /// Returns `true` if the queue is empty. Any thread may call this function.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Acquire pairs with the release of the exchange by which the consumer took the
        // links (in `batch::take` or in `close`), before which it set `held`.
        let back = self.back.word.load(Ordering::Acquire);
        // Relaxed: by coherence, `false` has been written after the links that this thread
        // knows of were handed out.
        !is_link(back) && !self.consumer.held.load(Ordering::Relaxed)
    }

    /// Marks the consumer as parked. Returns `false` if the queue is closed or not empty.
    ///
    /// # Safety
    ///
    /// As for [`RawForm::pop`]: the caller is the only consumer.
    #[inline]
    pub(crate) unsafe fn park(&self) -> bool {
        // SAFETY: the caller is the only consumer.
        unsafe { F::newest_held(self).is_null() && self.back.park() }
    }

    /// Marks the consumer as awake. Returns `false` if a push may be about to wake it, or the queue
    /// is closed.
    ///
    /// # Safety
    ///
    /// As for [`RawForm::pop`]: the caller is the only consumer.
    #[inline]
    pub(crate) unsafe fn unpark(&self) -> bool {
        // SAFETY: the caller is the only consumer.
        match unsafe { self.back.unpark() } {
            Mark::Removed => true,
            // If the consumer holds links, it may have taken that of the push which has replaced
            // the mark, and which is in its gap.
            // SAFETY: the caller is the only consumer.
            Mark::Absent => unsafe { F::newest_held(self).is_null() },
            Mark::Replaced => false,
        }
    }

    /// Returns the address of the newest link, or `None` if there is none.
    ///
    /// # Safety
    ///
    /// As for [`RawForm::pop`]: the caller is the only consumer.
    #[inline]
    pub(crate) unsafe fn newest_addr(&self) -> Option<usize> {
        // SAFETY: the caller is the only consumer.
        let (closing, held) = unsafe { (self.closing(), F::newest_held(self)) };
        let left = match closing {
            Closing::Open => match self.back.newest_addr() {
                Some(newest) => return Some(newest),
                None => held,
            },
            Closing::Closed { newest } if newest.is_null() => held,
            Closing::Closed { newest } => newest,
        };
        (!left.is_null()).then(|| left.addr())
    }

    /// Closes the queue for good. Links whose push happens before this call are still popped.
    ///
    /// # Safety
    ///
    /// As for [`RawForm::pop`]: the caller is the only consumer.
    pub(crate) unsafe fn close(&self) {
        // SAFETY: the caller is the only consumer.
        if let Closing::Closed { .. } = unsafe { self.closing() } {
            return; // `back` belongs to the pushes that are refused
        }
        // SAFETY: the caller is the only consumer.
        let held = unsafe { !F::newest_held(self).is_null() };
        self.set_held(true); // before it is known whether there are links
        // Release pairs with the acquire of the push that finds `CLOSED`: what the consumer
        // did before the close happens before the refusal; and with the acquire in
        // `is_empty`, as in a pop. No acquire: the links are not read here. A forward-linked pop
        // acquires each by what leads to it, and `batch::take` all of them by its load, since
        // this exchange continues the release sequences of the pushes.
        let back = self.back.word.swap(CLOSED, Ordering::Release);
        let newest = if is_link(back) { back } else { ptr::null_mut() };
        if newest.is_null() && !held {
            self.set_held(false);
        }
        // SAFETY: the caller is the only consumer.
        unsafe { self.set_closed(newest) };
    }

    /// # Safety
    ///
    /// As for [`RawForm::pop`]: the caller is the only consumer.
    #[inline]
    pub(super) unsafe fn closing(&self) -> Closing {
        // SAFETY: only the consumer accesses the cell, and the caller is the only consumer.
        let word = self.consumer.closing.with(|closing| unsafe { *closing });
        match word {
            CLOSED => Closing::Closed {
                newest: ptr::null_mut(),
            },
            newest if newest.is_null() => Closing::Open,
            newest => Closing::Closed { newest },
        }
    }

    /// Notes that the form has taken over, or handed out, the newest link that a close found.
    ///
    /// # Safety
    ///
    /// As for [`RawForm::pop`]: the caller is the only consumer.
    pub(super) unsafe fn set_drained(&self) {
        // SAFETY: the caller is the only consumer.
        unsafe { self.set_closed(ptr::null_mut()) };
    }

    /// # Safety
    ///
    /// As for [`RawForm::pop`]: the caller is the only consumer.
    unsafe fn set_closed(&self, newest: *mut Link) {
        let word = if newest.is_null() { CLOSED } else { newest };
        // SAFETY: only the consumer accesses the cell, and the caller is the only consumer.
        self.consumer
            .closing
            .with_mut(|cell| unsafe { *cell = word });
    }

    /// Sets whether the consumer holds links, for [`is_empty`](Self::is_empty).
    #[inline]
    pub(super) fn set_held(&self, held: bool) {
        // Release pairs with the acquire fence in `Counts::get`, which follows a load of
        // `true` in `is_empty`: what the consumer has acquired with the links.
        // (Nothing depends on when `false` is seen.)
        self.consumer.held.store(held, Ordering::Release);
    }

    /// Takes the consumer's place. Returns `false` if the queue has a consumer.
    pub(crate) fn acquire_consumer(&self) -> bool {
        // Acquire pairs with the release in `release_consumer`: the earlier consumer's
        // accesses to the form and to its waker are over. Relaxed on failure: nothing
        // is done then.
        self.consumer
            .has_consumer
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes the consumer's place, even from a consumer that was leaked.
    pub(crate) fn acquire_consumer_mut(&mut self) {
        // Relaxed: `&mut` orders this after every earlier access to the queue.
        self.consumer.has_consumer.store(true, Ordering::Relaxed);
    }

    /// Frees the consumer's place.
    pub(crate) fn release_consumer(&self) {
        // Release pairs with the acquire in `acquire_consumer`.
        self.consumer.has_consumer.store(false, Ordering::Release);
    }
}

impl<F: RawForm> RawQueue<F> {
    pub(crate) fn back(&self) -> &Back {
        &self.back
    }
}
