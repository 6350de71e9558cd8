//! Items that count their drops, and the order in which they arrive.

use std::sync::Arc;
// Not shuttle's: the counters are not part of what is tested.
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use mpsc_queue::{Link, linked};

pub(crate) const PRODUCERS: usize = 8;

/// An item, numbered by its producer.
pub(crate) struct Item {
    link: Link,
    pub(crate) producer: usize,
    /// Number of the item among those of its producer, from 0.
    pub(crate) number: usize,
    census: Census,
}
linked!(Item => link: Link);

impl Drop for Item {
    fn drop(&mut self) {
        let index = self.producer * self.census.each + self.number;
        self.census.drops[index].fetch_add(1, Relaxed);
    }
}

/// How often each item was dropped.
#[derive(Clone)]
pub(crate) struct Census {
    /// Items of each producer.
    pub(crate) each: usize,
    drops: Arc<[AtomicUsize]>,
}

impl Census {
    pub(crate) fn new(each: usize) -> Self {
        let drops = (0..PRODUCERS * each).map(|_| AtomicUsize::new(0)).collect();
        Self { each, drops }
    }

    pub(crate) fn item(&self, producer: usize, number: usize) -> Box<Item> {
        Box::new(Item {
            link: Link::new(),
            producer,
            number,
            census: self.clone(),
        })
    }

    pub(crate) fn assert_each_dropped_once(&self) {
        let wrong = self.drops.iter().position(|drops| drops.load(Relaxed) != 1);
        assert_eq!(wrong, None, "index of an item that was not dropped once");
    }
}

/// The number of items that have arrived from each producer.
#[derive(Default)]
pub(crate) struct Order([usize; PRODUCERS]);

impl Order {
    pub(crate) fn check(&mut self, item: &Item) {
        let next = &mut self.0[item.producer];
        assert_eq!(item.number, *next, "of producer {}", item.producer);
        *next += 1;
    }

    pub(crate) fn of(&self, producer: usize) -> usize {
        self.0[producer]
    }

    pub(crate) fn total(&self) -> usize {
        self.0.iter().sum()
    }
}
