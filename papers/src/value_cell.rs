//! A cell whose value moves in and out while other threads have access to the cell.

use std::mem::MaybeUninit;

use crate::sync::UnsafeCell;

/// A cell with or without a value, which only the algorithm around the cell knows. Dropping the
/// cell does not drop the value.
pub(crate) struct ValueCell<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> ValueCell<T> {
    /// Creates a cell without a value.
    pub(crate) fn empty() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Writes the value.
    ///
    /// # Safety
    ///
    /// The caller has exclusive access to the value.
    #[inline]
    pub(crate) unsafe fn put(&self, value: T) {
        // SAFETY: the caller guarantees exclusive access.
        self.0.with_mut(|place| unsafe {
            (*place).write(value);
        });
    }

    /// Moves the value out.
    ///
    /// # Safety
    ///
    /// The caller has exclusive access to the value, which is written, and not moved out.
    #[inline]
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: the caller guarantees all of this.
        self.0
            .with_mut(|value| unsafe { value.read().assume_init() })
    }
}
