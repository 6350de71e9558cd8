//! A queue of links with one consumer: a form, the word that producers share, and the
//! consumer's place.

use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use crate::form::{Back, Form, Forward, RawPop};
use crate::item::Link;
use crate::sync::{AtomicBool, Ordering, const_fn_unless_loom};

/// Both ends of a queue, each on its own cache line. Dropping it drops no items.
#[derive(Debug)]
pub(crate) struct RawQueue<F> {
    back: CachePadded<Back>,
    consumer: CachePadded<ConsumerEnd<F>>,
}

#[derive(Debug)]
struct ConsumerEnd<F> {
    form: F,
    /// Set while a consumer exists. The form does not look at it.
    has_consumer: AtomicBool,
}

impl RawQueue<Forward> {
    const_fn_unless_loom! {
        pub(crate) fn forward() -> Self {
            Self {
                back: CachePadded::new(Back::new()),
                consumer: CachePadded::new(ConsumerEnd {
                    form: Forward::new(),
                    has_consumer: AtomicBool::new(false),
                }),
            }
        }
    }
}

impl<F: Form> RawQueue<F> {
    /// Appends the chain `first..=last`. See [`Form::push`].
    ///
    /// # Safety
    ///
    /// As for [`Form::push`]: the links are valid, in no queue, and linked from `first`
    /// to `last`; `on_parked` does not unwind.
    #[inline]
    pub(crate) unsafe fn push<T>(
        &self,
        first: NonNull<Link>,
        last: NonNull<Link>,
        on_parked: impl FnOnce() -> T,
    ) -> Option<T> {
        // SAFETY: the caller keeps the conditions of `Form::push`.
        unsafe { self.consumer.form.push(&self.back, first, last, on_parked) }
    }

    /// Takes the oldest link out. See [`Form::pop`].
    ///
    /// # Safety
    ///
    /// As for [`Form::pop`]: the caller is the only consumer.
    #[inline]
    pub(crate) unsafe fn pop(&self) -> RawPop {
        // SAFETY: the caller is the only consumer.
        unsafe { self.consumer.form.pop(&self.back) }
    }
}

impl<F> RawQueue<F> {
    pub(crate) fn back(&self) -> &Back {
        &self.back
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
