//! The cost of an operation in instructions, read-modify-writes and cache lines, counted
//! by [single-stepping](crate::single_step).

use std::collections::BTreeSet;
use std::slice;

use iced_x86::{
    Decoder, DecoderOptions, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use crate::single_step::{Step, trace};

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
/// If `work` takes more than 200,000 instructions.
pub fn cost(work: impl FnOnce()) -> Cost {
    let empty = trace(|| ());
    let whole = trace(work);
    let (empty, whole) = (analyse(&empty), analyse(&whole));
    Cost {
        instructions: whole.instructions - empty.instructions,
        read_modify_writes: whole.read_modify_writes - empty.read_modify_writes,
        lines: whole.lines - empty.lines,
        lines_written: whole.lines_written - empty.lines_written,
    }
}

fn analyse(trace: &[Step]) -> Cost {
    let mut factory = InstructionInfoFactory::new();
    let (mut touched, mut written) = (BTreeSet::new(), BTreeSet::new());
    let mut read_modify_writes = 0;
    for step in trace {
        // SAFETY: the instruction was executed, so it is mapped and readable. The decoder
        // reads no further than its end.
        let code = unsafe { slice::from_raw_parts(step.rip as *const u8, 15) };
        let mut decoder = Decoder::with_ip(64, code, step.rip, DecoderOptions::NONE);
        let instruction = decoder.decode();
        let on_memory =
            instruction.op0_kind() == OpKind::Memory || instruction.op1_kind() == OpKind::Memory;
        if instruction.has_lock_prefix() || instruction.mnemonic() == Mnemonic::Xchg && on_memory {
            read_modify_writes += 1;
        }
        for memory in factory.info(&instruction).used_memory() {
            let Some(address) =
                memory.virtual_address(0, |register, _, _| Some(step.register(register)))
            else {
                continue;
            };
            if step.on_stack(address) {
                continue;
            }
            touched.insert(address / LINE);
            if writes(memory.access()) {
                written.insert(address / LINE);
            }
        }
    }
    Cost {
        instructions: trace.len(),
        read_modify_writes,
        lines: touched.len(),
        lines_written: written.len(),
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
