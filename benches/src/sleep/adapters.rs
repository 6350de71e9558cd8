//! Adapters that make a queue without blocking operations wake its consumer.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};
use std::time::Instant;

use mpsc_queue::Waiter;

use super::sample::Sleeper;
use super::strategy::{Parks, Strategy};
use crate::contestant::Contestant;
use crate::eventfd::Event;
use crate::payload::Payload;

/// A way for a thread to sleep and be woken.
pub(crate) trait WakeMethod: Clone + Send + 'static {
    /// Creates a value that wakes the calling thread.
    fn new() -> Self;

    /// Wakes the thread, or makes its next `sleep` return immediately.
    fn wake(&self);

    /// Sleeps until `wake` has been called since the last `sleep`. May return spuriously.
    fn sleep(&self);
}

/// The park token of a thread.
#[derive(Clone)]
pub(crate) struct Token(Thread);

impl WakeMethod for Token {
    fn new() -> Self {
        Self(thread::current())
    }

    fn wake(&self) {
        self.0.unpark();
    }

    fn sleep(&self) {
        thread::park();
    }
}

/// An eventfd, as in an event loop.
impl WakeMethod for Arc<Event> {
    fn new() -> Self {
        Self::new(Event::new())
    }

    fn wake(&self) {
        self.notify();
    }

    fn sleep(&self) {
        Event::wait(self);
    }
}

/// An end of a queue with its wake method and the number of calls to it.
#[derive(Clone)]
pub(crate) struct End<Q, B> {
    queue: Q,
    method: B,
    calls: u64,
}

impl<Q, B: WakeMethod> End<Q, B> {
    fn wake(&mut self) {
        self.calls += 1;
        self.method.wake();
    }

    fn sleep(&mut self) {
        self.calls += 1;
        self.method.sleep();
    }
}

fn ends<P, C, B: WakeMethod>((producer, consumer): (P, C)) -> (End<P, B>, End<C, B>) {
    let method = B::new();
    let producer = End {
        queue: producer,
        method: method.clone(),
        calls: 0,
    };
    let consumer = End {
        queue: consumer,
        method,
        calls: 0,
    };
    (producer, consumer)
}

/// Wakes the consumer on each push.
pub(crate) struct EachPush<C, B>(PhantomData<fn() -> (C, B)>);

impl<T: Payload, C: Contestant<T>, B: WakeMethod> Sleeper<T> for EachPush<C, B> {
    type Producer = End<C::Producer, B>;
    type Consumer = End<C::Consumer, B>;

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        ends(C::channel(capacity))
    }

    fn push(producer: &mut Self::Producer, item: T) {
        C::push(&mut producer.queue, item);
        producer.wake();
    }

    fn recv(consumer: &mut Self::Consumer) -> T {
        loop {
            if let Some(item) = C::pop(&mut consumer.queue) {
                return item;
            }
            consumer.sleep();
        }
    }

    fn wakes(producer: &Self::Producer) -> Option<u64> {
        Some(producer.calls)
    }

    fn waits(consumer: &Self::Consumer) -> Option<u64> {
        Some(consumer.calls)
    }
}

/// Wakes the consumer if it has set a flag before sleeping. The consumer waits by the strategy `S`,
/// with the waiter of `mpsc-queue`.
pub(crate) struct Flagged<C, B, S = Parks>(PhantomData<(C, B, S)>);

/// The consumer's end with its flag.
pub(crate) struct FlaggedConsumer<Q, B> {
    end: End<Q, B>,
    sleeping: Arc<AtomicBool>,
    waiter: Waiter,
    created: Instant,
}

impl<T, C, B, S> Sleeper<T> for Flagged<C, B, S>
where
    T: Payload,
    C: Contestant<T>,
    B: WakeMethod,
    S: Strategy,
{
    type Producer = (End<C::Producer, B>, Arc<AtomicBool>);
    type Consumer = FlaggedConsumer<C::Consumer, B>;

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (producer, end) = ends(C::channel(capacity));
        let sleeping = Arc::default();
        let consumer = FlaggedConsumer {
            end,
            sleeping: Arc::clone(&sleeping),
            waiter: Waiter::new(S::WAIT),
            created: Instant::now(),
        };
        ((producer, sleeping), consumer)
    }

    fn push((producer, sleeping): &mut Self::Producer, item: T) {
        C::push(&mut producer.queue, item);
        // Pairs with the fence in `recv`: the producer sees the flag or the consumer the item.
        fence(Ordering::SeqCst);
        // The swap elects one of several producers. Relaxed: the fence orders it.
        if sleeping.load(Ordering::Relaxed) && sleeping.swap(false, Ordering::Relaxed) {
            producer.wake();
        }
    }

    fn recv(consumer: &mut Self::Consumer) -> T {
        let FlaggedConsumer {
            end,
            sleeping,
            waiter,
            created,
        } = consumer;
        loop {
            let mut item = C::pop(&mut end.queue);
            if item.is_none() {
                let find = || {
                    item = C::pop(&mut end.queue);
                    item.is_some()
                };
                waiter.spin(|| created.elapsed(), find);
            }
            if let Some(item) = item {
                return item;
            }
            sleeping.store(true, Ordering::Relaxed);
            // Pairs with the fence in `push`.
            fence(Ordering::SeqCst);
            let item = C::pop(&mut end.queue);
            if item.is_none() {
                end.sleep();
            }
            sleeping.store(false, Ordering::Relaxed);
            waiter.slept(|| created.elapsed());
            if let Some(item) = item {
                return item;
            }
        }
    }

    fn wakes((producer, _): &Self::Producer) -> Option<u64> {
        Some(producer.calls)
    }

    fn waits(consumer: &Self::Consumer) -> Option<u64> {
        Some(consumer.end.calls)
    }
}
