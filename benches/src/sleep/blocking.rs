//! Channels that sleep by themselves.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex};

use super::turn::Sleeper;
use crate::contestant::{Contestant, Payload};
use crate::contestants::{Crossbeam, Crossfire, Flume, Futures, Kanal, Std, Thingbuf, Tokio};

/// A channel whose receiver can wait for an item.
pub(super) trait Blocks<T>: Contestant<T> {
    /// Takes the oldest item out, sleeping until there is one.
    fn recv(receiver: &mut Self::Consumer) -> T;
}

impl<T: Payload> Blocks<T> for Std {
    fn recv(receiver: &mut Self::Consumer) -> T {
        receiver.recv().expect("the sender is here")
    }
}

impl<T: Payload> Blocks<T> for Crossbeam {
    fn recv(receiver: &mut Self::Consumer) -> T {
        receiver.recv().expect("the sender is here")
    }
}

impl<T: Payload> Blocks<T> for Flume {
    fn recv(receiver: &mut Self::Consumer) -> T {
        receiver.recv().expect("the sender is here")
    }
}

impl<T: Payload> Blocks<T> for Kanal {
    fn recv(receiver: &mut Self::Consumer) -> T {
        receiver.recv().expect("the sender is here")
    }
}

impl<T: Payload> Blocks<T> for Crossfire {
    fn recv(receiver: &mut Self::Consumer) -> T {
        receiver.recv().expect("the sender is here")
    }
}

impl<T: Payload> Blocks<T> for Tokio {
    fn recv(receiver: &mut Self::Consumer) -> T {
        receiver.blocking_recv().expect("the sender is here")
    }
}

impl<T: Payload> Blocks<T> for Thingbuf {
    fn recv(receiver: &mut Self::Consumer) -> T {
        let mut slot = receiver.recv_ref().expect("the sender is here");
        slot.take().expect("it was sent")
    }
}

impl<T: Payload> Blocks<T> for Futures {
    fn recv(receiver: &mut Self::Consumer) -> T {
        futures_executor::block_on(receiver.recv()).expect("the sender is here")
    }
}

/// A channel by itself.
pub(super) struct Blocking<C>(PhantomData<fn() -> C>);

impl<T: Payload, C: Blocks<T>> Sleeper<T> for Blocking<C> {
    type Producer = C::Producer;
    type Consumer = C::Consumer;

    fn open(capacity: usize) -> (Self::Producer, Self::Consumer) {
        C::open(capacity)
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

    fn open(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (sender, receiver) = <Tokio as Contestant<T>>::open(capacity);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("there are file descriptors left");
        (sender, (runtime, receiver))
    }

    fn push(sender: &mut Self::Producer, item: T) {
        Tokio::push(sender, item);
    }

    fn recv((runtime, receiver): &mut Self::Consumer) -> T {
        // What is there needs no runtime to be entered for it.
        receiver.try_recv().unwrap_or_else(|_| {
            let item = runtime.block_on(receiver.recv());
            item.expect("the sender is here")
        })
    }
}

/// The classic: a lock around a ring of items, and a condition variable.
pub(super) struct Condition;

impl<T: Payload> Sleeper<T> for Condition {
    type Producer = Arc<(Mutex<VecDeque<T>>, Condvar)>;
    type Consumer = Self::Producer;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
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
            .expect("it is not empty")
    }
}
