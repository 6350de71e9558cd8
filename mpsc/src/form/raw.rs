//! A queue of links with one consumer, and what a form of it must provide.

use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use super::back::Back;
use crate::item::Link;
use crate::sync::{AtomicBool, Ordering, const_fn_unless_loom};

/// Both ends of a queue, each on its own cache line. Dropping it drops no items.
///
/// `F` is the form of the queue, and the value that the form keeps at the consumer's end.
#[derive(Debug)]
pub(crate) struct RawQueue<F> {
    pub(super) back: CachePadded<Back>,
    pub(super) consumer: CachePadded<ConsumerEnd<F>>,
}

#[derive(Debug)]
pub(super) struct ConsumerEnd<F> {
    pub(super) form: F,
    /// Set while a consumer exists. The form does not look at it.
    has_consumer: AtomicBool,
}

/// One algorithm: how links get from [`Back`] to the consumer.
pub(crate) trait Form: Sized {
    /// Appends the chain `first..=last`. If the push replaced the mark of a parked
    /// consumer, returns what `on_parked` returns; the caller must then wake the
    /// consumer. `on_parked` runs before the consumer can reach the chain.
    ///
    /// # Safety
    ///
    /// The links are valid and in no queue. Each link but `last` has the following one
    /// as its `next`; the `next` of `last` is null. From now on the links belong to the
    /// queue until they are popped. `on_parked` does not unwind.
    unsafe fn push<T>(
        queue: &RawQueue<Self>,
        first: NonNull<Link>,
        last: NonNull<Link>,
        on_parked: impl FnOnce() -> T,
    ) -> Option<T>;

    /// Takes the oldest link out.
    ///
    /// # Safety
    ///
    /// The caller is the only consumer: no other call of this function, of
    /// [`Back::park`] or of [`Back::unpark`] overlaps this one, and earlier calls
    /// happen before it.
    unsafe fn pop(queue: &RawQueue<Self>) -> RawPop;
}

/// The three results of [`Form::pop`].
pub(crate) enum RawPop {
    Item(NonNull<Link>),
    Empty,
    Stalled,
}

impl<F> RawQueue<F> {
    const_fn_unless_loom! {
        pub(super) fn with_form(form: F) -> Self {
            Self {
                back: CachePadded::new(Back::new()),
                consumer: CachePadded::new(ConsumerEnd {
                    form,
                    has_consumer: AtomicBool::new(false),
                }),
            }
        }
    }

    /// Returns `true` if the queue is empty. See [`Back::is_empty`].
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.back.is_empty()
    }

    /// Marks the consumer as parked. See [`Back::park`].
    ///
    /// # Safety
    ///
    /// As for [`Form::pop`]: the caller is the only consumer.
    #[inline]
    pub(crate) unsafe fn park(&self) -> bool {
        // SAFETY: the caller is the only consumer.
        unsafe { self.back.park() }
    }

    /// Marks the consumer as awake. See [`Back::unpark`].
    ///
    /// # Safety
    ///
    /// As for [`Form::pop`]: the caller is the only consumer.
    #[inline]
    pub(crate) unsafe fn unpark(&self) -> bool {
        // SAFETY: the caller is the only consumer.
        unsafe { self.back.unpark() }
    }

    #[cfg(feature = "std")]
    pub(crate) fn is_parked(&self) -> bool {
        self.back.is_parked()
    }

    #[inline]
    pub(crate) fn newest_addr(&self) -> Option<usize> {
        self.back.newest_addr()
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
