//! Simulator of caches that are kept coherent by the MESI protocol.

use std::collections::HashMap;

/// The state of a line in the cache of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The only copy; memory is older.
    Modified,
    /// The only copy, as in memory.
    Exclusive,
    /// Other cores may have copies; all are as in memory.
    Shared,
    /// No copy.
    Invalid,
}

/// The source of the line of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// The core's own cache has the line in a state that allows the access.
    Own,
    /// The line or the right to write to it comes from at least one other core.
    Transfer,
    /// No cache has the line.
    Memory,
}

/// Caches of several cores. They are unbounded, so a line leaves a cache only when another core
/// writes to it.
pub struct Caches {
    cores: usize,
    /// The states of each line that was accessed, one for each core.
    lines: HashMap<u64, Vec<State>>,
}

impl Caches {
    /// Creates the empty caches of this number of cores.
    pub fn of(cores: usize) -> Self {
        let lines = HashMap::new();
        Self { cores, lines }
    }

    /// Reads a line.
    pub fn read(&mut self, core: usize, line: u64) -> Served {
        let states = self.states(line);
        if states[core] != State::Invalid {
            return Served::Own;
        }
        let mut served = Served::Memory;
        // The other copies, the only one included, stay and are as in memory from now on.
        for state in states.iter_mut().filter(|state| **state != State::Invalid) {
            *state = State::Shared;
            served = Served::Transfer;
        }
        states[core] = match served {
            Served::Memory => State::Exclusive,
            Served::Own | Served::Transfer => State::Shared,
        };
        served
    }

    /// Writes to a line, or reads and writes it without another core's access in between.
    pub fn write(&mut self, core: usize, line: u64) -> Served {
        let states = self.states(line);
        let mut served = match states[core] {
            State::Modified | State::Exclusive => Served::Own,
            // The other copies must be invalidated first.
            State::Shared => Served::Transfer,
            State::Invalid => Served::Memory,
        };
        if served != Served::Own {
            for state in states.iter_mut().filter(|state| **state != State::Invalid) {
                *state = State::Invalid;
                served = Served::Transfer;
            }
        }
        states[core] = State::Modified;
        served
    }

    fn states(&mut self, line: u64) -> &mut [State] {
        let states = self.lines.entry(line);
        states.or_insert_with(|| vec![State::Invalid; self.cores])
    }
}

#[cfg(test)]
mod tests {
    use super::Served::{Memory, Own, Transfer};
    use super::*;

    const LINE: u64 = 7;

    /// Counts the transfers of writes by cores in random order, the first of which finds the line
    /// in memory.
    fn transfers(cores: usize, mut write: impl FnMut(&mut Caches, usize) -> usize) -> f64 {
        const WRITES: usize = 20_000;
        let mut caches = Caches::of(cores);
        let mut random = fastrand::Rng::with_seed(1);
        let transfers = (0..WRITES).map(|_| write(&mut caches, random.usize(..cores)));
        transfers.sum::<usize>() as f64 / WRITES as f64
    }

    fn is_transfer(served: Served) -> usize {
        usize::from(served == Transfer)
    }

    #[test]
    fn one_core_needs_no_transfer() {
        let mut caches = Caches::of(2);
        assert_eq!(caches.read(0, LINE), Memory);
        assert_eq!(caches.read(0, LINE), Own);
        assert_eq!(caches.write(0, LINE), Own, "the line is exclusive");
        assert_eq!(caches.write(0, LINE), Own);
        assert_eq!(caches.read(0, LINE), Own);
        assert_eq!(caches.write(0, LINE + 1), Memory);
    }

    #[test]
    fn ping_pong_transfers_each_time() {
        let mut caches = Caches::of(2);
        assert_eq!(caches.write(0, LINE), Memory);
        for core in [1, 0, 1, 0] {
            assert_eq!(caches.write(core, LINE), Transfer);
            assert_eq!(caches.read(core, LINE), Own);
        }
    }

    #[test]
    fn readers_share_until_a_write() {
        let mut caches = Caches::of(4);
        assert_eq!(caches.read(0, LINE), Memory);
        for core in 1..4 {
            assert_eq!(caches.read(core, LINE), Transfer);
        }
        for core in 0..4 {
            assert_eq!(caches.read(core, LINE), Own);
        }
        // The writer has a copy, but not the only one.
        assert_eq!(caches.write(2, LINE), Transfer);
        assert_eq!(caches.write(2, LINE), Own);
        for core in [0, 1, 3] {
            assert_eq!(caches.read(core, LINE), Transfer);
        }
        assert_eq!(
            caches.read(2, LINE),
            Own,
            "a reader leaves the writer a copy"
        );
        assert_eq!(
            caches.write(2, LINE),
            Transfer,
            "but not the right to write"
        );
    }

    #[test]
    fn load_before_write_costs_a_transfer_more() {
        let mut caches = Caches::of(2);
        caches.write(0, LINE);
        for core in [1, 0, 1, 0] {
            assert_eq!(caches.read(core, LINE), Transfer);
            assert_eq!(caches.write(core, LINE), Transfer);
        }
    }

    #[test]
    fn swaps_in_random_order_transfer_unless_repeated() {
        for cores in [2, 4, 16, 128] {
            let figure = transfers(cores, |caches, core| is_transfer(caches.write(core, LINE)));
            let expected = (cores - 1) as f64 / cores as f64;
            // More than four standard deviations.
            assert!((figure - expected).abs() < 0.015, "{cores}: {figure}");
        }
    }

    #[test]
    fn link_of_predecessor_doubles_the_transfers() {
        for cores in [2, 4, 16, 128] {
            let (mut items, mut newest) = (1000, 1000);
            // A push writes to its item, swaps, and writes to the item that was pushed before.
            let figure = transfers(cores, |caches, core| {
                items += 1;
                let previous = std::mem::replace(&mut newest, items);
                assert_ne!(caches.write(core, newest), Transfer, "the item is new");
                is_transfer(caches.write(core, LINE)) + is_transfer(caches.write(core, previous))
            });
            let expected = 2.0 * (cores - 1) as f64 / cores as f64;
            assert!((figure - expected).abs() < 0.03, "{cores}: {figure}");
        }
    }
}
