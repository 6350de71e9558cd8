//! What one would write around a queue that cannot block.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};

use super::turn::Sleeper;
use crate::contestant::{Contestant, Payload};
use crate::eventfd::Event;

/// How a thread sleeps, and is woken.
pub(super) trait Bell: Clone + Send + 'static {
    /// One that wakes the thread that calls this.
    fn new() -> Self;

    /// Wakes the thread, or makes its next `wait` end at once.
    fn ring(&self);

    /// Sleeps until there has been a `ring` since the last `wait`, or for no reason
    /// less long.
    fn wait(&self);
}

/// The standard library's token.
#[derive(Clone)]
pub(super) struct Token(Thread);

impl Bell for Token {
    fn new() -> Self {
        Self(thread::current())
    }

    fn ring(&self) {
        self.0.unpark();
    }

    fn wait(&self) {
        thread::park();
    }
}

/// An eventfd, as an event loop has it.
impl Bell for Arc<Event> {
    fn new() -> Self {
        Self::new(Event::new())
    }

    fn ring(&self) {
        self.notify();
    }

    fn wait(&self) {
        Event::wait(self);
    }
}

/// One end of a queue, its bell, and how often this end has used that.
pub(super) struct End<Q, B> {
    queue: Q,
    bell: B,
    used: u64,
}

impl<Q, B: Bell> End<Q, B> {
    fn ring(&mut self) {
        self.used += 1;
        self.bell.ring();
    }

    fn wait(&mut self) {
        self.used += 1;
        self.bell.wait();
    }
}

fn ends<P, C, B: Bell>((producer, consumer): (P, C)) -> (End<P, B>, End<C, B>) {
    let bell = B::new();
    let producer = End {
        queue: producer,
        bell: bell.clone(),
        used: 0,
    };
    let consumer = End {
        queue: consumer,
        bell,
        used: 0,
    };
    (producer, consumer)
}

/// Rings for every push.
pub(super) struct EveryTime<C, B>(PhantomData<fn() -> (C, B)>);

impl<T: Payload, C: Contestant<T>, B: Bell> Sleeper<T> for EveryTime<C, B> {
    type Producer = End<C::Producer, B>;
    type Consumer = End<C::Consumer, B>;

    fn open(capacity: usize) -> (Self::Producer, Self::Consumer) {
        ends(C::open(capacity))
    }

    fn push(producer: &mut Self::Producer, item: T) {
        C::push(&mut producer.queue, item);
        producer.ring();
    }

    fn recv(consumer: &mut Self::Consumer) -> T {
        loop {
            if let Some(item) = C::pop(&mut consumer.queue) {
                return item;
            }
            consumer.wait();
        }
    }

    fn wakes(producer: &Self::Producer) -> Option<u64> {
        Some(producer.used)
    }

    fn waits(consumer: &Self::Consumer) -> Option<u64> {
        Some(consumer.used)
    }
}

/// Rings if a flag says that the consumer sleeps.
pub(super) struct Flagged<C, B>(PhantomData<fn() -> (C, B)>);

impl<T: Payload, C: Contestant<T>, B: Bell> Sleeper<T> for Flagged<C, B> {
    type Producer = (End<C::Producer, B>, Arc<AtomicBool>);
    type Consumer = (End<C::Consumer, B>, Arc<AtomicBool>);

    fn open(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (producer, consumer) = ends(C::open(capacity));
        let sleeping = Arc::default();
        ((producer, Arc::clone(&sleeping)), (consumer, sleeping))
    }

    fn push((producer, sleeping): &mut Self::Producer, item: T) {
        C::push(&mut producer.queue, item);
        // Pairs with the fence in `recv`: we see the flag, or it sees the item.
        fence(Ordering::SeqCst);
        // The exchange is for one of several producers. Relaxed: the fence orders it.
        if sleeping.load(Ordering::Relaxed) && sleeping.swap(false, Ordering::Relaxed) {
            producer.ring();
        }
    }

    fn recv((consumer, sleeping): &mut Self::Consumer) -> T {
        loop {
            if let Some(item) = C::pop(&mut consumer.queue) {
                return item;
            }
            sleeping.store(true, Ordering::Relaxed);
            // Pairs with the fence in `push`.
            fence(Ordering::SeqCst);
            let item = C::pop(&mut consumer.queue);
            if item.is_none() {
                consumer.wait();
            }
            sleeping.store(false, Ordering::Relaxed);
            if let Some(item) = item {
                return item;
            }
        }
    }

    fn wakes((producer, _): &Self::Producer) -> Option<u64> {
        Some(producer.used)
    }

    fn waits((consumer, _): &Self::Consumer) -> Option<u64> {
        Some(consumer.used)
    }
}
