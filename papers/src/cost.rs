//! The cost of an operation in instructions, read-modify-writes and cache lines, counted
//! by executing [one instruction at a time](crate::accesses).

use std::collections::BTreeSet;

use crate::accesses::{Access, AccessKind, Recorder};

/// The cost of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Instructions.
    pub instructions: usize,
    /// Atomic read-modify-writes: instructions with a lock prefix, and `xchg` with memory.
    pub read_modify_writes: usize,
    /// Cache lines that are accessed, outside the thread's stack.
    pub lines: usize,
    /// Cache lines that are written, outside the thread's stack.
    pub lines_written: usize,
}

/// Executes `work` and returns its cost, without the cost of the measurement.
///
/// # Panics
///
/// If `work` takes more than 400,000 instructions.
pub fn cost(work: impl FnOnce()) -> Cost {
    let mut recorder = Recorder::default();
    let mut accesses = Vec::new();
    let instructions = recorder.record(&mut accesses, || ());
    let empty = summed(instructions, &accesses);
    accesses.clear();
    let instructions = recorder.record(&mut accesses, work);
    let whole = summed(instructions, &accesses);
    Cost {
        instructions: whole.instructions - empty.instructions,
        read_modify_writes: whole.read_modify_writes - empty.read_modify_writes,
        lines: whole.lines - empty.lines,
        lines_written: whole.lines_written - empty.lines_written,
    }
}

fn summed(instructions: usize, accesses: &[Access]) -> Cost {
    let (mut touched, mut written) = (BTreeSet::new(), BTreeSet::new());
    for access in accesses.iter().filter(|access| !access.on_stack) {
        touched.extend(access.lines());
        if access.kind != AccessKind::Read {
            written.extend(access.lines());
        }
    }
    let is_atomic = |access: &&Access| access.kind == AccessKind::ReadModifyWrite;
    Cost {
        instructions,
        read_modify_writes: accesses.iter().filter(is_atomic).count(),
        lines: touched.len(),
        lines_written: written.len(),
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn read_modify_writes_are_counted() {
        let word = Box::new(AtomicUsize::new(0));
        let count = |work: &dyn Fn()| cost(work).read_modify_writes;
        assert_eq!(count(&|| ()), 0);
        assert_eq!(count(&|| word.store(1, Ordering::Release)), 0);
        assert_eq!(count(&|| _ = black_box(word.swap(2, Ordering::AcqRel))), 1);
        let add_twice = || {
            black_box(word.fetch_add(1, Ordering::Relaxed));
            black_box(word.fetch_add(1, Ordering::Relaxed));
        };
        assert_eq!(count(&add_twice), 2);
        assert_eq!(word.load(Ordering::Relaxed), 4, "the work was executed");
    }

    #[test]
    fn written_lines_are_counted() {
        let words: Box<[AtomicUsize]> = (0..64).map(AtomicUsize::new).collect();
        let written = |each: usize| {
            let store = || {
                for word in words.iter().step_by(each) {
                    word.store(0, Ordering::Relaxed);
                }
            };
            cost(store).lines_written
        };
        // 512 bytes, which need not begin at a line.
        assert!((8..=9).contains(&written(1)));
        assert_eq!(written(64), 1);
    }
}
