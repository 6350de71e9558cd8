//! A waiter against a clock that the test moves.

use core::cell::Cell;
use core::time::Duration;

use super::{LONGEST, Wait, Waiter};

const LIMIT: Duration = Duration::from_micros(30);

/// The time, in which each look takes a microsecond.
#[derive(Default)]
struct Clock {
    now: Cell<Duration>,
    looks: Cell<u32>,
}

impl Clock {
    fn advance(&self, micros: u64) {
        self.now.set(self.now.get() + Duration::from_micros(micros));
    }

    /// Waits for an item that comes after this time. Returns how often the waiter looked.
    fn wait(&self, waiter: &mut Waiter, micros: u64) -> u32 {
        let item = self.now.get() + Duration::from_micros(micros);
        self.looks.set(0);
        let is_ready = || {
            self.looks.set(self.looks.get() + 1);
            let is_ready = self.now.get() >= item;
            if !is_ready {
                self.advance(1);
            }
            is_ready
        };
        if !waiter.spin(|| self.now.get(), is_ready) {
            self.now.set(self.now.get().max(item));
            waiter.slept(|| self.now.get());
        }
        self.looks.get()
    }
}

/// A waiter that has seen short waits.
fn warm(clock: &Clock) -> Waiter {
    let mut waiter = Waiter::new(Wait::Adaptive { limit: LIMIT });
    clock.wait(&mut waiter, 1);
    waiter
}

#[test]
fn park_neither_looks_nor_asks_for_the_time() {
    let mut waiter = Waiter::new(Wait::Park);
    for _ in 0..3 {
        assert!(!waiter.spin(|| unreachable!(), || unreachable!()));
        waiter.slept(|| unreachable!());
    }
}

#[test]
fn spin_looks_until_item_comes() {
    let clock = Clock::default();
    let mut waiter = Waiter::new(Wait::Spin);
    for micros in [0, 1, 10_000] {
        assert_eq!(u64::from(clock.wait(&mut waiter, micros)), micros + 1);
    }
}

#[test]
fn adaptive_sleeps_until_it_has_seen_short_waits() {
    let clock = Clock::default();
    let mut waiter = Waiter::new(Wait::Adaptive { limit: LIMIT });
    assert_eq!(clock.wait(&mut waiter, 10), 0);
    assert_eq!(clock.wait(&mut waiter, 10), 11);
}

#[test]
fn adaptive_sleeps_while_waits_are_long() {
    let clock = Clock::default();
    let mut waiter = warm(&clock);
    let looks = [(); 20].map(|()| clock.wait(&mut waiter, 100));
    assert!(looks[0] > 0, "the last waits were short");
    assert_eq!(looks[3..], [0; 17]);
}

#[test]
fn adaptive_spins_for_the_limit_at_most() {
    let clock = Clock::default();
    let mut waiter = warm(&clock);
    let looks = clock.wait(&mut waiter, 1000);
    assert!((30..50).contains(&looks), "{looks} looks of a microsecond");
}

/// One long pause does not count more than a few short waits.
#[test]
fn adaptive_forgets_a_pause() {
    let clock = Clock::default();
    let mut waiter = warm(&clock);
    clock.wait(&mut waiter, 3_600_000_000);
    let waits = (0..).find(|_| clock.wait(&mut waiter, 5) > 0);
    assert!(waits.is_some_and(|waits| waits < u64::from(LONGEST)));
}

/// Short sleeps, each of which follows a spin in vain: the producer needs this core.
#[test]
fn adaptive_spins_ever_less_in_vain() {
    let clock = Clock::default();
    let mut waiter = warm(&clock);
    let mut last = None;
    let mut gaps = [2, 4, 8, 16, 32, 64].into_iter();
    for wait in 0..1000 {
        let spun = waiter.spin(
            || clock.now.get(),
            || {
                clock.advance(1);
                false
            },
        );
        assert!(!spun);
        if clock.now.get() > waiter.began {
            let gap = last.map(|last| wait - last);
            assert_eq!(gap, last.map(|_| gaps.next().unwrap_or(128)));
            last = Some(wait);
        }
        clock.now.set(waiter.began + Duration::from_micros(1)); // as if it had slept at once
        waiter.slept(|| clock.now.get());
    }
    assert_eq!(gaps.next(), None);
    assert!(last.is_some());
}

#[test]
fn spin_in_time_ends_the_pauses() {
    let clock = Clock::default();
    let mut waiter = warm(&clock);
    clock.wait(&mut waiter, 40);
    assert_eq!(clock.wait(&mut waiter, 5), 0, "one wait passes");
    for _ in 0..10 {
        assert!(clock.wait(&mut waiter, 5) > 0);
    }
}

#[test]
fn limits_of_any_size_are_safe() {
    for limit in [Duration::ZERO, Duration::MAX] {
        let clock = Clock::default();
        let mut waiter = Waiter::new(Wait::Adaptive { limit });
        for _ in 0..3 {
            clock.wait(&mut waiter, 10);
        }
    }
}

#[test]
fn time_limit_ends_each_spin() {
    let clock = Clock::default();
    for wait in [Wait::Spin, Wait::Adaptive { limit: LIMIT }] {
        let mut waiter = Waiter::new(wait);
        clock.wait(&mut waiter, 1);
        let left = Duration::from_micros(20);
        let began = clock.now.get();
        let is_ready = || {
            clock.advance(1);
            false
        };
        assert!(!waiter.spin_for(left, || clock.now.get(), is_ready));
        let spun = clock.now.get() - began;
        assert!((left..LIMIT + left).contains(&spun), "{spun:?}");
    }
}
