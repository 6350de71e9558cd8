//! Channels with a blocking receive.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex};

use mpsc_queue::Wait;

use super::sample::Sleeper;
use super::strategy::Strategy;
use crate::contestant::Contestant;
use crate::contestants::{
    Async, Channel, Crossbeam, Crossfire, Flume, Futures, Kanal, Linkable, Sharded, Std, Thingbuf,
    Tokio,
};
use crate::payload::Payload;

/// A channel whose receiver can block.
pub(crate) trait Blocks<T>: Contestant<T> {
    /// Removes the oldest item, sleeping until there is one.
    fn recv(receiver: &mut Self::Consumer) -> T;
}

macro_rules! blocks {
    ($($channel:ident: $recv:ident,)*) => {$(
        impl<T: Payload> Blocks<T> for $channel {
            fn recv(receiver: &mut Self::Consumer) -> T {
                receiver.$recv().expect("the sender exists")
            }
        }
    )*};
}

blocks! {
    Std: recv,
    Crossbeam: recv,
    Flume: recv,
    Kanal: recv,
    Crossfire: recv,
    Tokio: blocking_recv,
}

impl<T: Payload> Blocks<T> for Thingbuf {
    fn recv(receiver: &mut Self::Consumer) -> T {
        let mut slot = receiver.recv_ref().expect("the sender exists");
        slot.take().expect("a sent slot holds an item")
    }
}

impl<T: Linkable> Blocks<T> for Channel {
    fn recv(receiver: &mut Self::Consumer) -> T {
        T::from_handle(receiver.recv().expect("the sender exists"))
    }
}

impl<T: Linkable> Blocks<T> for Sharded {
    fn recv(receiver: &mut Self::Consumer) -> T {
        T::from_handle(receiver.recv().expect("the sender exists"))
    }
}

/// A channel of ours, whose receiver has a strategy.
pub(crate) trait Waits<T>: Blocks<T> {
    /// Sets the strategy.
    fn set_wait(receiver: &mut Self::Consumer, wait: Wait);
}

impl<T: Linkable> Waits<T> for Channel {
    fn set_wait(receiver: &mut Self::Consumer, wait: Wait) {
        receiver.set_wait(wait);
    }
}

impl<T: Linkable> Waits<T> for Sharded {
    fn set_wait(receiver: &mut Self::Consumer, wait: Wait) {
        receiver.set_wait(wait);
    }
}

/// A channel whose receiver can be awaited.
pub(crate) trait Awaits<T>: Contestant<T> {
    /// Removes the oldest item, waiting until there is one.
    fn recv(receiver: &mut Self::Consumer) -> impl Future<Output = T>;
}

impl<T: Payload> Awaits<T> for Tokio {
    async fn recv(receiver: &mut Self::Consumer) -> T {
        receiver.recv().await.expect("the sender exists")
    }
}

impl<T: Payload> Awaits<T> for Futures {
    async fn recv(receiver: &mut Self::Consumer) -> T {
        receiver.recv().await.expect("the sender exists")
    }
}

impl<T: Linkable> Awaits<T> for Async {
    async fn recv(receiver: &mut Self::Consumer) -> T {
        let item = receiver.recv().await;
        T::from_handle(item.expect("the queue is never closed"))
    }
}

/// A channel without an adapter.
pub(crate) struct Blocking<C>(PhantomData<fn() -> C>);

impl<T: Payload, C: Blocks<T>> Sleeper<T> for Blocking<C> {
    type Producer = C::Producer;
    type Consumer = C::Consumer;

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        C::channel(capacity)
    }

    fn push(sender: &mut Self::Producer, item: T) {
        C::push(sender, item);
    }

    fn recv(receiver: &mut Self::Consumer) -> T {
        C::recv(receiver)
    }
}

/// A channel without an adapter, whose receiver waits by the strategy `S`.
pub(crate) struct Waiting<C, S>(PhantomData<fn() -> (C, S)>);

impl<T: Payload, C: Waits<T>, S: Strategy> Sleeper<T> for Waiting<C, S> {
    type Producer = C::Producer;
    type Consumer = C::Consumer;

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (sender, mut receiver) = C::channel(capacity);
        C::set_wait(&mut receiver, S::WAIT);
        (sender, receiver)
    }

    fn push(sender: &mut Self::Producer, item: T) {
        C::push(sender, item);
    }

    fn recv(receiver: &mut Self::Consumer) -> T {
        C::recv(receiver)
    }
}

/// A channel that is awaited by the executor of the futures crate, which parks the thread.
pub(crate) struct BlockOn<C>(PhantomData<fn() -> C>);

impl<T: Payload, C: Awaits<T>> Sleeper<T> for BlockOn<C> {
    type Producer = C::Producer;
    type Consumer = C::Consumer;

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        C::channel(capacity)
    }

    fn push(sender: &mut Self::Producer, item: T) {
        C::push(sender, item);
    }

    fn recv(receiver: &mut Self::Consumer) -> T {
        futures_executor::block_on(C::recv(receiver))
    }
}

/// A channel that is awaited in tokio's event loop, which sleeps in `epoll_wait`.
pub(crate) struct TokioLoop<C>(PhantomData<fn() -> C>);

impl<T: Payload, C: Awaits<T>> Sleeper<T> for TokioLoop<C> {
    type Producer = C::Producer;
    type Consumer = (tokio::runtime::Runtime, C::Consumer);

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (sender, receiver) = C::channel(capacity);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("the process has a free file descriptor");
        (sender, (runtime, receiver))
    }

    fn push(sender: &mut Self::Producer, item: T) {
        C::push(sender, item);
    }

    fn recv((runtime, receiver): &mut Self::Consumer) -> T {
        // Enter the runtime only if the channel is empty.
        C::pop(receiver).unwrap_or_else(|| runtime.block_on(C::recv(receiver)))
    }
}

/// A lock around a ring of items, with a condition variable.
pub(crate) struct Condition;

impl<T: Payload> Sleeper<T> for Condition {
    type Producer = Arc<(Mutex<VecDeque<T>>, Condvar)>;
    type Consumer = Self::Producer;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Self::Producer::default();
        (Arc::clone(&queue), queue)
    }

    fn push(queue: &mut Self::Producer, item: T) {
        let (items, arrived) = &**queue;
        items.lock().expect("not poisoned").push_back(item);
        arrived.notify_one();
    }

    fn recv(queue: &mut Self::Consumer) -> T {
        let (items, arrived) = &**queue;
        let items = items.lock().expect("not poisoned");
        let items = arrived.wait_while(items, |items| items.is_empty());
        items
            .expect("not poisoned")
            .pop_front()
            .expect("the ring is not empty")
    }
}
