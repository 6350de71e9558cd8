//! A block of slots, and its neighbours in the list.

use std::ptr;

use crate::sync::{AtomicPtr, AtomicU8, Ordering, UnsafeCell, allocate, free};
use crate::value_cell::ValueCell;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the indices of `papers` never wrap around, which takes 64 bits");

/// States of a slot. The push of its index sets it, the consumer does the rest.
const EMPTY: u8 = 0;
const SET: u8 = 1;
/// Popped. Only the consumer reads this state.
pub(crate) const HANDLED: u8 = 2;

/// `B` slots with consecutive indices.
///
/// While the block is in the list, its methods may be called by pushes that have not
/// completed and by the consumer.
pub(crate) struct Block<T, const B: usize> {
    position: UnsafeCell<Position<T, B>>,
    next: AtomicPtr<Self>,
    /// Apart from the block, so that the consumer can free the slots while a push may
    /// still walk over the block. Null once they are freed.
    slots: UnsafeCell<*mut [Slot<T>; B]>,
}

/// Written while the block is private, only read while it is in the list.
struct Position<T, const B: usize> {
    /// The index of the first slot.
    start: usize,
    prev: *mut Block<T, B>,
}

pub(crate) struct Slot<T> {
    pub(crate) state: AtomicU8,
    value: ValueCell<T>,
}

impl<T, const B: usize> Block<T, B> {
    /// Allocates a block. The caller frees it.
    pub(super) fn allocate(start: usize, prev: *mut Self) -> *mut Self {
        let slots = allocate(std::array::from_fn(|_| Slot {
            state: AtomicU8::new(EMPTY),
            value: ValueCell::empty(),
        }));
        allocate(Self {
            position: UnsafeCell::new(Position { start, prev }),
            next: AtomicPtr::new(ptr::null_mut()),
            slots: UnsafeCell::new(slots),
        })
    }

    /// Returns the index of the first slot.
    pub(crate) fn start(&self) -> usize {
        // SAFETY: the position is written only while the block is private.
        self.position.with(|position| unsafe { (*position).start })
    }

    /// Returns the next older block, which may have been reclaimed.
    pub(super) fn prev(&self) -> *mut Self {
        // SAFETY: the position is written only while the block is private.
        self.position.with(|position| unsafe { (*position).prev })
    }

    /// Returns the next newer block, or null.
    pub(crate) fn next(&self) -> *mut Self {
        // Acquire pairs with the release in `link`: the contents of the next block.
        self.next.load(Ordering::Acquire)
    }

    /// Links `new` behind this block. Fails with the linked block if there is one.
    pub(super) fn link(&self, new: *mut Self) -> Result<(), *mut Self> {
        // Release pairs with the acquire in `next`; acquire on failure pairs with the
        // release of the compare-exchange that linked the other block.
        self.next
            .compare_exchange(ptr::null_mut(), new, Ordering::Release, Ordering::Acquire)
            .map(drop)
    }

    /// Returns the slot of an index of this block.
    ///
    /// # Safety
    ///
    /// The slots are not freed while the result lives.
    pub(crate) unsafe fn slot(&self, index: usize) -> &Slot<T> {
        // SAFETY: the caller guarantees that the slots exist. They are only shared,
        // because a slot consists of cells.
        unsafe { self.slots.with(|slots| &(&(**slots))[index % B]) }
    }

    /// Frees the slots. The rest of the block remains for pushes that walk over it.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, and has popped every item of the block.
    pub(crate) unsafe fn free_slots(&self) {
        // SAFETY: the pushes of this block's indices have completed, and other pushes do
        // not access its slots. The pointer is not null, so the slots are not freed yet.
        self.slots.with_mut(|slots| unsafe {
            let slots = slots.replace(ptr::null_mut());
            if !slots.is_null() {
                free(slots);
            }
        });
    }

    /// Returns `true` if the slots are freed. Called by the consumer.
    pub(super) fn has_no_slots(&self) -> bool {
        // SAFETY: only the consumer writes the pointer.
        self.slots.with(|slots| unsafe { (*slots).is_null() })
    }

    /// Empties the block for its next use.
    ///
    /// # Safety
    ///
    /// The caller has exclusive access to the block, and its slots are not freed.
    pub(super) unsafe fn reset(&self) {
        for index in 0..B {
            // SAFETY: the caller guarantees that the slots are not freed.
            let slot = unsafe { self.slot(index) };
            // Relaxed (here and below): the compare-exchange in `link` publishes it.
            slot.state.store(EMPTY, Ordering::Relaxed);
        }
        self.next.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// Sets the position behind `prev`.
    ///
    /// # Safety
    ///
    /// The caller has exclusive access to this block, and `prev` is in the list.
    pub(super) unsafe fn set_prev(&self, prev: *mut Self) {
        // SAFETY: the caller guarantees exclusive access, and that `prev` exists.
        self.position.with_mut(|position| unsafe {
            let start = (*prev).start() + B;
            position.write(Position { start, prev });
        });
    }
}

impl<T, const B: usize> Drop for Block<T, B> {
    fn drop(&mut self) {
        // SAFETY: `&mut self` excludes every other access to the slots.
        unsafe { self.free_slots() }
    }
}

impl<T> Slot<T> {
    /// Returns `true` if the push of this slot has completed. The push happens before.
    pub(crate) fn is_set(&self) -> bool {
        // Acquire pairs with the release in `set`.
        self.state.load(Ordering::Acquire) == SET
    }

    /// Stores the value. This is the last access of its push to any block.
    ///
    /// # Safety
    ///
    /// The caller is the push that has reserved this slot's index.
    pub(super) unsafe fn set(&self, value: T) {
        // SAFETY: no other push has the index, and the consumer waits for the state.
        unsafe { self.value.put(value) };
        // Release pairs with the acquire in `is_set`: the value, and every access of
        // this push to a block.
        self.state.store(SET, Ordering::Release);
    }

    /// Moves the value out.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, has found the slot set, and takes it once.
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: the caller guarantees that the push has completed, and that the value
        // is read once.
        unsafe { self.value.take() }
    }
}
