//! The queue of this workspace.

use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;

use mpsc_queue::channel::sharded;
use mpsc_queue::{
    BackLinked, Chain, Compact, Consumer, Form, ForwardLinked, GapFree, Link, Queue, linked,
};

use crate::contestant::{Contestant, Role};
use crate::payload::Item;

/// `mpsc-queue` in the form `F`, with one push per item.
pub struct Single<F = ForwardLinked>(PhantomData<F>);

/// A form of `mpsc-queue`.
pub trait Named: Form {
    /// The name of the form as a contestant.
    const NAME: &'static str;
}

impl Named for ForwardLinked {
    const NAME: &'static str = "mpsc-queue";
}

impl Named for Compact<ForwardLinked> {
    const NAME: &'static str = "mpsc-queue, compact";
}

impl Named for BackLinked {
    const NAME: &'static str = "mpsc-queue, back-linked";
}

impl Named for GapFree {
    const NAME: &'static str = "mpsc-queue, gap-free";
}

impl<F: Named> Contestant<Box<Item>> for Single<F> {
    const NAME: &'static str = F::NAME;
    const ROLE: Role = Role::Ours;
    type Producer = Arc<Queue<Box<Item>, F>>;
    type Consumer = Consumer<Self::Producer>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        Queue::default().share()
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        let _ = queue.push(item);
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<Box<Item>> {
        consumer.pop().into_item()
    }
}

/// A number in a box, because `mpsc-queue` queues handles.
pub struct Boxed {
    link: Link,
    value: u64,
}
linked!(Boxed => link: Link);

impl Contestant<u64> for Single {
    const NAME: &'static str = "mpsc-queue, boxing";
    const ROLE: Role = Role::Ours;
    type Producer = Arc<Queue<Box<Boxed>>>;
    type Consumer = Consumer<Self::Producer>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        Queue::default().share()
    }

    fn push(queue: &mut Self::Producer, value: u64) {
        let link = Link::new();
        let _ = queue.push(Box::new(Boxed { link, value }));
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        consumer.pop().into_item().map(|boxed| boxed.value)
    }
}

/// `mpsc-queue` with a queue for each producer.
pub struct Sharded;

impl Contestant<Box<Item>> for Sharded {
    const NAME: &'static str = "mpsc-queue, sharded";
    const ROLE: Role = Role::Ours;
    type Producer = sharded::Sender<Box<Item>>;
    type Consumer = sharded::Receiver<Box<Item>>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        sharded::sharded()
    }

    fn push(sender: &mut Self::Producer, item: Box<Item>) {
        let _ = sender.send(item);
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<Box<Item>> {
        receiver.pop().into_item()
    }
}

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
        Single::<ForwardLinked>::pop(consumer)
    }
}
