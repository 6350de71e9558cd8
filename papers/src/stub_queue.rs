//! The list with a stub node that [`vyukov`](crate::vyukov) and
//! [`io_uring`](crate::io_uring) share. They differ in how they pop the last item.

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop, Stall};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith};
use crate::next::{HasNext, Next, next_of, next_pointer};
use crate::queue::{Full, Mpsc};
use crate::sync::{AtomicPtr, Ordering, allocate, free};

/// A queue of boxed items that embed a link. See [`Vyukov`](crate::vyukov::Vyukov) and
/// [`IoUring`](crate::io_uring::IoUring).
pub struct StubQueue<N: HasNext, L> {
    list: StubList<N>,
    oldest: CachePadded<ConsumerCell<Oldest<N>>>,
    last: PhantomData<fn() -> L>,
}

/// The way in which the stub takes the place of the last item.
pub trait ReplaceLast {
    /// Appends the stub if `item` is the newest item. Returns the successor of `item`, or
    /// null if `item` has none yet.
    ///
    /// # Safety
    ///
    /// The caller is the consumer. `item` is its oldest element and an item, so the stub is
    /// in the list only if a push follows `item`.
    unsafe fn replace_last<N: HasNext>(list: &StubList<N>, item: *mut N) -> *mut N;
}

/// The elements from the consumer's oldest to `newest`, items and at most one stub. They
/// are linked, except at the gap of an in-flight push.
pub struct StubList<N> {
    newest: CachePadded<AtomicPtr<N>>,
    /// The memory of an item, in which only the link is initialised.
    stub: *mut MaybeUninit<N>,
}

/// The oldest element, the stub or an item.
pub struct Oldest<N>(*mut N);

// SAFETY: moving the list moves the items in it. Only the link of the stub is accessed.
unsafe impl<N: Send> Send for StubList<N> {}
// SAFETY: `&StubList` moves items from one thread to another.
unsafe impl<N: Send> Sync for StubList<N> {}
// SAFETY: the consumer owns the items that it reaches.
unsafe impl<N: Send> Send for Oldest<N> {}

impl<N: HasNext, L> StubQueue<N, L> {
    /// Creates an empty queue, which contains the stub.
    #[must_use]
    pub fn new() -> Self {
        let list = StubList::new();
        let oldest = Oldest(list.stub());
        Self {
            list,
            oldest: CachePadded::new(ConsumerCell::new(oldest)),
            last: PhantomData,
        }
    }
}

impl<N: HasNext> StubList<N> {
    fn new() -> Self {
        let stub = allocate(MaybeUninit::<N>::uninit());
        // SAFETY: the memory of an item is allocated there.
        unsafe { next_pointer(stub.cast::<N>()).write(Next::new()) };
        Self {
            newest: CachePadded::new(AtomicPtr::new(stub.cast())),
            stub,
        }
    }

    pub(crate) fn stub(&self) -> *mut N {
        self.stub.cast()
    }

    pub(crate) fn newest(&self) -> &AtomicPtr<N> {
        &self.newest
    }

    /// Appends an element: exchanges the newest, then links.
    ///
    /// # Safety
    ///
    /// The caller owns the element, which is not in the list.
    #[inline]
    pub(crate) unsafe fn append(&self, element: *mut N) {
        // SAFETY: the caller owns the element. Relaxed: the exchange publishes the link.
        unsafe { next_of(element) }.store(ptr::null_mut(), Ordering::Relaxed);
        // Release and acquire pair with each other in successive pushes: the null of
        // `previous` comes before the link below.
        let previous = self.newest.swap(element, Ordering::AcqRel);
        // SAFETY: the consumer keeps an element until its link is set, and only this push
        // sets the link of `previous`. Release pairs with the acquire in `successor`.
        unsafe { next_of(previous) }.store(element, Ordering::Release);
    }
}

/// Returns the element that was linked to `element`, or null.
///
/// # Safety
///
/// The caller is the consumer, and `element` is in the list.
#[inline]
pub(crate) unsafe fn successor<N: HasNext>(element: *mut N) -> *mut N {
    // SAFETY: elements in the list are valid. Acquire pairs with the release in `append`.
    unsafe { next_of(element) }.load(Ordering::Acquire)
}

impl<N: HasNext + Send, L: ReplaceLast> Mpsc for StubQueue<N, L> {
    type Item = Box<N>;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        Self: 'q;

    fn push(&self, item: Box<N>) -> Result<(), Full<Box<N>>> {
        // SAFETY: the push owns the item.
        unsafe { self.list.append(Box::into_raw(item)) };
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.oldest)
    }
}

impl<N: HasNext, L: ReplaceLast> PopWith for StubQueue<N, L> {
    type Item = Box<N>;
    type State = Oldest<N>;

    #[inline]
    fn pop_with(&self, oldest: &mut Oldest<N>) -> Pop<Box<N>> {
        // SAFETY: only the consumer has the state. All elements from its oldest on are in
        // the list.
        unsafe { pop::<N, L>(&self.list, oldest) }
    }
}

/// # Safety
///
/// The caller is the consumer, and `oldest` is its state.
#[inline]
unsafe fn pop<N: HasNext, L: ReplaceLast>(
    list: &StubList<N>,
    oldest: &mut Oldest<N>,
) -> Pop<Box<N>> {
    if oldest.0 == list.stub() {
        // SAFETY: the caller guarantees that the stub is in the list.
        let next = unsafe { successor(oldest.0) };
        if next.is_null() {
            // Relaxed: only the address is compared. The consumer itself has appended the
            // stub, and coherence makes the address no older than any push that happens
            // before.
            return if list.newest.load(Ordering::Relaxed) == list.stub() {
                Pop::Empty
            } else {
                Pop::Stalled(Stall)
            };
        }
        oldest.0 = next;
    }
    let item = oldest.0;
    // SAFETY: the caller guarantees that the item is in the list.
    let mut next = unsafe { successor(item) };
    if next.is_null() {
        // SAFETY: the caller is the consumer, and the item is its oldest element.
        next = unsafe { L::replace_last(list, item) };
        if next.is_null() {
            return Pop::Stalled(Stall);
        }
    }
    oldest.0 = next;
    // SAFETY: items come from `Box::into_raw`. No push accesses this one any more, because
    // its successor is known, and `oldest` has passed it.
    Pop::Item(unsafe { Box::from_raw(item) })
}

impl<N: HasNext, L> Default for StubQueue<N, L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: HasNext, L> Drop for StubQueue<N, L> {
    fn drop(&mut self) {
        let mut element = self.oldest.get_mut().0;
        // No push is in flight, so every element but the newest is linked.
        while !element.is_null() {
            // SAFETY: the element is in the list.
            let next = unsafe { successor(element) };
            if element != self.list.stub() {
                // SAFETY: the item comes from `Box::into_raw`, and the walk has passed it.
                drop(unsafe { Box::from_raw(element) });
            }
            element = next;
        }
        // SAFETY: the stub comes from `allocate`, and the queue ends here.
        unsafe { free(self.list.stub) };
    }
}

impl<N: HasNext, L> fmt::Debug for StubQueue<N, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StubQueue").finish_non_exhaustive()
    }
}
