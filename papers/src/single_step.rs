//! Executes code one machine instruction at a time in this process. The trap flag of the
//! processor raises `SIGTRAP` after each instruction.
//!
//! So instructions can be recorded, and a thread can be frozen before any instruction of
//! an operation, without a hook in the code under examination.

use std::arch::asm;
use std::cell::Cell;
use std::mem;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The maximum length of a trace.
const MAX_TRACE: usize = 200_000;

/// The trap flag in the flags register.
const TRAP_FLAG: i64 = 0x100;

/// Code that is executed by single steps, and another thread may freeze.
pub struct Stepped {
    /// The number of the instruction before which the code is frozen.
    freeze_before: usize,
    frozen: AtomicBool,
    thawed: AtomicBool,
    steps: AtomicUsize,
}

/// The state of the processor before an instruction.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) rip: u64,
    pub(crate) registers: [i64; 23],
}

thread_local! {
    static STEPPED: Cell<*const Stepped> = const { Cell::new(ptr::null()) };
    static TRACE: Cell<*mut Vec<Step>> = const { Cell::new(ptr::null_mut()) };
}

impl Stepped {
    /// Creates a run that freezes before the instruction with this number, if the code
    /// has that many. The first instruction has the number 0.
    #[must_use]
    pub fn freezing_before(instruction: usize) -> Self {
        Self {
            freeze_before: instruction,
            frozen: AtomicBool::new(false),
            thawed: AtomicBool::new(false),
            steps: AtomicUsize::new(0),
        }
    }

    /// Executes `work` by single steps on this thread.
    ///
    /// # Panics
    ///
    /// If the handler of `SIGTRAP` cannot be installed.
    pub fn run(&self, work: impl FnOnce()) {
        install_handler();
        STEPPED.set(self);
        toggle();
        work();
        toggle();
        STEPPED.set(ptr::null());
    }

    /// Returns `true` once the code is frozen.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        // Acquire pairs with the release in `step`.
        self.frozen.load(Ordering::Acquire)
    }

    /// Lets the code continue.
    pub fn thaw(&self) {
        // Release pairs with the acquire in `step`.
        self.thawed.store(true, Ordering::Release);
    }

    /// Runs in the signal handler, so it neither allocates nor locks.
    fn step(&self) {
        // Relaxed: only this thread counts.
        let step = self.steps.load(Ordering::Relaxed);
        self.steps.store(step + 1, Ordering::Relaxed);
        if step == self.freeze_before {
            // Release pairs with the acquire in `is_frozen`, acquire with the release in
            // `thaw`.
            self.frozen.store(true, Ordering::Release);
            while !self.thawed.load(Ordering::Acquire) {
                // SAFETY: a system call without arguments, which is allowed in a signal
                // handler.
                unsafe { libc::sched_yield() };
            }
        }
    }
}

/// Returns the steps of `work`, and those of starting and stopping the trace.
///
/// # Panics
///
/// If `work` takes more than 200,000 instructions.
pub(crate) fn trace(work: impl FnOnce()) -> Vec<Step> {
    let mut trace = Vec::with_capacity(MAX_TRACE);
    TRACE.set(&raw mut trace);
    Stepped::freezing_before(usize::MAX).run(work);
    TRACE.set(ptr::null_mut());
    assert!(trace.len() < MAX_TRACE, "the work fits into a trace");
    trace
}

/// Raises the trap by which the handler starts or stops single-stepping.
#[inline(never)]
fn toggle() {
    // SAFETY: raises `SIGTRAP`, for which `install_handler` has installed a handler.
    unsafe { asm!("int3") };
}

fn install_handler() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `handler` has the signature for `SA_SIGINFO`, and does only what is
        // allowed in a signal handler. All zeroes is a valid `sigaction`.
        let failed = unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = handler as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigaction(libc::SIGTRAP, &action, ptr::null_mut())
        };
        assert_eq!(failed, 0, "the handler of SIGTRAP is installed");
    });
}

extern "C" fn handler(_: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes valid pointers, and the context is that of this thread.
    // `STEPPED` points to a value that lives until it is set to null, `TRACE` to a vector
    // that is not used otherwise meanwhile.
    unsafe {
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        let flags = &mut registers[libc::REG_EFL as usize];
        if (*info).si_code != libc::TRAP_TRACE {
            *flags ^= TRAP_FLAG; // `toggle`
            return;
        }
        if let Some(stepped) = STEPPED.get().as_ref() {
            stepped.step();
        }
        if let Some(trace) = TRACE.get().as_mut()
            && trace.len() < trace.capacity()
        {
            trace.push(Step {
                rip: registers[libc::REG_RIP as usize].cast_unsigned(),
                registers: *registers,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn frozen_code_continues_after_thaw() {
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
