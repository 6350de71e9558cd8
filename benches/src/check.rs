//! Does a contestant deliver every item exactly once, in each producer's order?
//!
//! Each is asked in a process of its own, so that one that panics, hangs or
//! corrupts memory takes nobody along.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::contestant::{Contestant, Item, Payload, Visitor};
use crate::scenarios::{Producers, Side};

/// A contestant that failed, and how.
pub struct Failure {
    /// The contestant's name.
    pub name: String,
    /// What it did.
    pub what: String,
}

/// What a contestant has to do within.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks each contestant. `ask` makes the command that calls [`one`] with a name.
#[must_use]
pub fn all(ask: impl Fn(&str) -> Command) -> Vec<Failure> {
    let failures = names().into_iter().filter_map(|name| {
        let what = outcome(ask(name)).err()?;
        let name = name.into();
        Some(Failure { name, what })
    });
    failures.collect()
}

/// All contestants' names, each once.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names = Names(Vec::new());
    <Box<Item>>::contestants(&mut names);
    u64::contestants(&mut names);
    names.0
}

fn outcome(mut command: Command) -> Result<(), String> {
    let start = Instant::now();
    let mut child = command
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    loop {
        if child
            .try_wait()
            .map_err(|error| error.to_string())?
            .is_some()
        {
            break;
        }
        if start.elapsed() > PATIENCE {
            child
                .kill()
                .and_then(|()| child.wait())
                .map_err(|error| error.to_string())?;
            return Err(format!("had not delivered everything after {PATIENCE:?}"));
        }
        sleep(Duration::from_millis(5));
    }
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr)
        .replace('\n', " ")
        .replace('`', "'");
    Err(format!("{}: {}", output.status, said.trim()))
}

/// Checks the contestant of that name, in all families.
///
/// # Panics
///
/// If it fails.
pub fn one(name: &str) {
    let mut check = Check(name);
    <Box<Item>>::contestants(&mut check);
    u64::contestants(&mut check);
}

struct Names(Vec<&'static str>);

impl<T: Payload> Visitor<T> for Names {
    fn visit<C: Contestant<T>>(&mut self) {
        if !self.0.contains(&C::NAME) {
            self.0.push(C::NAME);
        }
    }
}

struct Check<'a>(&'a str);

impl<T: Payload> Visitor<T> for Check<'_> {
    fn visit<C: Contestant<T>>(&mut self) {
        if C::NAME == self.0 {
            for _ in 0..20 {
                delivers::<T, C>();
            }
        }
    }
}

/// Four producers and a consumer, all at the same time.
fn delivers<T: Payload, C: Contestant<T>>() {
    const PRODUCERS: u64 = 4;
    const ITEMS: u64 = 40_000;

    let delivery = Producers {
        side: Side::Both,
        count: PRODUCERS,
    };
    let (producer, mut consumer) = C::open(ITEMS as usize);
    let mut got: Vec<T> = (0..ITEMS).map(T::new).collect();
    delivery.lap::<T, C>(&producer, &mut consumer, &mut got);
    let mut next = [0; PRODUCERS as usize];
    for item in &got {
        let (producer, number) = (item.value() >> 32, item.value() & 0xffff_ffff);
        let expected = &mut next[producer as usize];
        assert_eq!(number, *expected, "of producer {producer}");
        *expected += 1;
    }
    assert_eq!(
        next,
        [ITEMS / PRODUCERS; PRODUCERS as usize],
        "of each producer"
    );
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A queue with a fault: after some items it does what `FAULT` says.
    struct Faulty<const FAULT: char>;

    type Shared = Arc<Mutex<(VecDeque<u64>, u64)>>;

    impl<const FAULT: char> Contestant<u64> for Faulty<FAULT> {
        const NAME: &'static str = "faulty";
        type Producer = Shared;
        type Consumer = Shared;

        fn open(_: usize) -> (Shared, Shared) {
            let queue = Shared::default();
            (Arc::clone(&queue), queue)
        }

        fn push(queue: &mut Shared, item: u64) {
            let (items, pushed) = &mut *queue.lock().unwrap();
            *pushed += 1;
            items.push_back(item);
            if *pushed == 500 {
                match FAULT {
                    'd' => items.push_back(item),
                    'l' => *items.back_mut().unwrap() = 7 << 20,
                    's' if items.len() > 1 => items.make_contiguous().reverse(),
                    _ => {}
                }
            }
        }

        fn pop(queue: &mut Shared) -> Option<u64> {
            let (items, pushed) = &mut *queue.lock().unwrap();
            // So that there is something to be swapped.
            (*pushed >= 1000).then(|| items.pop_front()).flatten()
        }
    }

    #[test]
    fn a_queue_without_fault_passes() {
        delivers::<u64, Faulty<'-'>>();
    }

    #[test]
    #[should_panic(expected = "of producer")]
    fn a_duplicate_is_noticed() {
        delivers::<u64, Faulty<'d'>>();
    }

    #[test]
    #[should_panic(expected = "of producer")]
    fn a_lost_item_is_noticed() {
        delivers::<u64, Faulty<'l'>>();
    }

    #[test]
    #[should_panic(expected = "of producer")]
    fn a_wrong_order_is_noticed() {
        delivers::<u64, Faulty<'s'>>();
    }
}
