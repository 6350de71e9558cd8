//! The one file that knows about loom and shuttle: what [`resume`](crate::resume)
//! shares between threads comes from here, so that the code which is checked is
//! the code which ships.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};
