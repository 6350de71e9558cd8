//! The queue of this workspace, which wakes its consumer.

use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mpsc_queue::{
    BlockingQueue, Chain, Receiver, ThreadWaker, Wait, Waiter, Wake, WakeTarget, WakingQueue,
};

use super::adapters::WakeMethod;
use super::sample::Sleeper;
use crate::payload::{Item, Payload};

type Shared<W> = Arc<WakingQueue<Box<Item>, W>>;

/// A waker, and the way its consumer sleeps.
pub(super) trait Waker: WakeTarget + Send + Sync + Sized + 'static {
    /// Creates a queue whose consumer is the calling thread.
    fn queue() -> WakingQueue<Box<Item>, Self>;

    /// Sets how the receiver waits.
    fn set_wait(consumer: &mut Consumer<Self>, wait: Wait);

    /// Removes the oldest item, waiting until there is one, and counts the parks.
    fn recv(consumer: &mut Consumer<Self>) -> Box<Item>;

    /// Returns how often the consumer was woken, if known.
    fn wakes(&self) -> Option<u64>;
}

/// A receiver, with what an event loop keeps beside it.
pub(super) struct Consumer<W: WakeTarget> {
    receiver: Receiver<Shared<W>, W>,
    waiter: Waiter,
    parks: u64,
}

/// The blocking receive of the crate.
impl Waker for ThreadWaker {
    fn queue() -> WakingQueue<Box<Item>, Self> {
        BlockingQueue::new()
    }

    fn set_wait(consumer: &mut Consumer<Self>, wait: Wait) {
        consumer.receiver.set_wait(wait);
    }

    fn recv(consumer: &mut Consumer<Self>) -> Box<Item> {
        let item = consumer.receiver.recv();
        item.expect("the queue is never closed")
    }

    fn wakes(&self) -> Option<u64> {
        None
    }
}

/// A park followed by a wait, as in an event loop.
pub(super) struct Notified<B> {
    method: B,
    times: AtomicU64,
}

impl<B: WakeMethod + Sync> Wake for Notified<B> {
    fn wake(&self) {
        // Relaxed: a statistic, read after all items have arrived.
        self.times.fetch_add(1, Ordering::Relaxed);
        self.method.wake();
    }
}

impl<B: WakeMethod + Sync> Waker for Notified<B> {
    fn queue() -> WakingQueue<Box<Item>, Self> {
        WakingQueue::with_waker(Self {
            method: B::new(),
            times: AtomicU64::new(0),
        })
    }

    fn set_wait(consumer: &mut Consumer<Self>, wait: Wait) {
        consumer.waiter = Waiter::new(wait);
    }

    fn recv(consumer: &mut Consumer<Self>) -> Box<Item> {
        let Consumer {
            receiver,
            waiter,
            parks,
        } = consumer;
        let start = Instant::now();
        loop {
            if let Some(item) = receiver.pop_blocking() {
                return item;
            }
            let queue = Arc::clone(receiver.queue());
            if waiter.spin(|| start.elapsed(), || !queue.is_empty()) {
                continue;
            }
            if let Some(_parked) = receiver.park() {
                *parks += 1;
                queue.waker().method.sleep();
            }
            waiter.slept(|| start.elapsed());
        }
    }

    fn wakes(&self) -> Option<u64> {
        Some(self.times.load(Ordering::Relaxed))
    }
}

/// One push per item. `ADAPTIVE` says whether the consumer spins while items come often.
pub(super) struct Single<W, const ADAPTIVE: bool = false>(PhantomData<fn() -> W>);

impl<W: Waker, const ADAPTIVE: bool> Sleeper<Box<Item>> for Single<W, ADAPTIVE> {
    type Producer = Shared<W>;
    type Consumer = Consumer<W>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let (queue, receiver) = W::queue().share();
        let mut consumer = Consumer {
            receiver,
            waiter: Waiter::default(),
            parks: 0,
        };
        if ADAPTIVE {
            W::set_wait(&mut consumer, Wait::ADAPTIVE);
        }
        (queue, consumer)
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        queue.push(item).expect("the queue is never closed");
    }

    fn recv(consumer: &mut Self::Consumer) -> Box<Item> {
        W::recv(consumer)
    }

    fn wakes(queue: &Self::Producer) -> Option<u64> {
        queue.waker().wakes()
    }

    fn waits(consumer: &Self::Consumer) -> Option<u64> {
        Some(consumer.parks)
    }
}

/// One push for all items that are due, up to 64.
pub(super) struct Chained<W>(PhantomData<fn() -> W>);

impl<W: Waker> Sleeper<Box<Item>> for Chained<W> {
    type Producer = (Shared<W>, Chain<Box<Item>>);
    type Consumer = Consumer<W>;

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (queue, consumer) = Single::<W>::channel(capacity);
        ((queue, Chain::new()), consumer)
    }

    fn push(producer: &mut Self::Producer, item: Box<Item>) {
        producer.1.push(item);
        if producer.1.len() == 64 {
            Self::flush(producer);
        }
    }

    fn flush((queue, chain): &mut Self::Producer) {
        queue
            .push_chain(mem::take(chain))
            .expect("the queue is never closed");
    }

    fn recv(consumer: &mut Self::Consumer) -> Box<Item> {
        Single::<W>::recv(consumer)
    }

    fn wakes((queue, _): &Self::Producer) -> Option<u64> {
        queue.waker().wakes()
    }

    fn waits(consumer: &Self::Consumer) -> Option<u64> {
        Single::<W>::waits(consumer)
    }
}

/// Numbers in boxes, because `mpsc-queue` queues handles.
pub(super) struct Boxing<S>(PhantomData<fn() -> S>);

impl<S: Sleeper<Box<Item>>> Sleeper<u64> for Boxing<S> {
    type Producer = S::Producer;
    type Consumer = S::Consumer;

    fn channel(capacity: usize) -> (S::Producer, S::Consumer) {
        S::channel(capacity)
    }

    fn push(producer: &mut S::Producer, value: u64) {
        S::push(producer, Payload::new(value));
    }

    fn flush(producer: &mut S::Producer) {
        S::flush(producer);
    }

    fn recv(consumer: &mut S::Consumer) -> u64 {
        S::recv(consumer).value
    }

    fn wakes(producer: &S::Producer) -> Option<u64> {
        S::wakes(producer)
    }

    fn waits(consumer: &S::Consumer) -> Option<u64> {
        S::waits(consumer)
    }
}
