//! The instructions of an operation, counted by kind while they execute
//! [one at a time](crate::accesses).

use std::ops::{AddAssign, Sub};

use iced_x86::{Instruction, Mnemonic, Register};

use crate::accesses::is_exchange;
use crate::out_of_line::Stepper;

/// The instructions of an operation, and those among them that wait for the store buffer or call
/// the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instructions {
    /// All instructions.
    pub all: usize,
    /// Exchanges with memory (`xchg`), which are locked without a prefix.
    pub exchanges: usize,
    /// Instructions with a `lock` prefix, other than fences.
    pub locked: usize,
    /// Fences between stores and later loads: `mfence`.
    pub mfences: usize,
    /// The same by a `lock` prefix: `lock or` of the stack with zero, which changes nothing, and
    /// takes less time than `mfence` on most processors.
    pub locked_fences: usize,
    /// System calls.
    pub system_calls: usize,
}

impl Instructions {
    /// Executes `work` and returns its instructions, without those of the measurement.
    #[must_use]
    pub fn of(work: impl FnOnce()) -> Self {
        let mut stepper = Stepper::new();
        let empty = Self::stepped(&mut stepper, || ());
        Self::stepped(&mut stepper, work) - empty
    }

    /// Returns the number of atomic read-modify-writes.
    #[must_use]
    pub fn read_modify_writes(&self) -> usize {
        self.exchanges + self.locked
    }

    /// Returns the number of fences of both kinds.
    #[must_use]
    pub fn fences(&self) -> usize {
        self.mfences + self.locked_fences
    }

    fn stepped(stepper: &mut Stepper, work: impl FnOnce()) -> Self {
        let mut sum = Self::default();
        stepper.run(work, |instruction, _| sum += Self::one(instruction));
        sum
    }

    fn one(instruction: &Instruction) -> Self {
        let is = |mnemonic| usize::from(instruction.mnemonic() == mnemonic);
        let (is_exchange, is_fence) = (is_exchange(instruction), is_locked_fence(instruction));
        let is_locked = instruction.has_lock_prefix() && !is_exchange && !is_fence;
        Self {
            all: 1,
            exchanges: usize::from(is_exchange),
            locked: usize::from(is_locked),
            mfences: is(Mnemonic::Mfence),
            locked_fences: usize::from(is_fence),
            system_calls: is(Mnemonic::Syscall),
        }
    }
}

fn is_locked_fence(instruction: &Instruction) -> bool {
    instruction.has_lock_prefix()
        && instruction.mnemonic() == Mnemonic::Or
        && instruction.memory_base() == Register::RSP
        && matches!(instruction.try_immediate(1), Ok(0))
}

impl AddAssign for Instructions {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.exchanges += other.exchanges;
        self.locked += other.locked;
        self.mfences += other.mfences;
        self.locked_fences += other.locked_fences;
        self.system_calls += other.system_calls;
    }
}

impl Sub for Instructions {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            all: self.all - other.all,
            exchanges: self.exchanges - other.exchanges,
            locked: self.locked - other.locked,
            mfences: self.mfences - other.mfences,
            locked_fences: self.locked_fences - other.locked_fences,
            system_calls: self.system_calls - other.system_calls,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::arch::asm;
    use std::hint::black_box;
    use std::sync::atomic::{AtomicUsize, Ordering, fence};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::futex::Futex;

    /// Returns exchanges, locked instructions, fences of both kinds and system calls.
    fn kinds(work: impl FnOnce()) -> [usize; 4] {
        let of = Instructions::of(work);
        [of.exchanges, of.locked, of.fences(), of.system_calls]
    }

    #[test]
    fn kinds_are_told_apart() {
        let word = AtomicUsize::new(0);
        assert_eq!(kinds(|| ()), [0; 4]);
        assert_eq!(kinds(|| word.store(1, Ordering::Release)), [0; 4]);
        let exchange = || _ = black_box(word.swap(2, Ordering::Relaxed));
        assert_eq!(kinds(exchange), [1, 0, 0, 0]);
        let add = || _ = black_box(word.fetch_add(2, Ordering::Relaxed));
        assert_eq!(kinds(add), [0, 1, 0, 0]);
        // SAFETY: the instructions change nothing.
        let fences = || unsafe { asm!("mfence", "lfence", "sfence") };
        assert_eq!(kinds(fences), [0, 0, 1, 0]);
        assert_eq!(kinds(|| fence(Ordering::SeqCst)), [0, 0, 1, 0]);
        // SAFETY: the instruction changes nothing.
        let locked = || unsafe { asm!("lock or dword ptr [rsp], 0") };
        assert_eq!(kinds(locked), [0, 0, 1, 0]);
        // SAFETY: changes nothing, in memory that is valid.
        let elsewhere = || unsafe { asm!("lock or dword ptr [{}], 0", in(reg) word.as_ptr()) };
        assert_eq!(kinds(elsewhere), [0, 1, 0, 0], "not of the stack");
        // SAFETY: changes a word that it pushes, and pops it.
        let changes = || unsafe {
            asm!("push 0", "lock or dword ptr [rsp], 4", "pop {}", out(reg) _);
        };
        assert_eq!(kinds(changes), [0, 1, 0, 0], "it changes the stack");
        // SAFETY: exchanges two registers, both of which are stated.
        let registers = || unsafe { asm!("xchg rax, rcx", out("rax") _, out("rcx") _) };
        assert_eq!(kinds(registers), [0; 4]);
    }

    #[test]
    fn number_of_instructions_is_exact() {
        // SAFETY: the instructions do nothing.
        let few = Instructions::of(|| unsafe { asm!("nop") });
        // SAFETY: as above.
        let many = Instructions::of(|| unsafe { asm!("nop", "nop", "nop") });
        assert_eq!(many.all - few.all, 2);
    }

    /// A system call that blocks, and that another thread ends.
    #[test]
    fn sleep_and_wake_up_are_one_system_call_each() {
        let futex = Futex::new();
        let wake = || futex.wake();
        assert_eq!(kinds(wake), [0, 1, 0, 1]);
        assert_eq!(futex.wait_for_more(0), 1);
        thread::scope(|scope| {
            let sleeper = scope.spawn(|| kinds(|| _ = black_box(futex.wait_for_more(1))));
            while !futex.is_asleep() {
                thread::sleep(Duration::from_micros(100));
            }
            futex.wake();
            assert_eq!(sleeper.join().unwrap(), [0, 1, 0, 1]);
        });
    }
}
