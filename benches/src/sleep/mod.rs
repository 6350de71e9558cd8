//! Consumers that sleep: the latency of their items, and their wake-ups.

#[cfg(target_os = "linux")]
mod adapters;
#[cfg(target_os = "linux")]
mod blocking;
#[cfg(target_os = "linux")]
mod contestants;
mod figures;
#[cfg(target_os = "linux")]
mod floors;
mod load;
#[cfg(target_os = "linux")]
mod ours;
#[cfg(target_os = "linux")]
mod sample;
#[cfg(target_os = "linux")]
mod strategy;

#[cfg(target_os = "linux")]
pub(crate) use {
    adapters::{EachPush, Flagged, Token},
    blocking::{BlockOn, Blocking, Blocks, Waiting},
    contestants::SPINNING,
    sample::Sleeper,
    strategy::{Adapts, Parks, Spins},
};

#[cfg(target_os = "linux")]
pub use contestants::{ADAPTIVE, groups};
pub use figures::{Calls, Figures, Sample, SampleStats};
pub use load::Load;

/// Returns no groups: eventfds and the number of a thread's sleeps need Linux.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn groups(_: &[String]) -> Vec<crate::scenario::Group> {
    Vec::new()
}
