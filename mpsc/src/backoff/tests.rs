//! When a snooze spins, yields and sleeps.

use super::Backoff;

#[test]
fn spin_ends_and_stays_ended() {
    let mut backoff = Backoff::new();
    let spins = (0..16).take_while(|_| backoff.spin()).count();
    assert!((1..16).contains(&spins), "{spins} spins");
    assert!(!backoff.spin());
}

/// Returns how often this thread has given up its core. A sleep does so; a spin and a
/// `sched_yield` do not.
#[cfg(all(feature = "std", target_os = "linux", not(miri)))]
fn voluntary_switches() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let field = "voluntary_ctxt_switches:";
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix(field)).unwrap();
    count.trim().parse().unwrap()
}

#[cfg(all(feature = "std", target_os = "linux", not(miri)))]
#[test]
fn snooze_spins_and_yields_before_it_sleeps() {
    // The thread may also give up its core for a page of memory, hence the attempts.
    let is_awake = (0..100).any(|_| {
        let mut backoff = Backoff::new();
        let before = voluntary_switches();
        (0..20).for_each(|_| backoff.snooze());
        voluntary_switches() == before
    });
    assert!(is_awake, "the first calls sleep");

    let mut backoff = Backoff::new();
    (0..100).for_each(|_| backoff.snooze());
    let before = voluntary_switches();
    (0..20).for_each(|_| backoff.snooze());
    assert!(
        voluntary_switches() >= before + 20,
        "later calls do not sleep"
    );
}
