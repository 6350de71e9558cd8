//! The cache lines that operations need, by where these come from.

use crate::accesses::{Access, AccessKind};
use crate::mesi::{Caches, Served};

/// The operations of one kind, and the cache lines that they needed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// The number of operations.
    pub operations: usize,
    /// Lines that another core's cache had, or to which another core had the right to write.
    pub transfers: usize,
    /// Lines that no cache had.
    pub from_memory: usize,
}

impl Count {
    /// Returns the transfers per operation.
    #[must_use]
    pub fn transfers_each(self) -> f64 {
        self.transfers as f64 / self.operations as f64
    }

    /// Adds the accesses of a core.
    pub fn add(&mut self, caches: &mut Caches, core: usize, accesses: &[Access]) {
        // Other threads do not access what is thread-local.
        for access in accesses.iter().filter(|access| !access.is_thread_local) {
            for line in access.lines() {
                let served = match access.kind {
                    AccessKind::Read => caches.read(core, line),
                    AccessKind::Write | AccessKind::ReadModifyWrite => caches.write(core, line),
                };
                match served {
                    Served::Own => {}
                    Served::Transfer => self.transfers += 1,
                    Served::Memory => self.from_memory += 1,
                }
            }
        }
    }
}

/// The counts of each kind of operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// The user's writes to items before they are pushed.
    pub writes: Count,
    /// The pushes.
    pub pushes: Count,
    /// The pops, each with the reading of its item.
    pub pops: Count,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_to_shared_memory_are_replayed_by_line() {
        let write = |address, is_thread_local| Access {
            address,
            bytes: 8,
            kind: AccessKind::Write,
            on_stack: false,
            is_thread_local,
        };
        let (mut count, mut caches) = (Count::default(), Caches::of(2));
        for core in [0, 1] {
            // The first is within a line, the second in two, the last not shared.
            let accesses = [write(0, false), write(124, false), write(256, true)];
            count.add(&mut caches, core, &accesses);
        }
        assert_eq!((count.transfers, count.from_memory), (3, 3));
    }
}
