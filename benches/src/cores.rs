//! Where threads run.

use std::thread::available_parallelism;

/// How many threads can run at the same time here.
pub(crate) fn count() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Has the calling thread run on one core, the one of this number, counted round and
/// round. Two threads that are measured together might otherwise share one for as
/// long as they live. Where the system cannot be told, it decides itself.
pub(crate) fn pin(number: usize) {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    if let Some(core) = cores.get(number % cores.len().max(1)) {
        core_affinity::set_for_current(*core);
    }
}
