//! The cores of this machine.

use std::sync::OnceLock;
use std::thread::available_parallelism;

use core_affinity::CoreId;

/// Returns the number of threads that can run at the same time.
pub fn count() -> usize {
    // Found once, since a thread that is pinned, and its children, would count their own core only.
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| available_parallelism().map_or(1, usize::from))
}

/// Pins the calling thread to the core with this number, modulo the number of cores.
/// Otherwise, two threads that are measured together might share a core throughout.
/// Does nothing where the system does not support it.
pub fn pin(number: usize) {
    // Found once, for the same reason.
    static CORES: OnceLock<Vec<CoreId>> = OnceLock::new();
    let cores = CORES.get_or_init(|| core_affinity::get_core_ids().unwrap_or_default());
    if let Some(core) = cores.get(number % cores.len().max(1)) {
        core_affinity::set_for_current(*core);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn pinned_thread_counts_all_cores() {
        let all = count();
        let counted = thread::spawn(|| {
            pin(0);
            count()
        });
        assert_eq!(counted.join().unwrap(), all);
    }
}
