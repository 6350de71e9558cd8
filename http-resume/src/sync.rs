//! Synchronisation primitives. In the models they are those of loom or shuttle, so that the
//! checked code is the shipped code.

/// The `Arc` of wakers, in the models too.
pub(crate) use std::sync::Arc as WakerArc;

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicPtr, Ordering},
};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::thread::yield_now;

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicBool, AtomicPtr, Ordering},
};
#[cfg(loom)]
pub(crate) use loom::thread::yield_now;

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{
    Arc,
    atomic::{AtomicBool, AtomicPtr, Ordering},
};
#[cfg(shuttle)]
pub(crate) use shuttle::thread::yield_now;
