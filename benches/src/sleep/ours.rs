//! The queue of this workspace, which wakes its consumer.

use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mpsc_queue::{
    BlockingQueue, Chain, Handle, Receiver, ThreadWaker, UniqueHandle, Wait, Waiter, Wake,
    WakeTarget, WakingQueue,
};

use super::adapters::WakeMethod;
use super::sample::Sleeper;
use super::strategy::{Parks, Strategy};
use crate::contestants::Linkable;
use crate::payload::Item;

type Shared<H, W> = Arc<WakingQueue<H, W>>;

/// A waker, and the way its consumer sleeps.
pub(crate) trait Waker: WakeTarget + Send + Sync + Sized + 'static {
    /// Creates a queue whose consumer is the calling thread.
    fn queue<H: UniqueHandle>() -> WakingQueue<H, Self>;

    /// Sets how the receiver waits.
    fn set_wait<H: UniqueHandle>(consumer: &mut Consumer<H, Self>, wait: Wait);

    /// Removes the oldest item, waiting until there is one, and counts the parks.
    fn recv<H: UniqueHandle>(consumer: &mut Consumer<H, Self>) -> H;

    /// Returns how often the consumer was woken, if known.
    fn wakes(&self) -> Option<u64>;
}

/// A receiver, with what an event loop keeps beside it.
pub(crate) struct Consumer<H: Handle, W: WakeTarget> {
    receiver: Receiver<Shared<H, W>, W>,
    waiter: Waiter,
    created: Instant,
    parks: u64,
}

/// The blocking receive of the crate.
impl Waker for ThreadWaker {
    fn queue<H: UniqueHandle>() -> WakingQueue<H, Self> {
        BlockingQueue::new()
    }

    fn set_wait<H: UniqueHandle>(consumer: &mut Consumer<H, Self>, wait: Wait) {
        consumer.receiver.set_wait(wait);
    }

    fn recv<H: UniqueHandle>(consumer: &mut Consumer<H, Self>) -> H {
        let item = consumer.receiver.recv();
        item.expect("the queue is never closed")
    }

    fn wakes(&self) -> Option<u64> {
        None
    }
}

/// A park followed by a wait, as in an event loop.
pub(crate) struct Notified<B> {
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
    fn queue<H: UniqueHandle>() -> WakingQueue<H, Self> {
        WakingQueue::with_waker(Self {
            method: B::new(),
            times: AtomicU64::new(0),
        })
    }

    fn set_wait<H: UniqueHandle>(consumer: &mut Consumer<H, Self>, wait: Wait) {
        consumer.waiter = Waiter::new(wait);
    }

    fn recv<H: UniqueHandle>(consumer: &mut Consumer<H, Self>) -> H {
        let Consumer {
            receiver,
            waiter,
            created,
            parks,
        } = consumer;
        loop {
            if let Some(item) = receiver.pop_blocking() {
                return item;
            }
            let queue = Arc::clone(receiver.queue());
            if waiter.spin(|| created.elapsed(), || !queue.is_empty()) {
                continue;
            }
            if let Some(_parked) = receiver.park() {
                *parks += 1;
                queue.waker().method.sleep();
            }
            waiter.slept(|| created.elapsed());
        }
    }

    fn wakes(&self) -> Option<u64> {
        Some(self.times.load(Ordering::Relaxed))
    }
}

/// One push per item, and a consumer that waits by the strategy `S`.
pub(crate) struct Single<W, S = Parks>(PhantomData<fn() -> (W, S)>);

impl<T: Linkable, W: Waker, S: Strategy> Sleeper<T> for Single<W, S> {
    type Producer = Shared<T::Handle, W>;
    type Consumer = Consumer<T::Handle, W>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let (queue, receiver) = W::queue().share();
        let mut consumer = Consumer {
            receiver,
            waiter: Waiter::default(),
            created: Instant::now(),
            parks: 0,
        };
        W::set_wait(&mut consumer, S::WAIT);
        (queue, consumer)
    }

    fn push(queue: &mut Self::Producer, item: T) {
        let item = item.into_handle();
        queue.push(item).expect("the queue is never closed");
    }

    fn recv(consumer: &mut Self::Consumer) -> T {
        T::from_handle(W::recv(consumer))
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
    type Producer = (Shared<Box<Item>, W>, Chain<Box<Item>>);
    type Consumer = Consumer<Box<Item>, W>;

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (queue, consumer) = <Single<W> as Sleeper<Box<Item>>>::channel(capacity);
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
        <Single<W> as Sleeper<Box<Item>>>::recv(consumer)
    }

    fn wakes((queue, _): &Self::Producer) -> Option<u64> {
        queue.waker().wakes()
    }

    fn waits(consumer: &Self::Consumer) -> Option<u64> {
        <Single<W> as Sleeper<Box<Item>>>::waits(consumer)
    }
}
