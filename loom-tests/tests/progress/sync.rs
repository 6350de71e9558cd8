//! Atomics that count. Everything else is that of the queue's own `sync.rs`.

#[path = "../../../mpsc/src/sync.rs"]
mod original;

pub(crate) use original::{
    Initial, Ordering, UnsafeCell, const_fn_unless_loom, fence, impl_initial, initial,
};

use core::sync::atomic;

use crate::schedules::{Access, access};

/// A word of memory that threads share.
macro_rules! counting {
    ($name:ident[$($generic:ident)?]($value:ty) {
        $($kind:ident {
            $(fn $method:ident($($argument:ident: $type:ty),*) -> $result:ty;)+
        })+
    }) => {
        #[derive(Debug)]
        pub(crate) struct $name$(<$generic>)?(atomic::$name$(<$generic>)?);

        impl$(<$generic>)? $name$(<$generic>)? {
            pub(crate) const fn new(value: $value) -> Self {
                Self(atomic::$name::new(value))
            }

            $($(
                pub(crate) fn $method(&self, $($argument: $type),*) -> $result {
                    access(Access::$kind);
                    self.0.$method($($argument),*)
                }
            )+)+
        }
    };
}

counting!(AtomicPtr[T](*mut T) {
    Load { fn load(order: Ordering) -> *mut T; }
    Store { fn store(value: *mut T, order: Ordering) -> (); }
    Change {
        fn swap(value: *mut T, order: Ordering) -> *mut T;
        fn compare_exchange(old: *mut T, new: *mut T, done: Ordering, failed: Ordering)
            -> Result<*mut T, *mut T>;
        fn compare_exchange_weak(old: *mut T, new: *mut T, done: Ordering, failed: Ordering)
            -> Result<*mut T, *mut T>;
    }
});

counting!(AtomicUsize[](usize) {
    Load { fn load(order: Ordering) -> usize; }
    Store { fn store(value: usize, order: Ordering) -> (); }
    Change {
        fn swap(value: usize, order: Ordering) -> usize;
        fn fetch_add(value: usize, order: Ordering) -> usize;
        fn fetch_sub(value: usize, order: Ordering) -> usize;
        fn fetch_or(value: usize, order: Ordering) -> usize;
        fn compare_exchange(old: usize, new: usize, done: Ordering, failed: Ordering)
            -> Result<usize, usize>;
    }
});

counting!(AtomicBool[](bool) {
    Load { fn load(order: Ordering) -> bool; }
    Store { fn store(value: bool, order: Ordering) -> (); }
    Change {
        fn compare_exchange(old: bool, new: bool, done: Ordering, failed: Ordering)
            -> Result<bool, bool>;
    }
});

pub(crate) fn check_stores_happened<T>(_: &AtomicPtr<T>) {}
