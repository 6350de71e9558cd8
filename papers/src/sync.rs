//! The atomics, cells and raw allocations of this library, so that the models check the code that
//! runs. (One other place knows loom: `fenced_flag` avoids an execution that loom adds.)

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(not(loom))]
pub(crate) use std::thread_local;

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(loom)]
pub(crate) use loom::thread_local;

/// A wait that spins, and yields after a while. Under loom it yields, because loom does not
/// run another thread during a spin.
pub(crate) struct Backoff(#[cfg(not(loom))] crossbeam_utils::Backoff);

impl Backoff {
    #[inline]
    pub(crate) fn new() -> Self {
        Self(
            #[cfg(not(loom))]
            crossbeam_utils::Backoff::new(),
        )
    }

    #[inline]
    pub(crate) fn snooze(&self) {
        #[cfg(not(loom))]
        self.0.snooze();
        #[cfg(loom)]
        loom::thread::yield_now();
    }
}

/// The standard cell behind the interface of loom's cell, which reports overlapping
/// accesses.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        access(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}

/// Moves a value to the heap. Under loom, a model fails if the value is not freed.
#[cfg(not(loom))]
pub(crate) fn allocate<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Drops a value and frees its memory. Under loom, a model fails if the value was freed
/// before.
///
/// # Safety
///
/// `pointer` comes from [`allocate`], is not freed yet, and is not used afterwards.
#[cfg(not(loom))]
pub(crate) unsafe fn free<T>(pointer: *mut T) {
    // SAFETY: the caller guarantees that `pointer` comes from `Box::into_raw` and is
    // freed once.
    drop(unsafe { Box::from_raw(pointer) });
}

#[cfg(loom)]
pub(crate) use tracked::{allocate, free};

#[cfg(loom)]
mod tracked {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use loom::alloc::Track;

    /// The addresses of all values. (`loom::alloc::alloc` has such a list, but aborts the
    /// process instead of failing the model when it finds a leak.)
    static LIVE: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

    #[repr(C)]
    struct Tracked<T> {
        value: T,
        _leak: Track<()>,
    }

    #[track_caller]
    pub(crate) fn allocate<T>(value: T) -> *mut T {
        let _leak = Track::new(());
        let pointer = Box::into_raw(Box::new(Tracked { value, _leak }));
        let mut live = LIVE.lock().expect("no thread panicked with the lock");
        live.insert(pointer.addr());
        pointer.cast()
    }

    pub(crate) unsafe fn free<T>(pointer: *mut T) {
        let mut live = LIVE.lock().expect("no thread panicked with the lock");
        let was_live = live.remove(&pointer.addr());
        drop(live);
        assert!(was_live, "the value is freed once");
        // SAFETY: the pointer comes from `allocate`, where the value is the first field.
        drop(unsafe { Box::from_raw(pointer.cast::<Tracked<T>>()) });
    }
}
