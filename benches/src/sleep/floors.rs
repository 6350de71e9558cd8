//! Floors: a wake-up by the kernel, with items that are counted instead of stored.

use std::sync::Arc;

use papers::futex::Futex;

use super::sample::Sleeper;
use crate::eventfd::Event;

/// A consumer with the number of its next item and of all items pushed.
pub(super) struct Counting<E> {
    next: u64,
    pushed: u64,
    waits: u64,
    event: Arc<E>,
}

impl<E> Counting<E> {
    fn ends(event: E) -> (Arc<E>, Self) {
        let event = Arc::new(event);
        let consumer = Self {
            next: 0,
            pushed: 0,
            waits: 0,
            event: Arc::clone(&event),
        };
        (event, consumer)
    }

    /// Returns the next number. `wait` returns how many items have been added.
    fn recv(&mut self, wait: impl Fn(&E) -> u64) -> u64 {
        while self.next == self.pushed {
            self.waits += 1;
            self.pushed += wait(&self.event);
        }
        self.next += 1;
        self.next - 1
    }
}

/// An eventfd that the producer writes to for each item.
pub(super) struct BareEventfd;

impl Sleeper<u64> for BareEventfd {
    type Producer = Arc<Event>;
    type Consumer = Counting<Event>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        Counting::ends(Event::new())
    }

    fn push(event: &mut Self::Producer, _: u64) {
        event.notify();
    }

    fn recv(consumer: &mut Self::Consumer) -> u64 {
        consumer.recv(Event::wait)
    }

    fn wakes(event: &Self::Producer) -> Option<u64> {
        Some(event.notified())
    }

    fn waits(consumer: &Self::Consumer) -> Option<u64> {
        Some(consumer.waits)
    }
}

/// A futex that counts the items, and whose flag shows that the consumer sleeps.
pub(super) struct BareFutex;

impl Sleeper<u64> for BareFutex {
    type Producer = Arc<Futex>;
    type Consumer = Counting<Futex>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        Counting::ends(Futex::new())
    }

    fn push(futex: &mut Self::Producer, _: u64) {
        futex.count();
    }

    fn recv(consumer: &mut Self::Consumer) -> u64 {
        let counted = consumer.pushed;
        consumer.recv(|futex| futex.wait_for_more(counted))
    }
}
