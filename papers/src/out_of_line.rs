//! Executes code one machine instruction at a time in this process, without the kernel.
//!
//! Each instruction is copied to a stub of its own, which loads the registers of the examined
//! code, executes the copy and saves the registers; branches, calls and returns are computed
//! here. In a virtual machine, a step takes a fraction of a microsecond, and a step by the trap
//! flag, as in [`single_step`](crate::single_step), about 20.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::collections::HashMap;
use std::ptr;
use std::slice;

use iced_x86::{
    Code, ConditionCode, Decoder, DecoderOptions, Encoder, FlowControl, Instruction, Mnemonic,
    OpKind, Register,
};

/// The number of different instructions that may be executed.
const MAX_COPIES: usize = 20_000;

/// The length of a stub: 4 bytes before the copy, at most 15 of the copy, and 19 after it.
const STUB: usize = 40;

/// The length of a mapping for stubs. It has room for all.
const MAPPING: usize = MAX_COPIES * STUB;

/// The distance between the stack of this module's functions and that of the examined code,
/// which both are on the stack of the thread.
const STACK_GAP: u64 = 1 << 16;

/// The return address of the examined code.
const END: u64 = 0;

/// The registers of the examined code, while it does not execute.
#[repr(C, align(64))]
pub(crate) struct Registers {
    /// The address that stubs jump to at their end.
    exit: u64,
    /// The stub to execute.
    stub: u64,
    /// The stack pointer of this module's functions.
    own_rsp: u64,
    flags: u64,
    /// The vector registers and others, in the format of `xsave`.
    extended: *mut u8,
    /// In the order of their numbers.
    general: [u64; 16],
    rip: u64,
}

const RSP: usize = 4;
const RDI: usize = 7;

impl Registers {
    /// Returns the value of a general register. Those of segments count as 0, so addresses of
    /// thread-local memory are wrong, but distinct.
    pub(crate) fn value(&self, register: Register) -> u64 {
        let register = register.full_register();
        match register.is_gpr64() {
            true => self.general[register.number()],
            false => 0,
        }
    }

    /// Returns `true` for addresses near the stack pointer, also on the other side of the gap.
    pub(crate) fn is_near_stack(&self, address: u64) -> bool {
        address.abs_diff(self.general[RSP]) < 2 * STACK_GAP
    }

    fn push(&mut self, value: u64) {
        self.general[RSP] -= 8;
        // SAFETY: the examined code may write below its stack pointer, where its stack is.
        unsafe { (self.general[RSP] as *mut u64).write(value) };
    }

    fn pop(&mut self) -> u64 {
        // SAFETY: the examined code reads the word, which is on its stack.
        let value = unsafe { (self.general[RSP] as *const u64).read() };
        self.general[RSP] += 8;
        value
    }

    /// Returns `true` if a conditional branch is taken.
    fn take(&self, instruction: &Instruction) -> bool {
        let flag = |bit: u32| self.flags >> bit & 1 == 1;
        let (carry, parity, zero) = (flag(0), flag(2), flag(6));
        let (sign, overflow) = (flag(7), flag(11));
        match instruction.condition_code() {
            ConditionCode::o => overflow,
            ConditionCode::no => !overflow,
            ConditionCode::b => carry,
            ConditionCode::ae => !carry,
            ConditionCode::e => zero,
            ConditionCode::ne => !zero,
            ConditionCode::be => carry || zero,
            ConditionCode::a => !(carry || zero),
            ConditionCode::s => sign,
            ConditionCode::ns => !sign,
            ConditionCode::p => parity,
            ConditionCode::np => !parity,
            ConditionCode::l => sign != overflow,
            ConditionCode::ge => sign == overflow,
            ConditionCode::le => zero || sign != overflow,
            ConditionCode::g => !zero && sign == overflow,
            ConditionCode::None if instruction.code() == Code::Jrcxz_rel8_64 => {
                self.value(Register::RCX) == 0
            }
            ConditionCode::None => refuse("a loop instruction"),
        }
    }

    /// Returns the target of an indirect jump or call.
    fn target(&self, instruction: &Instruction) -> u64 {
        if instruction.op0_kind() == OpKind::Register {
            return self.value(instruction.op0_register());
        }
        let address =
            instruction.virtual_address(0, 0, |register, _, _| Some(self.value(register)));
        let address = address.unwrap_or_else(|| refuse("an unknown operand of a branch"));
        if matches!(instruction.memory_segment(), Register::FS | Register::GS) {
            refuse("a branch through a thread's own segment");
        }
        // SAFETY: the examined code reads the word.
        unsafe { (address as *const u64).read_unaligned() }
    }
}

/// Executes code by copies of its instructions.
pub(crate) struct Stepper {
    registers: Box<Registers>,
    /// The instructions that were executed, by address, and the stubs of those that are copied.
    known: HashMap<u64, (Instruction, u64)>,
    encoder: Encoder,
    /// A buffer for the encoder.
    copy: Vec<u8>,
    mappings: Vec<Mapping>,
    /// The memory that `registers.extended` points to.
    _extended: Vec<u64>,
}

// SAFETY: the pointers are to memory that the stepper owns, and no register keeps a value of a
// thread between two runs.
unsafe impl Send for Stepper {}

impl Stepper {
    pub(crate) fn new() -> Self {
        assert!(
            is_x86_feature_detected!("xsave"),
            "the processor saves all registers"
        );
        let bytes = __cpuid_count(0xd, 0).ebx as usize;
        let mut extended = vec![0; bytes / 8 + 8];
        let aligned = extended.as_mut_ptr().cast::<u8>();
        let aligned = aligned.wrapping_add(aligned.align_offset(64));
        // SAFETY: the area is aligned and has the length that the processor states.
        unsafe { asm!("xsave64 [{}]", in(reg) aligned, in("eax") -1, in("edx") -1) };
        let mut encoder = Encoder::new(64);
        // The first use of the decoder and the encoder allocates their tables.
        let nop = Decoder::with_ip(64, &[0x90], 0, DecoderOptions::NONE).decode();
        encoder.encode(&nop, 0).expect("the instruction is valid");
        let registers = Registers {
            exit: 0,
            stub: 0,
            own_rsp: 0,
            flags: 2, // this bit is always set
            extended: aligned,
            general: [0; 16],
            rip: 0,
        };
        Self {
            registers: Box::new(registers),
            // Nothing below allocates while code is executed, which may itself be in the middle
            // of an allocation.
            known: HashMap::with_capacity(MAX_COPIES),
            encoder,
            copy: Vec::with_capacity(64),
            mappings: Vec::with_capacity(64),
            _extended: extended,
        }
    }

    /// Executes `work`, and calls `before` before each instruction. `before` must not allocate.
    ///
    /// Aborts the process if `work` panics, starts a thread or a process, returns from a signal
    /// handler, or executes what the stepper does not know: to unwind would leave `work` half done.
    pub(crate) fn run<F: FnOnce()>(
        &mut self,
        work: F,
        mut before: impl FnMut(&Instruction, &Registers),
    ) {
        let mut work = Some(work);
        let rsp: u64;
        // SAFETY: reads a register.
        unsafe { asm!("mov {}, rsp", out(reg) rsp, options(nomem, nostack)) };
        let registers = &mut *self.registers;
        // Aligned as before a call.
        registers.general[RSP] = (rsp - STACK_GAP) & !15;
        registers.push(END);
        registers.general[RDI] = (&raw mut work) as u64;
        registers.rip = call::<F> as *const () as u64;
        while self.registers.rip != END {
            let (instruction, stub) = self.known(self.registers.rip);
            before(&instruction, &self.registers);
            self.execute(&instruction, stub);
        }
    }

    fn execute(&mut self, instruction: &Instruction, stub: u64) {
        let registers = &mut *self.registers;
        let next = instruction.next_ip();
        registers.rip = match instruction.flow_control() {
            FlowControl::UnconditionalBranch => instruction.near_branch_target(),
            FlowControl::IndirectBranch => registers.target(instruction),
            FlowControl::ConditionalBranch if registers.take(instruction) => {
                instruction.near_branch_target()
            }
            FlowControl::ConditionalBranch => next,
            FlowControl::Call if instruction.is_call_near() => {
                registers.push(next);
                instruction.near_branch_target()
            }
            FlowControl::IndirectCall => {
                let target = registers.target(instruction);
                registers.push(next);
                target
            }
            FlowControl::Return => {
                let target = registers.pop();
                if instruction.op_count() == 1 {
                    registers.general[RSP] += u64::from(instruction.immediate16());
                }
                target
            }
            FlowControl::XbeginXabortXend => refuse("a transaction"),
            _ => {
                if instruction.mnemonic() == Mnemonic::Syscall {
                    check_system_call(registers.value(Register::RAX));
                }
                registers.stub = stub;
                // SAFETY: the stub executes an instruction of `work` with the registers that
                // `work` expects.
                unsafe { enter(registers) };
                next
            }
        };
    }

    /// Returns the instruction at this address, and its stub, which is created the first time.
    fn known(&mut self, rip: u64) -> (Instruction, u64) {
        if let Some(known) = self.known.get(&rip) {
            return *known;
        }
        if self.known.len() == MAX_COPIES {
            refuse("more instructions than the stepper copies");
        }
        // SAFETY: the instruction is executed next, so it is mapped and readable. The decoder
        // reads no further than its end.
        let code = unsafe { slice::from_raw_parts(rip as *const u8, 15) };
        let instruction = Decoder::with_ip(64, code, rip, DecoderOptions::NONE).decode();
        if instruction.is_invalid() {
            refuse("an instruction that the decoder does not know");
        }
        let stub = if is_computed(&instruction) {
            0
        } else {
            self.stub(&instruction)
        };
        self.known.insert(rip, (instruction, stub));
        (instruction, stub)
    }

    fn stub(&mut self, instruction: &Instruction) -> u64 {
        let registers = &raw const *self.registers as u64;
        let mapping = self.mapping_near(instruction.ip());
        let start = self.mappings[mapping].end();
        self.copy.clear();
        self.copy.extend([0x48, 0x8b, 0x7f, 96]); // mov rdi, [rdi + 96]
        self.encoder.set_buffer(std::mem::take(&mut self.copy));
        // The operands that are relative to the instruction are encoded for its new address.
        if self.encoder.encode(instruction, start + 4).is_err() {
            refuse("an instruction that cannot be copied");
        }
        self.copy = self.encoder.take_buffer();
        // Below the 128 bytes that the examined code may use below its stack pointer.
        self.copy.extend([0x48, 0x8d, 0x64, 0x24, 0x80]); // lea rsp, [rsp - 128]
        self.copy.push(0x57); // push rdi
        self.copy.extend([0x48, 0xbf]); // mov rdi, registers
        self.copy.extend(registers.to_le_bytes());
        self.copy.extend([0xff, 0x27]); // jmp [rdi]
        self.mappings[mapping].add(&self.copy);
        start
    }

    /// Returns the index of a mapping with room for a stub.
    fn mapping_near(&mut self, address: u64) -> usize {
        let fits = |mapping: &Mapping| mapping.is_near(address) && mapping.has_room();
        self.mappings.iter().position(fits).unwrap_or_else(|| {
            if self.mappings.len() == self.mappings.capacity() {
                refuse("code in too many places");
            }
            self.mappings.push(Mapping::near(address));
            self.mappings.len() - 1
        })
    }
}

/// Returns `true` for branches, calls and returns. A system call is not among them.
fn is_computed(instruction: &Instruction) -> bool {
    match instruction.flow_control() {
        FlowControl::Call => instruction.is_call_near(),
        FlowControl::UnconditionalBranch
        | FlowControl::IndirectBranch
        | FlowControl::ConditionalBranch
        | FlowControl::IndirectCall
        | FlowControl::Return => true,
        FlowControl::Next
        | FlowControl::Interrupt
        | FlowControl::Exception
        | FlowControl::XbeginXabortXend => false,
    }
}

/// Aborts if the system call lets other code run than that which is examined.
fn check_system_call(number: u64) {
    let others = [
        libc::SYS_rt_sigreturn,
        libc::SYS_clone,
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_clone3,
    ];
    if others.iter().any(|other| other.cast_unsigned() == number) {
        refuse("a new thread or process, or a signal handler");
    }
}

/// Aborts the process with a message. Neither allocates nor unwinds, because the examined code is
/// half executed, and may be in the middle of an allocation.
fn refuse(what: &str) -> ! {
    for part in ["cannot examine this code: ", what, "\n"] {
        // SAFETY: the part is readable. If it cannot be written, the process aborts without it.
        unsafe { libc::write(2, part.as_ptr().cast(), part.len()) };
    }
    std::process::abort()
}

/// Memory for stubs.
struct Mapping {
    start: *mut u8,
    used: usize,
}

impl Mapping {
    /// Creates a mapping from which instructions reach what is near `address`.
    fn near(address: u64) -> Self {
        for distance in 1..1000 {
            let hint = (address & !0xffff).wrapping_sub(distance << 20) as *mut libc::c_void;
            let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            // SAFETY: a new mapping replaces no other.
            let start = unsafe { libc::mmap(hint, MAPPING, protection, flags, -1, 0) };
            if start == libc::MAP_FAILED {
                refuse("no executable memory");
            }
            let (start, used) = (start.cast(), 0);
            let mapping = Self { start, used };
            if mapping.is_near(address) {
                return mapping;
            }
        }
        refuse("no free memory near the code")
    }

    /// Returns `true` if an operand near `address` is in the reach of 32 bits.
    fn is_near(&self, address: u64) -> bool {
        (self.start as u64).abs_diff(address) < 1 << 30
    }

    fn end(&self) -> u64 {
        self.start as u64 + self.used as u64
    }

    fn has_room(&self) -> bool {
        self.used + STUB <= MAPPING
    }

    fn add(&mut self, code: &[u8]) {
        if code.len() > STUB || !self.has_room() {
            refuse("a copy that is too long");
        }
        // SAFETY: the mapping has room.
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), self.start.add(self.used), code.len()) };
        self.used += code.len();
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping was created by `mmap`, and its stubs are not used any more.
        unsafe { libc::munmap(self.start.cast(), MAPPING) };
    }
}

/// The first function of the examined code. A panic aborts, because it cannot unwind further.
extern "sysv64" fn call<F: FnOnce()>(work: &mut Option<F>) {
    if let Some(work) = work.take() {
        work();
    }
}

/// Loads the registers, executes the stub, and saves the registers.
///
/// # Safety
///
/// The stub must be one for these registers.
unsafe fn enter(registers: &mut Registers) {
    // SAFETY: the registers that the compiler may use are saved on the stack or stated as
    // clobbered. The offsets are those of the fields.
    unsafe {
        asm!(
            "push rbx",
            "push rbp",
            "lea rax, [rip + 2f]",
            "mov [rdi], rax",
            "mov [rdi + 16], rsp",
            "mov rsi, [rdi + 32]",
            "mov eax, -1",
            "mov edx, -1",
            "xrstor64 [rsi]",
            "push qword ptr [rdi + 24]",
            "popfq",
            "mov rax, [rdi + 40]",
            "mov rcx, [rdi + 48]",
            "mov rdx, [rdi + 56]",
            "mov rbx, [rdi + 64]",
            "mov rsp, [rdi + 72]",
            "mov rbp, [rdi + 80]",
            "mov rsi, [rdi + 88]",
            "mov r8, [rdi + 104]",
            "mov r9, [rdi + 112]",
            "mov r10, [rdi + 120]",
            "mov r11, [rdi + 128]",
            "mov r12, [rdi + 136]",
            "mov r13, [rdi + 144]",
            "mov r14, [rdi + 152]",
            "mov r15, [rdi + 160]",
            "jmp [rdi + 8]",
            "2:",
            "mov [rdi + 40], rax",
            "mov [rdi + 48], rcx",
            "mov [rdi + 56], rdx",
            "mov [rdi + 64], rbx",
            "mov [rdi + 80], rbp",
            "mov [rdi + 88], rsi",
            "mov [rdi + 104], r8",
            "mov [rdi + 112], r9",
            "mov [rdi + 120], r10",
            "mov [rdi + 128], r11",
            "mov [rdi + 136], r12",
            "mov [rdi + 144], r13",
            "mov [rdi + 152], r14",
            "mov [rdi + 160], r15",
            "pop rax",
            "mov [rdi + 96], rax",
            "lea rsp, [rsp + 128]",
            "mov [rdi + 72], rsp",
            "mov rsp, [rdi + 16]",
            "pushfq",
            "pop qword ptr [rdi + 24]",
            "cld", // our own code relies on it
            "mov rsi, [rdi + 32]",
            "mov eax, -1",
            "mov edx, -1",
            "xsave64 [rsi]",
            "pop rbp",
            "pop rbx",
            inout("rdi") &raw mut *registers => _,
            out("r12") _,
            out("r13") _,
            out("r14") _,
            out("r15") _,
            clobber_abi("sysv64"),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::hint::black_box;

    use super::*;

    /// Returns the result of `work`, and the number of its instructions.
    fn stepped<R>(work: impl FnOnce() -> R) -> (R, usize) {
        let (mut result, mut instructions) = (None, 0);
        let store = || result = Some(work());
        Stepper::new().run(store, |_, _| instructions += 1);
        (result.expect("the work was executed"), instructions)
    }

    #[test]
    fn direction_flag_of_examined_code_stays_there() {
        let mut forward = true;
        let backward = || {
            // SAFETY: the flag is set back, and nothing relies on it in between.
            unsafe { asm!("std", "nop", "cld") };
        };
        Stepper::new().run(backward, |_, _| {
            let flags: u64;
            // SAFETY: reads the flags, by way of the stack.
            unsafe { asm!("pushfq", "pop {}", out(reg) flags) };
            forward &= flags >> 10 & 1 == 0;
        });
        assert!(forward);
    }

    /// Runs in a process of its own, see below.
    #[test]
    #[ignore = "aborts"]
    fn new_thread() {
        Stepper::new().run(|| drop(std::thread::spawn(|| ())), |_, _| ());
    }

    #[test]
    fn new_thread_aborts() {
        let name = "out_of_line::tests::new_thread";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("a new thread or process"), "{errors}");
        assert!(!output.status.success());
    }

    /// Compares `value` with others on every condition that has a branch instruction.
    #[inline(never)]
    fn conditions(value: i64, other: i64) -> u64 {
        let mut taken = 0_u64;
        let unsigned = [value, other].map(i64::cast_unsigned);
        macro_rules! branch {
            ($($bit:literal $jump:literal)*) => { $(
                // SAFETY: compares two registers and branches within the block.
                unsafe {
                    asm!(
                        "cmp {a}, {b}",
                        concat!($jump, " 2f"),
                        "jmp 3f",
                        "2:",
                        "or {taken}, {bit}",
                        "3:",
                        a = in(reg) black_box(unsigned[0]),
                        b = in(reg) black_box(unsigned[1]),
                        taken = inout(reg) taken,
                        bit = const 1 << $bit,
                    );
                }
            )* };
        }
        branch!(0 "jo" 1 "jno" 2 "jb" 3 "jae" 4 "je" 5 "jne" 6 "jbe" 7 "ja");
        branch!(8 "js" 9 "jns" 10 "jp" 11 "jnp" 12 "jl" 13 "jge" 14 "jle" 15 "jg");
        taken
    }

    #[test]
    fn branches_are_taken_as_by_the_processor() {
        let values = [0, 1, 2, 3, -1, -2, i64::MIN, i64::MAX, 127, 1 << 40];
        for (value, other) in values.into_iter().flat_map(|a| values.map(|b| (a, b))) {
            let (taken, _) = stepped(|| conditions(value, other));
            assert_eq!(taken, conditions(value, other), "{value} and {other}");
        }
    }

    #[test]
    fn calls_and_floating_point_give_the_same_result() {
        fn work(count: u32) -> String {
            let mut map = BTreeMap::new();
            for number in 0..count {
                let root = f64::from(number).sqrt();
                map.entry(number * 7 % 31)
                    .or_insert_with(Vec::new)
                    .push(root);
            }
            let sums = map.values().map(|roots| roots.iter().sum::<f64>());
            format!("{:?} {map:?}", sums.collect::<Vec<_>>())
        }
        assert_eq!(stepped(|| work(black_box(100))).0, work(100));
    }

    #[test]
    fn each_instruction_is_counted() {
        // SAFETY: the instructions do nothing.
        let ((), few) = stepped(|| unsafe { asm!("nop") });
        // SAFETY: as above.
        let ((), many) = stepped(|| unsafe { asm!("nop", "nop", "nop", "nop") });
        assert_eq!(many - few, 3);
    }

    #[test]
    fn stepper_continues_on_another_thread() {
        let mut stepper = Stepper::new();
        let mut count = 0;
        let work = |count: &mut u32| *count += 1;
        stepper.run(|| work(&mut count), |_, _| ());
        std::thread::scope(|scope| {
            scope.spawn(|| stepper.run(|| work(&mut count), |_, _| ()));
        });
        assert_eq!(count, 2);
    }
}
