//! Items whose end is recorded.

use std::ops::Range;
// Not loom's: the records are not part of the model.
use std::sync::{Arc, Mutex};

use loom::alloc::Track;
use loom::cell::UnsafeCell;
use mpsc_queue::{Link, linked};

/// The end of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The consumer popped the item.
    Delivered,
    /// A push returned the item to its producer.
    Refused,
    /// The queue dropped the item, although its push had returned `Ok`.
    Swept,
}

/// The number of a producer, that of an item among its producer's, and the end of the item.
type Entry = (usize, usize, Fate);

/// The ends of all items of one execution, in the order in which the items were dropped.
/// Clones share the records.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Vec<Entry>>>);

/// An item that records its end when it is dropped.
#[derive(Debug)]
pub struct Letter {
    link: Link,
    /// The producer's number.
    pub producer: usize,
    /// Number of the item among those of its producer, from 0.
    pub number: usize,
    fate: Fate,
    ledger: Ledger,
    /// Makes loom check that the item's creation happens before its end.
    contents: UnsafeCell<()>,
    /// Makes loom report a leaked item.
    _leak: Track<()>,
}
linked!(Letter => link: Link);

impl Letter {
    /// Drops the item, whose end is `fate`.
    pub fn end(mut self, fate: Fate) {
        self.fate = fate;
    }
}

impl Drop for Letter {
    fn drop(&mut self) {
        self.contents.with_mut(|_| ());
        let entry = (self.producer, self.number, self.fate);
        self.ledger.0.lock().expect("no drop panics").push(entry);
    }
}

impl Ledger {
    /// Creates an item.
    pub fn letter(&self, producer: usize, number: usize) -> Box<Letter> {
        Box::new(Letter {
            link: Link::new(),
            producer,
            number,
            fate: Fate::Swept,
            ledger: self.clone(),
            contents: UnsafeCell::new(()),
            _leak: Track::new(()),
        })
    }

    /// Returns the number of items that ended so.
    pub fn count(&self, fate: Fate) -> usize {
        self.count_in(0..usize::MAX, fate)
    }

    /// Returns the number of items of a producer that ended so.
    pub fn count_of(&self, producer: usize, fate: Fate) -> usize {
        self.count_in(producer..producer + 1, fate)
    }

    fn count_in(&self, producers: Range<usize>, fate: Fate) -> usize {
        let entries = self.0.lock().expect("no drop panics");
        let ended = entries
            .iter()
            .filter(|entry| producers.contains(&entry.0) && entry.2 == fate);
        ended.count()
    }

    /// Asserts that each of the `each` items of each of `producers` producers has ended once.
    /// See [`assert_fates_of`](Self::assert_fates_of).
    pub fn assert_fates(&self, producers: usize, each: usize) {
        for producer in 0..producers {
            self.assert_fates_of(producer, each);
        }
    }

    /// Asserts that each of the `each` items of a producer has ended once. Those that were
    /// delivered must be the first of the producer, delivered in order.
    pub fn assert_fates_of(&self, producer: usize, each: usize) {
        let entries = self.0.lock().expect("no drop panics");
        let numbers = |is_delivered: bool| {
            let ended = entries.iter().filter(move |(of, _, fate)| {
                *of == producer && (*fate == Fate::Delivered) == is_delivered
            });
            ended.map(|(_, number, _)| *number)
        };
        let mut ended: Vec<usize> = numbers(true).collect();
        let mut others: Vec<usize> = numbers(false).collect();
        others.sort_unstable();
        ended.append(&mut others);
        let expected: Vec<usize> = (0..each).collect();
        assert_eq!(ended, expected, "of producer {producer}: {entries:?}");
    }
}
