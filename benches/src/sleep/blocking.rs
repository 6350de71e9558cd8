//! Channels with a blocking receive.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex};

use super::sample::Sleeper;
use crate::contestant::Contestant;
use crate::contestants::{Crossbeam, Crossfire, Flume, Futures, Kanal, Std, Thingbuf, Tokio};
use crate::payload::Payload;

/// A channel whose receiver can block.
pub(super) trait Blocks<T>: Contestant<T> {
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

impl<T: Payload> Blocks<T> for Futures {
    fn recv(receiver: &mut Self::Consumer) -> T {
        futures_executor::block_on(receiver.recv()).expect("the sender exists")
    }
}

/// A channel without an adapter.
pub(super) struct Blocking<C>(PhantomData<fn() -> C>);

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

/// tokio's channel, awaited in tokio's event loop, which sleeps in `epoll_wait`.
pub(super) struct TokioLoop;

impl<T: Payload> Sleeper<T> for TokioLoop {
    type Producer = <Tokio as Contestant<T>>::Producer;
    type Consumer = (tokio::runtime::Runtime, <Tokio as Contestant<T>>::Consumer);

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (sender, receiver) = <Tokio as Contestant<T>>::channel(capacity);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("the process has a free file descriptor");
        (sender, (runtime, receiver))
    }

    fn push(sender: &mut Self::Producer, item: T) {
        Tokio::push(sender, item);
    }

    fn recv((runtime, receiver): &mut Self::Consumer) -> T {
        // Enter the runtime only if the channel is empty.
        receiver.try_recv().unwrap_or_else(|_| {
            let item = runtime.block_on(receiver.recv());
            item.expect("the sender exists")
        })
    }
}

/// A lock around a ring of items, with a condition variable.
pub(super) struct Condition;

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
