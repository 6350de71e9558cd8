//! Atomics, cells and threads: those of the standard library, of loom or of shuttle.
//!
//! Every synchronisation primitive of this crate comes from this file, so the code that the
//! model checkers run is the code that ships.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};
#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};

#[cfg(all(feature = "alloc", not(loom)))]
pub(crate) use alloc::sync::Arc;
#[cfg(all(feature = "alloc", loom))]
pub(crate) use loom::sync::Arc;

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;

/// The cell of `core` behind the interface of loom's, which detects overlapping accesses.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        access(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}

#[cfg(all(feature = "std", not(any(loom, shuttle))))]
pub(crate) use std::thread::{Thread, current, park, park_timeout};

#[cfg(all(feature = "std", not(loom)))]
pub(crate) use std::time::Instant;

#[cfg(all(feature = "std", loom))]
pub use clock::Instant;
#[cfg(all(feature = "std", loom))]
pub(crate) use clock::{now, park_timeout};
#[cfg(all(feature = "std", loom))]
pub(crate) use loom::thread::{Thread, current, park};
#[cfg(all(feature = "std", shuttle))]
pub(crate) use shuttle::thread::{Thread, current, park, park_timeout};

/// The clock of a model. A nanosecond passes whenever a thread looks at the clock.
#[cfg(all(feature = "std", loom))]
mod clock {
    use core::cell::Cell;
    use core::time::Duration;

    loom::thread_local! {
        static NOW: Cell<u64> = Cell::new(0);
    }

    /// A moment of a thread.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Instant(Duration);

    impl Instant {
        /// Returns the time of this thread.
        pub fn now() -> Self {
            let now = NOW.with(|now| now.replace(now.get() + 1));
            Self(Duration::from_nanos(now))
        }

        /// Returns the time after `duration`.
        pub fn checked_add(self, duration: Duration) -> Option<Self> {
            self.0.checked_add(duration).map(Self)
        }

        pub(crate) fn saturating_duration_since(&self, earlier: Self) -> Duration {
            self.0.saturating_sub(earlier.0)
        }
    }

    /// The time for a waiter. It begins anew in each execution, as loom requires.
    pub(crate) fn now() -> Duration {
        Instant::now().0
    }

    /// Lets other threads run. The time may be over at any moment, or a wake-up may have come.
    pub(crate) fn park_timeout(_: Duration) {
        loom::thread::yield_now();
    }
}

/// Fails a model unless every store to `word` happens before this call, so that its memory may
/// be freed. (loom does not look at memory that is freed.)
#[inline]
pub(crate) fn check_stores_happened<T>(word: &AtomicPtr<T>) {
    #[cfg(loom)]
    // SAFETY: loom panics if a store may overlap.
    unsafe {
        word.unsync_load();
    }
    #[cfg(not(loom))]
    let _ = word;
}

#[cfg(loom)]
pub(crate) use loom::thread::yield_now;
#[cfg(shuttle)]
pub(crate) use shuttle::thread::yield_now;

/// Declares a `const fn`, except under loom, whose atomics register themselves with the
/// running model when they are created.
macro_rules! const_fn_unless_loom {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($args:tt)*) -> $ret:ty $body:block) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $vis const fn $name($($args)*) -> $ret $body

        #[cfg(loom)]
        $(#[$meta])*
        $vis fn $name($($args)*) -> $ret $body
    };
}
pub(crate) use const_fn_unless_loom;

/// A value that a generic `const fn` creates. (A trait function cannot be `const`.)
pub trait Initial {
    #[cfg(not(loom))]
    const INITIAL: Self;

    #[cfg(loom)]
    fn initial() -> Self;
}

/// Implements [`Initial`]: `impl_initial!([generics] Type = value)`.
macro_rules! impl_initial {
    ([$($generic:ident)?] $type:ty = $value:expr) => {
        #[cfg(not(loom))]
        #[allow(clippy::declare_interior_mutable_const)] // each use is a value of its own
        impl$(<$generic>)? $crate::sync::Initial for $type {
            const INITIAL: Self = $value;
        }

        #[cfg(loom)]
        impl$(<$generic>)? $crate::sync::Initial for $type {
            fn initial() -> Self {
                $value
            }
        }
    };
}
pub(crate) use impl_initial;

/// Creates the [`Initial`] value of a type.
macro_rules! initial {
    ($type:ty) => {{
        #[cfg(not(loom))]
        #[allow(clippy::borrow_interior_mutable_const)]
        let value = <$type as $crate::sync::Initial>::INITIAL;
        #[cfg(loom)]
        let value = <$type as $crate::sync::Initial>::initial();
        value
    }};
}
pub(crate) use initial;
