//! Items that are counted when they are dropped, and checked when they are received.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Scope;

use mpsc_queue::{Link, linked};

use crate::EACH;

pub(crate) struct Item<'a> {
    pub(crate) producer: usize,
    link: Link,
    pub(crate) number: usize,
    census: &'a Census,
}
linked!(['a] Item<'a> => link: Link);

impl Drop for Item<'_> {
    fn drop(&mut self) {
        let index = self.producer * self.census.each + self.number;
        self.census.drops[index].fetch_add(1, Ordering::Relaxed);
    }
}

/// The number of drops of each item.
pub(crate) struct Census {
    producers: usize,
    each: usize,
    drops: Vec<AtomicUsize>,
}

impl Census {
    /// Creates the census of `each` items per producer.
    pub(crate) fn new(producers: usize, each: usize) -> Self {
        let drops = (0..producers * each).map(|_| AtomicUsize::new(0)).collect();
        Self {
            producers,
            each,
            drops,
        }
    }

    /// Creates the census of [`EACH`] items per producer.
    pub(crate) fn of(producers: usize) -> Self {
        Self::new(producers, EACH)
    }

    pub(crate) fn item(&self, producer: usize, number: usize) -> Box<Item<'_>> {
        Box::new(Item {
            producer,
            link: Link::new(),
            number,
            census: self,
        })
    }

    /// Spawns the producers. Each passes its items to `push`, in order.
    pub(crate) fn spawn_producers<'c, 'scope>(
        &'c self,
        scope: &'scope Scope<'scope, '_>,
        push: impl Fn(Box<Item<'c>>) + Clone + Send + 'scope,
    ) where
        'c: 'scope,
    {
        for producer in 0..self.producers {
            let push = push.clone();
            scope.spawn(move || {
                for number in 0..self.each {
                    push(self.item(producer, number));
                }
            });
        }
    }

    pub(crate) fn assert_each_dropped_once(&self) {
        let drops = self.drops.iter().map(|drops| drops.load(Ordering::Relaxed));
        let wrong = drops.enumerate().find(|&(_, drops)| drops != 1);
        assert_eq!(wrong, None, "an item and its number of drops");
    }
}

/// Checks that the items of each producer arrive in order and that none is missing.
pub(crate) struct Order(Vec<usize>);

impl Order {
    pub(crate) fn of(producers: usize) -> Self {
        Self(vec![0; producers])
    }

    pub(crate) fn check(&mut self, item: &Item<'_>) {
        let next = &mut self.0[item.producer];
        assert_eq!(item.number, *next, "of producer {}", item.producer);
        *next += 1;
    }

    /// Returns the number of items of a producer that have arrived.
    pub(crate) fn of_producer(&self, producer: usize) -> usize {
        self.0[producer]
    }

    /// Returns the number of items that have arrived.
    pub(crate) fn total(&self) -> usize {
        self.0.iter().sum()
    }
}
