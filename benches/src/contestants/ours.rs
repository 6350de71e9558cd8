//! The queue of this workspace.

use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;

use mpsc_queue::channel::{self, sharded};
use mpsc_queue::{
    AsyncQueue, BackLinked, Chain, Compact, Consumer, Form, ForwardLinked, GapFree, Queue, Receiver,
};

use super::boxed::Linkable;
use crate::contestant::{Contestant, Role};
use crate::payload::Item;

/// `mpsc-queue` in the form `F`, with one push per item.
pub struct Single<F = ForwardLinked>(PhantomData<F>);

/// A form of `mpsc-queue`.
pub trait Named: Form {
    /// The name of the form as a contestant.
    const NAME: &'static str;
    /// The name of the form as a contestant that boxes its values.
    const BOXING: &'static str;
}

impl Named for ForwardLinked {
    const NAME: &'static str = "mpsc-queue";
    const BOXING: &'static str = "mpsc-queue, boxing";
}

impl Named for Compact<ForwardLinked> {
    const NAME: &'static str = "mpsc-queue, compact";
    const BOXING: &'static str = "mpsc-queue, compact, boxing";
}

impl Named for BackLinked {
    const NAME: &'static str = "mpsc-queue, back-linked";
    const BOXING: &'static str = "mpsc-queue, back-linked, boxing";
}

impl Named for GapFree {
    const NAME: &'static str = "mpsc-queue, gap-free";
    const BOXING: &'static str = "mpsc-queue, gap-free, boxing";
}

impl<T: Linkable, F: Named> Contestant<T> for Single<F> {
    const NAME: &'static str = if T::IS_BOXED { F::BOXING } else { F::NAME };
    const ROLE: Role = Role::Ours;
    type Producer = Arc<Queue<T::Handle, F>>;
    type Consumer = Consumer<Self::Producer>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        Queue::default().share()
    }

    fn push(queue: &mut Self::Producer, item: T) {
        let _ = queue.push(item.into_handle());
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<T> {
        consumer.pop().into_item().map(T::from_handle)
    }
}

/// Defines a contestant with senders and a receiver: its names, the function that makes it, the
/// types of its ends, and the method that sends.
macro_rules! ends {
    ($(#[$doc:meta])* $name:ident, $reported:literal, $boxing:literal, $channel:expr, $sender:ty,
     $receiver:ty, $send:ident) => {
        $(#[$doc])*
        pub struct $name;

        impl<T: Linkable> Contestant<T> for $name {
            const NAME: &'static str = if T::IS_BOXED { $boxing } else { $reported };
            const ROLE: Role = Role::Ours;
            type Producer = $sender;
            type Consumer = $receiver;

            fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
                $channel
            }

            fn push(sender: &mut Self::Producer, item: T) {
                let _ = sender.$send(item.into_handle());
            }

            fn pop(receiver: &mut Self::Consumer) -> Option<T> {
                receiver.pop().into_item().map(T::from_handle)
            }
        }
    };
}

ends!(
    /// `mpsc-queue` with a queue for each producer.
    Sharded, "mpsc-queue, sharded", "mpsc-queue, sharded, boxing", sharded::sharded(),
    sharded::Sender<T::Handle>, sharded::Receiver<T::Handle>, send
);
ends!(
    /// The channel of `mpsc-queue`. Takes part where the consumer blocks.
    Channel, "mpsc-queue, channel", "mpsc-queue, channel, boxing", channel::channel(),
    channel::Sender<T::Handle>, channel::Receiver<T::Handle>, send
);
ends!(
    /// `mpsc-queue` whose consumer is a task. Takes part where the consumer sleeps.
    Async, "mpsc-queue, async", "mpsc-queue, async, boxing", AsyncQueue::new().share(),
    Arc<AsyncQueue<T::Handle>>, Receiver<Arc<AsyncQueue<T::Handle>>>, push
);

/// `mpsc-queue` with one push per chain of `N` items.
pub struct Chained<const N: usize>;

/// A producer with its unfinished chain.
pub struct ChainProducer {
    queue: Arc<Queue<Box<Item>>>,
    chain: Chain<Box<Item>>,
}

impl Clone for ChainProducer {
    fn clone(&self) -> Self {
        Self {
            queue: Arc::clone(&self.queue),
            chain: Chain::new(),
        }
    }
}

impl<const N: usize> Contestant<Box<Item>> for Chained<N> {
    const NAME: &'static str = match N {
        8 => "mpsc-queue, chains of 8",
        64 => "mpsc-queue, chains of 64",
        _ => panic!("a chain length without a name"),
    };
    const ROLE: Role = Role::OursChained;
    const BATCH: usize = N;
    type Producer = ChainProducer;
    type Consumer = Consumer<Arc<Queue<Box<Item>>>>;

    fn channel(capacity: usize) -> (ChainProducer, Self::Consumer) {
        let (queue, consumer) = <Single as Contestant<Box<Item>>>::channel(capacity);
        let chain = Chain::new();
        (ChainProducer { queue, chain }, consumer)
    }

    fn push(producer: &mut ChainProducer, item: Box<Item>) {
        producer.chain.push(item);
        if producer.chain.len() == N {
            Self::flush(producer);
        }
    }

    fn flush(producer: &mut ChainProducer) {
        let _ = producer.queue.push_chain(mem::take(&mut producer.chain));
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<Box<Item>> {
        <Single as Contestant<Box<Item>>>::pop(consumer)
    }
}
