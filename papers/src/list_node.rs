//! A node whose value moves in and out while the node is in a list.

use std::ptr;

use crate::sync::{AtomicPtr, allocate};
use crate::value_cell::ValueCell;

/// A node of [`clh`](crate::clh) or [`cc_synch`](crate::cc_synch), with or without a value.
pub(crate) struct ListNode<T> {
    pub(crate) next: AtomicPtr<Self>,
    pub(crate) value: ValueCell<T>,
}

impl<T> ListNode<T> {
    /// Allocates a node without a value.
    pub(crate) fn allocate_empty() -> *mut Self {
        allocate(Self {
            next: AtomicPtr::new(ptr::null_mut()),
            value: ValueCell::empty(),
        })
    }
}
