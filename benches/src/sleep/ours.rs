//! The queue of this workspace, which wakes by itself.

use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mpsc_queue::{BlockingQueue, Chain, Receiver, ThreadWaker, Wake, WakeTarget, WakingQueue};

use super::adapters::Bell;
use super::turn::Sleeper;
use crate::contestant::{Item, Payload};

type Shared<W> = Arc<WakingQueue<Box<Item>, W>>;

/// Who is woken, and how that one waits.
pub(super) trait Waker: WakeTarget + Send + Sync + Sized + 'static {
    /// A queue whose consumer is the thread that calls this.
    fn queue() -> WakingQueue<Box<Item>, Self>;

    /// Takes the oldest item out, sleeping until there is one, and counts how often
    /// it parked.
    fn recv(receiver: &mut Receiver<Shared<Self>, Self>, parks: &mut u64) -> Box<Item>;

    /// How often the consumer was woken, if that is known.
    fn wakes(&self) -> Option<u64>;
}

/// As in the crate's quick start: `recv` parks.
impl Waker for ThreadWaker {
    fn queue() -> WakingQueue<Box<Item>, Self> {
        BlockingQueue::new()
    }

    fn recv(receiver: &mut Receiver<Shared<Self>, Self>, _: &mut u64) -> Box<Item> {
        receiver.recv()
    }

    fn wakes(&self) -> Option<u64> {
        None
    }
}

/// As an event loop does it: park, then wait for the bell.
pub(super) struct Ring<B> {
    bell: B,
    times: AtomicU64,
}

impl<B: Bell + Sync> Wake for Ring<B> {
    fn wake(&self) {
        // Relaxed: a statistic, read after all items have arrived.
        self.times.fetch_add(1, Ordering::Relaxed);
        self.bell.ring();
    }
}

impl<B: Bell + Sync> Waker for Ring<B> {
    fn queue() -> WakingQueue<Box<Item>, Self> {
        WakingQueue::with_waker(Self {
            bell: B::new(),
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
                queue.waker().bell.wait();
            }
        }
    }

    fn wakes(&self) -> Option<u64> {
        Some(self.times.load(Ordering::Relaxed))
    }
}

/// A push for each item.
pub(super) struct Single<W>(PhantomData<fn() -> W>);

impl<W: Waker> Sleeper<Box<Item>> for Single<W> {
    type Producer = Shared<W>;
    type Consumer = (Receiver<Shared<W>, W>, u64);

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(W::queue());
        let receiver = Receiver::owned(Arc::clone(&queue)).expect("it is new");
        (queue, (receiver, 0))
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        queue.push(item);
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

/// A push for all items that are due by now, up to 64.
pub(super) struct Chained<W>(PhantomData<fn() -> W>);

impl<W: Waker> Sleeper<Box<Item>> for Chained<W> {
    type Producer = (Shared<W>, Chain<Box<Item>>);
    type Consumer = <Single<W> as Sleeper<Box<Item>>>::Consumer;

    fn open(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (queue, consumer) = Single::<W>::open(capacity);
        ((queue, Chain::new()), consumer)
    }

    fn push(producer: &mut Self::Producer, item: Box<Item>) {
        producer.1.push(item);
        if producer.1.len() == 64 {
            Self::flush(producer);
        }
    }

    fn flush((queue, chain): &mut Self::Producer) {
        queue.push_chain(mem::take(chain));
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

/// Carries a number, which has to be put on the heap to be queued.
pub(super) struct Boxing<S>(PhantomData<fn() -> S>);

impl<S: Sleeper<Box<Item>>> Sleeper<u64> for Boxing<S> {
    type Producer = S::Producer;
    type Consumer = S::Consumer;

    fn open(capacity: usize) -> (S::Producer, S::Consumer) {
        S::open(capacity)
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
