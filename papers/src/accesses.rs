//! The memory accesses of code, recorded while the code executes.

use std::ops::RangeInclusive;

use iced_x86::{
    Instruction, InstructionInfoFactory, InstructionInfoOptions, Mnemonic, OpAccess, OpKind,
    Register,
};

use crate::out_of_line::{Registers, Stepper};

const LINE: u64 = 64;

/// The maximum number of accesses, and of instructions, of a recording.
const MAX: usize = 400_000;

/// A memory access of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The address of the first byte.
    pub address: u64,
    /// The number of bytes.
    pub bytes: u64,
    /// The kind of the access.
    pub kind: AccessKind,
    /// Set if the memory is on the thread's stack.
    pub on_stack: bool,
    /// Set if the address is relative to the thread's own segment, so that `address` is not
    /// that of the memory, but distinct from the other addresses of the same thread.
    pub is_thread_local: bool,
}

/// The kind of a memory access.
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

/// Records memory accesses. The recorder allocates nothing while the code under examination
/// executes, which may itself be in the middle of an allocation.
pub struct Recorder {
    stepper: Stepper,
    factory: InstructionInfoFactory,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            stepper: Stepper::new(),
            factory: InstructionInfoFactory::new(),
        }
    }
}

impl Recorder {
    /// Executes `work` and appends its accesses in program order. Returns the number of
    /// instructions.
    ///
    /// Aborts the process if `work` panics, starts a thread or a process, or executes an instruction
    /// that the recorder does not know.
    ///
    /// # Panics
    ///
    /// Afterwards, if `work` has taken more than 400,000 instructions, or accessed memory as often.
    pub fn record(&mut self, accesses: &mut Vec<Access>, work: impl FnOnce()) -> usize {
        accesses.reserve(MAX);
        let room = accesses.len() + MAX;
        let mut instructions = 0;
        self.stepper.run(work, |instruction, registers| {
            instructions += 1;
            each(instruction, registers, &mut self.factory, |access| {
                if accesses.len() < room {
                    accesses.push(access);
                }
            });
        });
        let fits = instructions < MAX && accesses.len() < room;
        assert!(fits, "the work fits into a recording");
        instructions
    }
}

/// Calls `found` with each memory access of an instruction, with the registers before it.
pub(crate) fn each(
    instruction: &Instruction,
    registers: &Registers,
    factory: &mut InstructionInfoFactory,
    mut found: impl FnMut(Access),
) {
    let is_atomic = instruction.has_lock_prefix() || is_exchange(instruction);
    let options = InstructionInfoOptions::NO_REGISTER_USAGE;
    let bytes = repeated_bytes(instruction, registers);
    if bytes == Some(0) {
        return; // repeated zero times
    }
    for memory in factory.info_options(instruction, options).used_memory() {
        let Some(address) =
            memory.virtual_address(0, |register, _, _| Some(registers.value(register)))
        else {
            continue;
        };
        found(Access {
            address,
            bytes: bytes.unwrap_or(memory.memory_size().size() as u64),
            kind: match writes(memory.access()) {
                false => AccessKind::Read,
                true if is_atomic => AccessKind::ReadModifyWrite,
                true => AccessKind::Write,
            },
            on_stack: registers.is_near_stack(address),
            is_thread_local: matches!(memory.segment(), Register::FS | Register::GS),
        });
    }
}

/// Returns `true` for an exchange with memory, which is atomic without a prefix.
pub(crate) fn is_exchange(instruction: &Instruction) -> bool {
    let on_memory =
        instruction.op0_kind() == OpKind::Memory || instruction.op1_kind() == OpKind::Memory;
    instruction.mnemonic() == Mnemonic::Xchg && on_memory
}

/// Returns the number of bytes of a string instruction that is repeated until a counter is zero.
fn repeated_bytes(instruction: &Instruction, registers: &Registers) -> Option<u64> {
    let is_repeated = instruction.has_rep_prefix() || instruction.has_repne_prefix();
    let bytes = || instruction.memory_size().size() as u64 * registers.value(Register::RCX);
    (is_repeated && instruction.is_string_instruction()).then(bytes)
}

fn writes(access: OpAccess) -> bool {
    use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
    matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite)
}

#[cfg(test)]
mod tests {
    use std::arch::asm;
    use std::hint::black_box;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn nothing_is_recorded_for_zero_repetitions() {
        let word = AtomicUsize::new(0);
        let mut accesses = Vec::new();
        Recorder::default().record(&mut accesses, || {
            // SAFETY: writes nothing.
            unsafe {
                asm!(
                    "rep stosb",
                    inout("rcx") 0_u64 => _,
                    inout("rdi") word.as_ptr() => _,
                    in("al") 0_u8,
                );
            }
        });
        let address = word.as_ptr() as u64;
        assert!(accesses.iter().all(|access| access.address != address));
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
    fn repeated_instruction_accesses_all_its_bytes() {
        let from = vec![1_u8; 1000];
        let mut to = vec![0_u8; 1000];
        let mut accesses = Vec::new();
        Recorder::default().record(&mut accesses, || {
            // SAFETY: copies between vectors of this length.
            unsafe {
                asm!(
                    "rep movsb",
                    inout("rcx") to.len() => _,
                    inout("rsi") from.as_ptr() => _,
                    inout("rdi") to.as_mut_ptr() => _,
                );
            }
        });
        assert_eq!(to, from);
        let written = |address: u64| {
            accesses.iter().any(|access| {
                let within = access.address..access.address + access.bytes;
                access.kind == AccessKind::Write && within.contains(&address)
            })
        };
        for byte in &to {
            assert!(written(&raw const *byte as u64));
        }
    }

    #[test]
    fn access_across_a_boundary_has_two_lines() {
        let lines = |address, bytes| {
            let access = Access {
                address,
                bytes,
                kind: AccessKind::Read,
                on_stack: false,
                is_thread_local: false,
            };
            access.lines()
        };
        assert_eq!(lines(64, 64), 1..=1);
        assert_eq!(lines(120, 16), 1..=2);
        assert_eq!(lines(127, 0), 1..=1, "of unknown size");
    }
}
