//! The cost of an operation in instructions, read-modify-writes and cache lines, counted
//! by [single-stepping](crate::single_step).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::slice;

use iced_x86::{
    Decoder, DecoderOptions, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use crate::single_step::{Step, trace_into};

const LINE: u64 = 64;

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
/// If `work` takes more than 60,000 instructions.
pub fn cost(work: impl FnOnce()) -> Cost {
    let (mut empty, mut whole) = (Vec::new(), Vec::new());
    trace_into(&mut empty, || ());
    trace_into(&mut whole, work);
    let (empty, whole) = (analyse(&empty), analyse(&whole));
    Cost {
        instructions: whole.instructions - empty.instructions,
        read_modify_writes: whole.read_modify_writes - empty.read_modify_writes,
        lines: whole.lines - empty.lines,
        lines_written: whole.lines_written - empty.lines_written,
    }
}

/// A memory access of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The address of the first byte.
    pub address: u64,
    /// The number of bytes.
    pub bytes: u64,
    /// How the memory is accessed.
    pub kind: AccessKind,
    /// Set if the memory is on the thread's stack.
    pub on_stack: bool,
    /// Set if the address is relative to the thread's own segment, so that `address` is not
    /// that of the memory, but distinct from the other addresses of the same thread.
    pub is_thread_local: bool,
}

/// How an instruction accesses memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// Reads.
    Read,
    /// Writes, even if the instruction reads as well or writes on a condition only.
    Write,
    /// Reads and writes as an atomic read-modify-write.
    ReadModifyWrite,
}

impl Access {
    /// Returns the numbers of the cache lines, of 64 bytes each.
    #[must_use]
    pub fn lines(&self) -> RangeInclusive<u64> {
        let last = self.address.wrapping_add(self.bytes.saturating_sub(1));
        self.address / LINE..=last / LINE
    }
}

/// Records memory accesses. The recorder keeps its buffers, so that it does not allocate between
/// operations of the code under examination, which may allocate as well.
pub struct Recorder {
    trace: Vec<Step>,
    factory: InstructionInfoFactory,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            trace: Vec::new(),
            factory: InstructionInfoFactory::new(),
        }
    }
}

impl Recorder {
    /// Executes `work` and appends its accesses in program order, with those to the stack by
    /// which the recording starts and stops.
    ///
    /// # Panics
    ///
    /// If `work` takes more than 60,000 instructions.
    pub fn record(&mut self, accesses: &mut Vec<Access>, work: impl FnOnce()) {
        trace_into(&mut self.trace, work);
        for step in &self.trace {
            decode(step, &mut self.factory, |access| accesses.push(access));
        }
    }
}

fn analyse(trace: &[Step]) -> Cost {
    let mut factory = InstructionInfoFactory::new();
    let (mut touched, mut written) = (BTreeSet::new(), BTreeSet::new());
    let mut read_modify_writes = 0;
    for step in trace {
        decode(step, &mut factory, |access| {
            read_modify_writes += usize::from(access.kind == AccessKind::ReadModifyWrite);
            if access.on_stack {
                return;
            }
            touched.insert(access.address / LINE);
            if access.kind != AccessKind::Read {
                written.insert(access.address / LINE);
            }
        });
    }
    Cost {
        instructions: trace.len(),
        read_modify_writes,
        lines: touched.len(),
        lines_written: written.len(),
    }
}

/// Calls `found` with each memory access of an instruction.
fn decode(step: &Step, factory: &mut InstructionInfoFactory, mut found: impl FnMut(Access)) {
    // SAFETY: the instruction was executed, so it is mapped and readable. The decoder
    // reads no further than its end.
    let code = unsafe { slice::from_raw_parts(step.rip as *const u8, 15) };
    let mut decoder = Decoder::with_ip(64, code, step.rip, DecoderOptions::NONE);
    let instruction = decoder.decode();
    let on_memory =
        instruction.op0_kind() == OpKind::Memory || instruction.op1_kind() == OpKind::Memory;
    let is_atomic =
        instruction.has_lock_prefix() || instruction.mnemonic() == Mnemonic::Xchg && on_memory;
    for memory in factory.info(&instruction).used_memory() {
        let Some(address) =
            memory.virtual_address(0, |register, _, _| Some(step.register(register)))
        else {
            continue;
        };
        found(Access {
            address,
            bytes: memory.memory_size().size() as u64,
            kind: match writes(memory.access()) {
                false => AccessKind::Read,
                true if is_atomic => AccessKind::ReadModifyWrite,
                true => AccessKind::Write,
            },
            on_stack: step.on_stack(address),
            is_thread_local: matches!(memory.segment(), Register::FS | Register::GS),
        });
    }
}

fn writes(access: OpAccess) -> bool {
    use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
    matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite)
}

impl Step {
    /// Returns the value of a register. Segment bases count as 0, so addresses of
    /// thread-local lines are wrong, but distinct.
    fn register(&self, register: Register) -> u64 {
        use Register as R;
        let number = match register.full_register() {
            R::RAX => libc::REG_RAX,
            R::RBX => libc::REG_RBX,
            R::RCX => libc::REG_RCX,
            R::RDX => libc::REG_RDX,
            R::RSI => libc::REG_RSI,
            R::RDI => libc::REG_RDI,
            R::RBP => libc::REG_RBP,
            R::RSP => libc::REG_RSP,
            R::R8 => libc::REG_R8,
            R::R9 => libc::REG_R9,
            R::R10 => libc::REG_R10,
            R::R11 => libc::REG_R11,
            R::R12 => libc::REG_R12,
            R::R13 => libc::REG_R13,
            R::R14 => libc::REG_R14,
            R::R15 => libc::REG_R15,
            _ => return 0,
        };
        self.registers[number as usize].cast_unsigned()
    }

    /// Returns `true` for addresses near the stack pointer.
    fn on_stack(&self, address: u64) -> bool {
        address.abs_diff(self.register(Register::RSP)) < 1 << 16
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
    fn accesses_are_recorded_in_program_order() {
        let words = Box::new([const { AtomicUsize::new(0) }; 2]);
        let [first, second] = [&words[0], &words[1]];
        let mut accesses = Vec::new();
        Recorder::default().record(&mut accesses, || {
            let loaded = first.load(Ordering::Relaxed);
            second.store(black_box(loaded), Ordering::Relaxed);
            black_box(first.swap(loaded, Ordering::Relaxed));
        });
        let addresses = [first, second].map(|word| word.as_ptr() as u64);
        let found: Vec<_> = accesses
            .iter()
            .filter(|access| addresses.contains(&access.address))
            .map(|access| (access.address, access.bytes, access.kind))
            .collect();
        let expected = [
            (addresses[0], 8, AccessKind::Read),
            (addresses[1], 8, AccessKind::Write),
            (addresses[0], 8, AccessKind::ReadModifyWrite),
        ];
        assert_eq!(found, expected);
        assert!(accesses.iter().any(|access| access.on_stack));
    }

    #[test]
    fn access_across_a_boundary_has_two_lines() {
        let lines = |address, bytes| {
            let (kind, on_stack, is_thread_local) = (AccessKind::Read, false, false);
            let access = Access {
                address,
                bytes,
                kind,
                on_stack,
                is_thread_local,
            };
            access.lines()
        };
        assert_eq!(lines(64, 64), 1..=1);
        assert_eq!(lines(120, 16), 1..=2);
        assert_eq!(lines(127, 0), 1..=1, "of unknown size");
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
