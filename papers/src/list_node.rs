//! A node whose value moves in and out while the node is in a list.

use std::mem::MaybeUninit;
use std::ptr;

use crate::sync::{AtomicPtr, UnsafeCell, allocate};

/// A node of [`clh`](crate::clh) or [`cc_synch`](crate::cc_synch), with or without a value.
pub(crate) struct ListNode<T> {
    pub(crate) next: AtomicPtr<Self>,
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> ListNode<T> {
    /// Allocates a node without a value.
    pub(crate) fn allocate_empty() -> *mut Self {
        allocate(Self {
            next: AtomicPtr::new(ptr::null_mut()),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        })
    }

    /// Writes the value.
    ///
    /// # Safety
    ///
    /// The caller has exclusive access to the value.
    pub(crate) unsafe fn put(&self, item: T) {
        // SAFETY: the caller guarantees exclusive access.
        self.value.with_mut(|value| unsafe {
            (*value).write(item);
        });
    }

    /// Moves the value out.
    ///
    /// # Safety
    ///
    /// The caller has exclusive access to the value, which is written, and not moved out.
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: the caller guarantees all of this.
        self.value
            .with_mut(|value| unsafe { value.read().assume_init() })
    }
}
