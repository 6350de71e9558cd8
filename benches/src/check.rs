//! Self-check: whether a contestant delivers each item exactly once, in the order of
//! each producer.

use crate::child;
use crate::contestant::Contestant;
use crate::contestants::{Visitor, visit_all};
use crate::payload::Payload;
use crate::scenarios::{Producers, Side};
use papers::work::Work;

/// A contestant that failed.
pub struct Failure {
    /// The name of the contestant.
    pub name: String,
    /// How it failed.
    pub what: String,
}

impl Failure {
    /// Returns `true` if this contestant is known to fail the self-check in some runs.
    #[must_use]
    pub fn is_known(&self) -> bool {
        // nolock 0.4.1 loses or duplicates items when its producers contend.
        self.name == "nolock Jiffy"
    }
}

/// Checks each contestant in a child process, which calls [`one`].
#[must_use]
pub fn all() -> Vec<Failure> {
    let results = child::run_all("check", &names()).into_iter();
    let failures = results.filter_map(|(name, result)| {
        let (name, what) = (name.into(), result.err()?);
        Some(Failure { name, what })
    });
    failures.collect()
}

/// Returns the name of each contestant once.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names = Names(Vec::new());
    visit_all(&mut names);
    names.0
}

/// Checks the contestant of that name with each payload that it carries.
///
/// # Panics
///
/// Panics if the contestant fails.
pub fn one(name: &str) {
    visit_all(&mut Check(name));
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
                delivers::<T, C>(None);
            }
        }
    }
}

/// Sends items from four producers to a concurrent consumer, and checks their order.
fn delivers<T: Payload, C: Contestant<T>>(work: Option<Work>) {
    const PRODUCERS: u64 = 4;
    const ITEMS: u64 = 40_000;

    let delivery = Producers {
        side: Side::Both,
        count: PRODUCERS,
        work,
        consumer_work: None,
    };
    let (producer, mut consumer) = C::channel(ITEMS as usize);
    let mut got: Vec<T> = (0..ITEMS).map(T::new).collect();
    delivery.iteration::<T, C>(&producer, &mut consumer, &mut got, 0);
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

    /// A queue that at one push duplicates (`d`), loses (`l`) or swaps (`s`) items.
    struct Faulty<const FAULT: char>;

    type Shared = Arc<Mutex<(VecDeque<u64>, u64)>>;

    impl<const FAULT: char> Contestant<u64> for Faulty<FAULT> {
        const NAME: &'static str = "faulty";
        type Producer = Shared;
        type Consumer = Shared;

        fn channel(_: usize) -> (Shared, Shared) {
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
            // No pop before the fault, so that there are items to swap.
            (*pushed >= 1000).then(|| items.pop_front()).flatten()
        }
    }

    #[test]
    fn correct_queue_passes() {
        delivers::<u64, Faulty<'-'>>(None);
    }

    #[test]
    #[should_panic(expected = "of producer")]
    fn duplicate_fails() {
        delivers::<u64, Faulty<'d'>>(None);
    }

    #[test]
    #[should_panic(expected = "of producer")]
    fn lost_item_fails() {
        delivers::<u64, Faulty<'l'>>(None);
    }

    #[test]
    #[should_panic(expected = "of producer")]
    fn swapped_items_fail() {
        delivers::<u64, Faulty<'s'>>(None);
    }

    /// Checks each contestant with producers that work, but for known failures.
    struct Working;

    impl<T: Payload> Visitor<T> for Working {
        fn visit<C: Contestant<T>>(&mut self) {
            let name = C::NAME.into();
            let what = String::new();
            if !(Failure { name, what }).is_known() {
                delivers::<T, C>(Some(Work(12)));
            }
        }
    }

    #[test]
    fn working_producers_deliver() {
        visit_all(&mut Working);
    }
}
