//! The queue of this workspace, which wakes its consumer.

use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mpsc_queue::{BlockingQueue, Chain, Receiver, ThreadWaker, Wake, WakeTarget, WakingQueue};

use super::adapters::WakeMethod;
use super::sample::Sleeper;
use crate::payload::{Item, Payload};

type Shared<W> = Arc<WakingQueue<Box<Item>, W>>;

/// A waker, and the way its consumer waits.
pub(super) trait Waker: WakeTarget + Send + Sync + Sized + 'static {
    /// Creates a queue whose consumer is the calling thread.
    fn queue() -> WakingQueue<Box<Item>, Self>;

    /// Removes the oldest item, sleeping until there is one, and counts the parks.
    fn recv(receiver: &mut Receiver<Shared<Self>, Self>, parks: &mut u64) -> Box<Item>;

    /// Returns how often the consumer was woken, if known.
    fn wakes(&self) -> Option<u64>;
}

/// The blocking receive of the crate.
impl Waker for ThreadWaker {
    fn queue() -> WakingQueue<Box<Item>, Self> {
        BlockingQueue::new()
    }

    fn recv(receiver: &mut Receiver<Shared<Self>, Self>, _: &mut u64) -> Box<Item> {
        receiver.recv().expect("the queue is never closed")
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

    fn recv(receiver: &mut Receiver<Shared<Self>, Self>, parks: &mut u64) -> Box<Item> {
        loop {
            if let Some(item) = receiver.pop_blocking() {
                return item;
            }
            let queue = Arc::clone(receiver.queue());
            if let Some(_parked) = receiver.park() {
                *parks += 1;
                queue.waker().method.sleep();
            }
        }
    }

    fn wakes(&self) -> Option<u64> {
        Some(self.times.load(Ordering::Relaxed))
    }
}

/// One push per item.
pub(super) struct Single<W>(PhantomData<fn() -> W>);

impl<W: Waker> Sleeper<Box<Item>> for Single<W> {
    type Producer = Shared<W>;
    type Consumer = (Receiver<Shared<W>, W>, u64);

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(W::queue());
        let receiver = Receiver::owned(Arc::clone(&queue)).expect("a new queue has no receiver");
        (queue, (receiver, 0))
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        queue.push(item).expect("the queue is never closed");
    }

    fn recv((receiver, parks): &mut Self::Consumer) -> Box<Item> {
        W::recv(receiver, parks)
    }

    fn wakes(queue: &Self::Producer) -> Option<u64> {
        queue.waker().wakes()
    }

    fn waits((_, parks): &Self::Consumer) -> Option<u64> {
        Some(*parks)
    }
}

/// One push for all items that are due, up to 64.
pub(super) struct Chained<W>(PhantomData<fn() -> W>);

impl<W: Waker> Sleeper<Box<Item>> for Chained<W> {
    type Producer = (Shared<W>, Chain<Box<Item>>);
    type Consumer = <Single<W> as Sleeper<Box<Item>>>::Consumer;

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
