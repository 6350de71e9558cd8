//! What shares a cache line with what.

use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crossbeam_utils::CachePadded;

/// What the ends of a queue are aligned to: [`CacheLine`] or `()`.
pub trait Line: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static {}

impl Line for CacheLine {}
impl Line for () {}

/// An alignment to cache lines.
pub struct CacheLine(#[allow(dead_code, reason = "of size zero")] CachePadded<()>);

/// A value that is aligned like an `A`, and whose size is a multiple of that: with [`CacheLine`],
/// no other value is on its cache lines; with `()`, it takes no more space than it needs.
pub(crate) struct Aligned<T, A> {
    value: T,
    _align: [A; 0],
}

impl<T, A> Aligned<T, A> {
    pub(crate) const fn new(value: T) -> Self {
        Self { value, _align: [] }
    }
}

impl<T, A> Deref for Aligned<T, A> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}
