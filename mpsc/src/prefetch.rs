//! A hint to the processor.

/// Begins to load the cache line of `target`, which may be any address.
#[inline]
pub(crate) fn prefetch<T>(target: *const T) {
    #[cfg(all(target_arch = "x86_64", not(any(miri, loom, shuttle))))]
    // SAFETY: a prefetch is a hint. It reads nothing, and no address makes it fault.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(target.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(any(miri, loom, shuttle)))))]
    let _ = target;
}
