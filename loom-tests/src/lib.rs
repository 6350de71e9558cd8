//! Parts of the models and of the random schedules in `tests/`. They run with `cargo loom`
//! and `cargo schedules`; otherwise this library is empty.

#[cfg(any(
    all(feature = "run-models", not(loom)),
    all(feature = "run-schedules", not(shuttle)),
))]
compile_error!(
    "the models were requested, but `--cfg loom` (or `--cfg shuttle`) is missing, so that no \
     model would run. A RUSTFLAGS variable replaces the flags of `cargo loom` and \
     `cargo schedules`: unset it."
);

#[cfg(loom)]
mod fates;
#[cfg(any(loom, shuttle))]
mod form;
#[cfg(loom)]
mod items;
#[cfg(loom)]
mod model;
#[cfg(loom)]
mod poll;
#[cfg(loom)]
mod reached;
#[cfg(loom)]
mod requests;
#[cfg(any(loom, shuttle))]
mod wait_out;

#[cfg(loom)]
pub use {fates::*, items::*, model::*, poll::*, reached::*, requests::*};

#[cfg(any(loom, shuttle))]
pub use {form::*, wait_out::wait_out};
