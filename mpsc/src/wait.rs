//! How a consumer waits: whether it spins before it sleeps.

use core::mem;
use core::time::Duration;

/// How a consumer waits for an item.
///
/// Sleeping and being woken costs microseconds on both sides. Spinning notices an item at once, but
/// keeps a core busy. What each strategy costs, measured with items that come one by one (two
/// cores, a virtual machine; `sleep/park` in the workspace's benchmark):
///
/// | strategy | latency | CPU time |
/// |---|---|---|
/// | [`Park`](Self::Park), the default | a wake-up per item: 8 to 60 µs | that of the sleep and wake-up |
/// | [`Adaptive`](Self::Adaptive) | 0.2 to 0.3 µs while items come more often than the limit; otherwise as `Park` | a whole core while items come more often than the limit; otherwise as `Park` |
/// | [`Spin`](Self::Spin) | 0.2 to 0.3 µs | a whole core, always |
///
/// `Park` is the default, because the other strategies use up to a whole core. Choose `Adaptive` if a
/// core is free for the consumer, and not if the producers need that core.
///
/// A [`Receiver`](crate::Receiver) has a strategy, `Receiver::set_wait`; an event loop applies
/// one through a [`Waiter`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Sleeps at once.
    #[default]
    Park,
    /// Spins for at most `limit` before it sleeps, but only while the recent waits were shorter
    /// than that on average. See [`Wait::ADAPTIVE`].
    ///
    /// Spinning is cheaper than sleeping if the wait is short. A consumer that always spins for as
    /// long as a sleep costs, and then sleeps, pays at most twice as much as with the better choice,
    /// and no deterministic strategy guarantees less (Karlin, Manasse, McGeoch, Owicki: Competitive
    /// randomized algorithms for nonuniform problems, Algorithmica 11, 1994). `Adaptive` guarantees
    /// no factor, because after long waits it sleeps at once, and the next wait may be short.
    Adaptive {
        /// About what a sleep costs.
        limit: Duration,
    },
    /// Spins until there is an item. Never sleeps, except where only one thread can run at a time
    /// (see [`Waiter`]).
    Spin,
}

impl Wait {
    /// [`Adaptive`](Self::Adaptive) with a limit of 30 µs, about what a sleep costs on common
    /// machines.
    pub const ADAPTIVE: Self = Self::Adaptive {
        limit: Duration::from_micros(30),
    };
}

/// Applies a [`Wait`] strategy in a loop that sleeps by its own means.
///
/// The receivers contain one. It needs neither `std` nor a clock of its own: the functions take
/// the time from outside, as the time since any moment that stays the same. With [`Wait::Park`] and
/// [`Wait::Spin`], they do not call `now`.
///
/// # When it does not spin
///
/// - If the process can run one thread at a time, since spinning keeps the producer from running.
///   With the feature `std`, the first waiter asks the system
///   (`std::thread::available_parallelism`). On Linux, a thread that is bound to one core spins all
///   the same if the main thread may run on several. Without `std`, use [`Wait::Park`] on a machine
///   with one core.
/// - After a spin that ended without an item, as where the producer cannot run for another reason: an
///   adaptive waiter then skips 1 wait before it spins again, and after each further such spin in a
///   row 3, 7, … up to 127.
///
/// A spin that is longer than about a microsecond yields once (with `std`), so that a producer that
/// waits for the same core can run.
///
/// # Examples
///
/// ```
/// # use std::time::Instant;
/// # use mpsc_queue::{Consumer, Link, Queue, Wait, Waiter, linked};
/// # struct Job { link: Link }
/// # linked!(Job => link: Link);
/// # fn run(job: Box<Job>) {}
/// fn serve(mut jobs: Consumer<&Queue<Box<Job>>>) {
///     let start = Instant::now();
///     let mut waiter = Waiter::new(Wait::ADAPTIVE);
///     while !jobs.pop().is_closed() {
///         jobs.drain(64).for_each(run);
///         if waiter.spin(|| start.elapsed(), || !jobs.queue().is_empty()) {
///             continue;
///         }
///         if let Some(parked) = jobs.park() {
///             std::thread::park(); // or wait for input as well
///             drop(parked);
///         }
///         waiter.slept(|| start.elapsed());
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Waiter {
    wait: Wait,
    /// The time at which the present wait began.
    began: Duration,
    /// The smoothed length of the recent waits.
    mean: Duration,
    /// How many times in a row the waiter has spun without finding an item, at most [`MOST_FUTILE`].
    futile: u32,
    /// How many waits pass without spinning before the next trial.
    pause: u32,
}

/// Waits that are longer than this many times the limit count as that long, so that a pause is
/// forgotten after a few short waits.
const LONGEST: u32 = 8;

/// The smoothing: each wait counts one part in so many.
const PARTS: u32 = 8;

/// After this many times, the pauses do not become longer.
const MOST_FUTILE: u32 = 7;

/// How often a spin looks for an item before it looks at the clock again.
const LOOKS: u32 = 16;

impl Waiter {
    /// Creates a waiter of this strategy.
    #[must_use]
    pub const fn new(wait: Wait) -> Self {
        let mean = match wait {
            Wait::Adaptive { limit } => limit, // sleeps until short waits have been seen
            Wait::Park | Wait::Spin => Duration::ZERO,
        };
        Self {
            wait,
            began: Duration::ZERO,
            mean,
            futile: 0,
            pause: 0,
        }
    }

    /// Returns the strategy.
    #[must_use]
    pub const fn wait(&self) -> Wait {
        self.wait
    }

    /// Begins a wait: spins until `is_ready` returns `true`, as far as the strategy permits.
    ///
    /// Returns `false` if it is time to sleep. After the sleep, call [`slept`](Self::slept).
    pub fn spin(&mut self, now: impl FnMut() -> Duration, is_ready: impl FnMut() -> bool) -> bool {
        self.spin_for(Duration::MAX, now, is_ready)
    }

    /// As [`spin`](Self::spin), for at most `left`.
    pub(crate) fn spin_for(
        &mut self,
        left: Duration,
        mut now: impl FnMut() -> Duration,
        is_ready: impl FnMut() -> bool,
    ) -> bool {
        let limit = match self.wait {
            Wait::Park => return false,
            _ if !can_spin() => return false,
            Wait::Spin if left == Duration::MAX => return look(is_ready, || false),
            Wait::Spin => {
                let end = now().saturating_add(left);
                return look(is_ready, || now() >= end);
            }
            Wait::Adaptive { limit } => limit,
        };
        self.began = now();
        if self.mean >= limit {
            return false;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        let end = self.began.saturating_add(left.min(limit));
        if look(is_ready, || now() >= end) {
            self.futile = 0;
            self.record(now());
            return true;
        }
        if left >= limit {
            self.futile = MOST_FUTILE.min(self.futile + 1);
            self.pause = (1 << self.futile) - 1;
        }
        false
    }

    /// Ends a wait that went on in a sleep.
    pub fn slept(&mut self, mut now: impl FnMut() -> Duration) {
        if let Wait::Adaptive { limit } = self.wait {
            // Without the cost of the sleep, because a spin would have ended earlier.
            self.record(now().saturating_sub(limit));
        }
    }

    fn record(&mut self, now: Duration) {
        if let Wait::Adaptive { limit } = self.wait {
            let longest = limit.saturating_mul(LONGEST);
            let length = now.saturating_sub(self.began).min(longest);
            self.mean = self.mean / PARTS * (PARTS - 1) + length / PARTS;
        }
    }
}

impl Default for Waiter {
    fn default() -> Self {
        Self::new(Wait::default())
    }
}

/// Spins until `is_ready` or `is_over` returns `true`. Returns which of the two.
fn look(mut is_ready: impl FnMut() -> bool, mut is_over: impl FnMut() -> bool) -> bool {
    let mut has_yielded = false;
    loop {
        for _ in 0..LOOKS {
            if is_ready() {
                return true;
            }
            relax();
        }
        if is_over() {
            return false;
        }
        // Once: it takes as long as a short wait, and serves only where the producer is not running.
        if !mem::replace(&mut has_yielded, true) {
            yield_core();
        }
    }
}

/// Lets another thread run that is waiting for this core, if the system can do that.
fn yield_core() {
    #[cfg(all(feature = "std", not(any(loom, shuttle))))]
    std::thread::yield_now();
}

/// Returns `false` if another thread cannot run while this one spins.
#[cfg(all(feature = "std", not(any(loom, shuttle))))]
fn can_spin() -> bool {
    use std::sync::OnceLock;
    use std::thread::available_parallelism;

    static CAN_SPIN: OnceLock<bool> = OnceLock::new();
    *CAN_SPIN.get_or_init(|| {
        available_parallelism().is_ok_and(|threads| threads.get() > 1) || is_pinned()
    })
}

/// Returns `true` if this thread is bound to one core, while others may run on more.
///
/// Linux answers `available_parallelism` for the calling thread, and an event loop is often bound
/// to a core. The main thread stands for the others.
#[cfg(all(feature = "std", not(any(loom, shuttle))))]
fn is_pinned() -> bool {
    let has_several_cores = |status: &str| {
        let status = std::fs::read_to_string(status).ok()?;
        let mut lines = status.lines();
        let cores = lines.find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
        Some(cores.contains([',', '-'])) // such as 0-3,7
    };
    has_several_cores("/proc/thread-self/status") == Some(false)
        && has_several_cores("/proc/self/status") == Some(true)
}

#[cfg(any(not(feature = "std"), loom, shuttle))]
fn can_spin() -> bool {
    true
}

#[cfg(all(feature = "std", loom))]
pub(crate) use crate::sync::now;

/// The time, for a waiter.
#[cfg(all(feature = "std", not(loom)))]
pub(crate) fn now() -> Duration {
    use std::sync::OnceLock;

    use crate::sync::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(not(any(loom, shuttle)))]
fn relax() {
    core::hint::spin_loop();
}

/// Yields, because in a model checker time passes only if other threads run.
#[cfg(any(loom, shuttle))]
fn relax() {
    crate::sync::yield_now();
}

#[cfg(test)]
mod tests;
