//! The one file that knows about loom: what [`resume`](crate::resume) shares
//! between threads comes from here, so that the code which is model-checked is
//! the code which ships.

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};
