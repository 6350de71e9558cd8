//! The queue of this workspace.

use std::mem;
use std::sync::Arc;

use mpsc_queue::{Chain, Consumer, Handle, Link, Pop, Queue, linked};

use crate::contestant::{Contestant, Role};
use crate::payload::Item;

/// `mpsc-queue` with one push per item.
pub struct Single;

impl Contestant<Box<Item>> for Single {
    const NAME: &'static str = "mpsc-queue";
    const ROLE: Role = Role::Ours;
    type Producer = Arc<Queue<Box<Item>>>;
    type Consumer = Consumer<Self::Producer>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        new()
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        let _ = queue.push(item);
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<Box<Item>> {
        into_option(consumer.pop())
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
        new()
    }

    fn push(queue: &mut Self::Producer, value: u64) {
        let link = Link::new();
        let _ = queue.push(Box::new(Boxed { link, value }));
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        into_option(consumer.pop()).map(|boxed| boxed.value)
    }
}

fn new<H: Handle>() -> (Arc<Queue<H>>, Consumer<Arc<Queue<H>>>) {
    let consumer = Consumer::owned(Arc::default()).expect("a new queue has no consumer");
    (Arc::clone(consumer.queue()), consumer)
}

fn into_option<H>(pop: Pop<H>) -> Option<H> {
    match pop {
        Pop::Item(handle) => Some(handle),
        Pop::Empty | Pop::Stalled => None,
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
        Single::pop(consumer)
    }
}
