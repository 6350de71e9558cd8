//! Runs code one machine instruction at a time, inside this very process: the
//! processor's trap flag raises `SIGTRAP` after each instruction.
//!
//! So an operation can be counted to the instruction, and a thread can be frozen at
//! any point of it, without a hook in the code that is examined.

use std::arch::asm;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::mem;
use std::ptr;
use std::slice;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory, Mnemonic, OpKind, Register};

/// More instructions than are traced at once.
const MOST: usize = 60_000;

/// The trap flag, in the flags register.
const TRAP_FLAG: i64 = 0x100;

const LINE: u64 = 64;

/// What was seen when an instruction was about to run.
#[derive(Clone, Copy)]
struct Seen {
    rip: u64,
    registers: [i64; 23],
}

/// A thread that runs by single steps. Shared with whoever has it freeze.
pub struct Stepped {
    /// Before which instruction it stops, counted from 0.
    freeze_before: usize,
    frozen: AtomicBool,
    thawed: AtomicBool,
    steps: AtomicUsize,
}

/// What the code between the two marks did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// All instructions.
    pub instructions: usize,
    /// Atomic read-modify-writes: with a lock prefix, or `xchg` with memory.
    pub read_modify_writes: usize,
    /// Cache lines outside the thread's own stack.
    pub lines: usize,
    /// Those of them that were written.
    pub lines_written: usize,
}

thread_local! {
    static STEPPED: Cell<*const Stepped> = const { Cell::new(ptr::null()) };
    static TRACE: Cell<*mut Vec<Seen>> = const { Cell::new(ptr::null_mut()) };
}

impl Stepped {
    /// Will freeze before that instruction, if the work has as many.
    #[must_use]
    pub fn freezing_before(instruction: usize) -> Self {
        Self {
            freeze_before: instruction,
            frozen: AtomicBool::new(false),
            thawed: AtomicBool::new(false),
            steps: AtomicUsize::new(0),
        }
    }

    /// Runs `work` by single steps on this thread.
    ///
    /// # Panics
    ///
    /// If `SIGTRAP` cannot be handled.
    pub fn run(&self, work: impl FnOnce()) {
        install();
        STEPPED.set(self);
        mark();
        work();
        mark();
        STEPPED.set(ptr::null());
    }

    /// Whether it has reached its point.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        // Acquire pairs with the release in `step`.
        self.frozen.load(Ordering::Acquire)
    }

    /// Lets it run on.
    pub fn thaw(&self) {
        // Release pairs with the acquire in `step`.
        self.thawed.store(true, Ordering::Release);
    }

    /// In the signal handler: allocates nothing, takes no lock.
    fn step(&self) {
        // Relaxed: this thread alone counts.
        let step = self.steps.load(Ordering::Relaxed);
        self.steps.store(step + 1, Ordering::Relaxed);
        if step == self.freeze_before {
            self.frozen.store(true, Ordering::Release);
            while !self.thawed.load(Ordering::Acquire) {
                // SAFETY: a system call without arguments that may be made in a
                // signal handler.
                unsafe { libc::sched_yield() };
            }
        }
    }
}

/// What `work` costs, without what the marks themselves do.
///
/// # Panics
///
/// If `work` takes more than some ten thousand instructions.
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

fn trace(work: impl FnOnce()) -> Vec<Seen> {
    let mut trace = Vec::with_capacity(MOST);
    TRACE.set(&raw mut trace);
    Stepped::freezing_before(usize::MAX).run(work);
    TRACE.set(ptr::null_mut());
    assert!(
        trace.len() < MOST,
        "more instructions than there is room for"
    );
    trace
}

/// The trap that the handler takes for the beginning or the end.
#[inline(never)]
fn mark() {
    // SAFETY: raises `SIGTRAP`, for which `install` has put a handler in place.
    unsafe { asm!("int3") };
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `handler` has the signature that `SA_SIGINFO` asks for, and does
        // only what is allowed in a signal handler. All zero is a valid `sigaction`.
        let failed = unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = handler as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigaction(libc::SIGTRAP, &action, ptr::null_mut())
        };
        assert_eq!(failed, 0, "SIGTRAP can be handled");
    });
}

extern "C" fn handler(_: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes valid pointers; the context is this thread's, to be
    // restored when the handler returns. `STEPPED` leads to a value that lives until
    // it is set to null, `TRACE` to a vector that nobody else uses meanwhile.
    unsafe {
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        let flags = &mut registers[libc::REG_EFL as usize];
        if (*info).si_code != libc::TRAP_TRACE {
            *flags ^= TRAP_FLAG; // a mark
            return;
        }
        if let Some(stepped) = STEPPED.get().as_ref() {
            stepped.step();
        }
        if let Some(trace) = TRACE.get().as_mut()
            && trace.len() < trace.capacity()
        {
            trace.push(Seen {
                rip: registers[libc::REG_RIP as usize].cast_unsigned(),
                registers: *registers,
            });
        }
    }
}

fn analyse(trace: &[Seen]) -> Cost {
    let mut factory = InstructionInfoFactory::new();
    let (mut touched, mut written) = (BTreeSet::new(), BTreeSet::new());
    let mut read_modify_writes = 0;
    for seen in trace {
        // SAFETY: the instruction ran, so it is mapped and readable; the decoder reads
        // no further than its end.
        let code = unsafe { slice::from_raw_parts(seen.rip as *const u8, 15) };
        let mut decoder = Decoder::with_ip(64, code, seen.rip, DecoderOptions::NONE);
        let instruction = decoder.decode();
        let on_memory =
            instruction.op0_kind() == OpKind::Memory || instruction.op1_kind() == OpKind::Memory;
        if instruction.has_lock_prefix() || instruction.mnemonic() == Mnemonic::Xchg && on_memory {
            read_modify_writes += 1;
        }
        for memory in factory.info(&instruction).used_memory() {
            let Some(address) =
                memory.virtual_address(0, |register, _, _| Some(seen.register(register)))
            else {
                continue;
            };
            if seen.on_stack(address) {
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

fn writes(access: iced_x86::OpAccess) -> bool {
    use iced_x86::OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
    matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite)
}

impl Seen {
    /// Segment bases count as 0: thread-local lines have odd addresses, but each its
    /// own.
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

    /// Near the stack pointer.
    fn on_stack(&self, address: u64) -> bool {
        address.abs_diff(self.register(Register::RSP)) < 1 << 16
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::thread;

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
        assert_eq!(word.load(Ordering::Relaxed), 4, "the steps were taken");
    }

    #[test]
    fn a_written_line_is_counted() {
        let words: Box<[AtomicUsize]> = (0..64).map(AtomicUsize::new).collect();
        let written = |each: usize| {
            let store = || {
                for word in words.iter().step_by(each) {
                    word.store(0, Ordering::Relaxed);
                }
            };
            cost(store).lines_written
        };
        // 512 bytes, wherever they begin in a line.
        assert!((8..=9).contains(&written(1)));
        assert_eq!(written(64), 1);
    }

    /// Nothing behind the instruction has happened while it is frozen, all of it has
    /// when it has run on.
    #[test]
    fn frozen_means_frozen() {
        let word = Box::new(AtomicUsize::new(0));
        let stepped = Stepped::freezing_before(0);
        thread::scope(|scope| {
            scope.spawn(|| stepped.run(|| word.store(1, Ordering::Release)));
            while !stepped.is_frozen() {
                thread::yield_now();
            }
            assert_eq!(word.load(Ordering::Acquire), 0);
            stepped.thaw();
        });
        assert_eq!(word.load(Ordering::Acquire), 1);
    }
}
