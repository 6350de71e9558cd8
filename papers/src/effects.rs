//! The memory that an operation changes, found by executing
//! [one instruction at a time](crate::accesses).
//!
//! Nothing need be known of the layout of a data structure: the bytes are those that the
//! instructions write, and their values before are read before each write.

use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use iced_x86::InstructionInfoFactory;

use crate::accesses::{Access, AccessKind, each};
use crate::out_of_line::Stepper;

/// The maximum number of writes of an operation.
const MAX: usize = 20_000;

/// The maximum number of bytes of a write, those of the widest vector register.
const WIDEST: usize = 64;

/// The memory that an operation writes, outside the thread's stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects {
    /// The number of writes.
    pub writes: usize,
    /// The addresses of the bytes that have another value afterwards.
    pub changed: Vec<u64>,
}

impl Effects {
    /// Returns the number of changed words of eight bytes. How many bytes of a pointer change
    /// depends on the addresses that the allocator chose.
    #[must_use]
    pub fn changed_words(&self) -> usize {
        let words: BTreeSet<_> = self.changed.iter().map(|address| address / 8).collect();
        words.len()
    }
}

/// A write, and the memory before it.
#[derive(Clone, Copy)]
struct Write {
    address: u64,
    bytes: usize,
    before: [u8; WIDEST],
}

/// Executes `work` and returns its effects.
///
/// The stack includes what is near it, so the memory in question should be on the heap.
///
/// # Panics
///
/// If `work` takes more than 20,000 writes, or writes to memory of its thread (a thread-local) or
/// with a repeated instruction, whose effects are not found.
///
/// # Safety
///
/// `work` frees no memory to which it has written, no other thread writes to that memory
/// meanwhile, and `work` contains no vector instruction that writes under a mask.
pub unsafe fn effects(work: impl FnOnce()) -> Effects {
    let (mut writes, mut is_complete) = (Vec::with_capacity(MAX), true);
    let mut factory = InstructionInfoFactory::new();
    Stepper::new().run(work, |instruction, registers| {
        each(instruction, registers, &mut factory, |access| {
            if access.kind != AccessKind::Read && !access.on_stack {
                is_complete &= writes.len() < MAX && is_simple(&access);
                if is_complete {
                    // SAFETY: the instruction executes next, and the caller promises the rest.
                    writes.push(unsafe { Write::to(&access) }); // the vector has room
                }
            }
        });
    });
    assert!(is_complete, "the writes are recorded");
    let mut before = BTreeMap::new();
    for write in &writes {
        for (address, byte) in (write.address..).zip(&write.before[..write.bytes]) {
            before.entry(address).or_insert(*byte); // the first write counts
        }
    }
    // SAFETY: the byte was written by `work`, which by the caller's promise has not freed it, and
    // no other thread writes to it.
    before.retain(|&address, byte| unsafe {
        ptr::with_exposed_provenance::<u8>(address as usize).read_volatile() != *byte
    });
    Effects {
        writes: writes.len(),
        changed: before.into_keys().collect(),
    }
}

fn is_simple(access: &Access) -> bool {
    (1..=WIDEST as u64).contains(&access.bytes) && !access.is_thread_local
}

impl Write {
    /// Reads the memory that an instruction is about to write.
    ///
    /// # Safety
    ///
    /// The instruction writes all bytes of the access, or none of them on a condition, as a
    /// compare-exchange does, and no other thread writes to them.
    unsafe fn to(access: &Access) -> Self {
        let bytes = access.bytes as usize;
        let mut before = [0; WIDEST];
        let memory = ptr::with_exposed_provenance::<u8>(access.address as usize);
        // SAFETY: the instruction accesses these bytes, so they are mapped; the rest is the caller's
        // promise.
        unsafe { ptr::copy_nonoverlapping(memory, before.as_mut_ptr(), bytes) };
        Self {
            address: access.address,
            bytes,
            before,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Returns the number of writes, and the numbers of the bytes that changed.
    fn found(words: &[AtomicU64], work: impl FnOnce()) -> (usize, Vec<u64>) {
        // SAFETY: the work of these tests stores to `words`, which are not freed.
        let effects = unsafe { effects(work) };
        let start = words.as_ptr() as u64;
        let offsets = effects.changed.iter().map(|address| address - start);
        (effects.writes, offsets.collect())
    }

    #[test]
    fn change_that_is_undone_is_none() {
        let words: Box<[AtomicU64]> = (0..4).map(AtomicU64::new).collect();
        let store = |word: usize, value| words[word].store(value, Ordering::SeqCst);
        assert_eq!(found(&words, || ()), (0, vec![]));
        assert_eq!(found(&words, || store(1, 1)), (1, vec![]), "the same value");
        let undone = || {
            store(0, 7);
            store(0, 0);
        };
        assert_eq!(found(&words, undone), (2, vec![]));
        assert_eq!(found(&words, || store(2, 0x1_0002)), (1, vec![18]));
        assert_eq!(found(&words, || store(3, 0x0100)), (1, vec![24, 25]));
    }

    #[test]
    fn bytes_of_one_word_are_one_changed_word() {
        let words: Box<[AtomicU64]> = (0..3).map(AtomicU64::new).collect();
        let work = || {
            for word in &words[1..] {
                word.store(u64::MAX / 7, Ordering::SeqCst);
            }
        };
        // SAFETY: the stores are to `words`, which are not freed.
        let all = unsafe { effects(work) };
        assert_eq!((all.changed.len(), all.changed_words()), (16, 2));
    }

    #[test]
    fn failed_compare_exchange_changes_nothing() {
        let words: Box<[AtomicU64]> = (0..2).map(AtomicU64::new).collect();
        let exchange = |expected| {
            let order = Ordering::SeqCst;
            let _ = words[1].compare_exchange(expected, 5, order, order);
        };
        assert_eq!(found(&words, || exchange(3)), (1, vec![]));
        assert_eq!(found(&words, || exchange(1)), (1, vec![8]));
    }
}
