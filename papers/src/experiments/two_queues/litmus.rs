//! Two threads that execute a few instructions at the same moment, again and again.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;
use papers::cores;

/// What a thread finds after it has written to one place, and looks at the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// What the other thread has written.
    Other,
    /// Nothing.
    Nothing,
    /// A push of the other thread, in its gap.
    Stall,
}

/// One of the two threads.
pub(super) trait Side {
    /// Writes to one place, and looks at the other.
    fn write_and_look(&mut self) -> Found;

    /// Prepares for the next time. The other thread has looked before, and does not write meanwhile.
    fn prepare(&mut self);
}

/// How often both threads found something, and so on.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes {
    pub(super) times: u64,
    pub(super) both_found: u64,
    pub(super) one_found: u64,
    pub(super) neither_found: u64,
    /// A push of the other thread was in its gap, on at least one side.
    pub(super) stalled: u64,
    /// The sum of `neither_found` after each tenth of the times.
    pub(super) growth: Vec<u64>,
}

impl Outcomes {
    fn of(found: [&[Found]; 2]) -> Self {
        let mut outcomes = Self::default();
        let times = found[0].len();
        for (number, pair) in found[0].iter().zip(found[1]).enumerate() {
            match pair {
                (Found::Other, Found::Other) => outcomes.both_found += 1,
                (Found::Nothing, Found::Nothing) => outcomes.neither_found += 1,
                (Found::Stall, _) | (_, Found::Stall) => outcomes.stalled += 1,
                _ => outcomes.one_found += 1,
            }
            if (number + 1) % (times / 10).max(1) == 0 {
                outcomes.growth.push(outcomes.neither_found);
            }
        }
        outcomes.times = times as u64;
        outcomes
    }
}

/// So often a thread looks for the other one before it yields its core. A meeting takes a few hundred
/// nanoseconds if both threads run, and a turn of the scheduler otherwise.
const SPINS: u32 = 10_000;

/// The state that both threads share.
struct Meetings {
    /// Counts how often each thread has arrived.
    arrivals: [CachePadded<AtomicU64>; 2],
    /// The number of times that both run.
    times: CachePadded<AtomicU64>,
}

/// Runs two sides on two cores, so many times; less often if that takes longer than `limit`. `side`
/// creates the side with this number on its thread.
pub(super) fn litmus<S: Side>(
    times: usize,
    limit: Duration,
    side: impl Fn(usize) -> S + Sync,
) -> Outcomes {
    let meetings = &Meetings {
        arrivals: Default::default(),
        times: CachePadded::new(AtomicU64::new(times as u64)),
    };
    let side = &side;
    let found = thread::scope(|scope| {
        let threads = [0, 1].map(|number| {
            scope.spawn(move || {
                cores::pin(number);
                run(&mut side(number), number, meetings, limit)
            })
        });
        threads.map(|thread| thread.join().expect("the side returns"))
    });
    Outcomes::of([&found[0], &found[1]])
}

fn run(side: &mut impl Side, number: usize, meetings: &Meetings, limit: Duration) -> Vec<Found> {
    // Relaxed, here and below: a meeting orders the store and the load.
    let times = || meetings.times.load(Ordering::Relaxed);
    let mut found = Vec::new();
    let (mut random, start) = (number as u64 + 1, Instant::now());
    let mut time = 0;
    while time < times() {
        side.prepare();
        meetings.meet(number, 2 * time + 1);
        // A different distance between the threads each time.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        for _ in 0..random >> 61 {
            spin_loop();
        }
        found.push(side.write_and_look());
        if number == 0 && time % 256 == 0 && start.elapsed() > limit && time + 2 < times() {
            // The other thread finds it after the meeting, before its time but one.
            meetings.times.store(time + 2, Ordering::Relaxed);
        }
        meetings.meet(number, 2 * time + 2);
        time += 1;
    }
    found
}

impl Meetings {
    /// Waits until the other thread has arrived as often. Contains no fence and no read-modify-write,
    /// which would empty the store buffer.
    fn meet(&self, number: usize, arrival: u64) {
        // Release and acquire pair with each other: what a thread did before it arrived happens before
        // the other thread goes on.
        self.arrivals[number].store(arrival, Ordering::Release);
        let mut spins = 0_u32;
        while self.arrivals[1 - number].load(Ordering::Acquire) < arrival {
            spins += 1;
            match spins < SPINS {
                true => spin_loop(),
                false => thread::yield_now(), // the other thread may need this core
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told(Found, u64);

    impl Side for Told {
        fn write_and_look(&mut self) -> Found {
            assert_eq!(self.1, 1, "prepared once");
            self.1 = 0;
            self.0
        }

        fn prepare(&mut self) {
            self.1 += 1;
        }
    }

    fn outcomes(found: [Found; 2]) -> [u64; 4] {
        let all = litmus(200, Duration::MAX, |number| Told(found[number], 0));
        assert_eq!(all.times, 200);
        let last = all.growth.last().copied();
        assert_eq!((all.growth.len(), last), (10, Some(all.neither_found)));
        [
            all.both_found,
            all.one_found,
            all.neither_found,
            all.stalled,
        ]
    }

    #[test]
    fn both_threads_stop_at_the_limit() {
        let told = |_| Told(Found::Other, 0);
        let outcomes = litmus(usize::MAX >> 20, Duration::ZERO, told);
        assert_eq!((outcomes.times, outcomes.both_found), (2, 2));
    }

    #[test]
    fn outcomes_are_told_apart() {
        use Found::{Nothing, Other, Stall};
        assert_eq!(outcomes([Other, Other]), [200, 0, 0, 0]);
        assert_eq!(outcomes([Other, Nothing]), [0, 200, 0, 0]);
        assert_eq!(outcomes([Nothing, Nothing]), [0, 0, 200, 0]);
        assert_eq!(outcomes([Stall, Nothing]), [0, 0, 0, 200]);
        assert_eq!(outcomes([Other, Stall]), [0, 0, 0, 200]);
    }
}
