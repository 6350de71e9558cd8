//! The queue of this workspace.

use std::mem;
use std::sync::Arc;

use mpsc_queue::{Chain, Consumer, Link, Pop, Queue, linked};

use crate::contestant::{Contestant, Item, Role};

/// One exchange for each item.
pub struct Single;

impl Contestant<Box<Item>> for Single {
    const NAME: &'static str = "mpsc-queue";
    const ROLE: Role = Role::Ours;
    type Producer = Arc<Queue<Box<Item>>>;
    type Consumer = Consumer<Self::Producer>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let consumer = Consumer::owned(Arc::default()).expect("it is new");
        (Arc::clone(consumer.queue()), consumer)
    }

    fn push(queue: &mut Self::Producer, item: Box<Item>) {
        let _ = queue.push(item);
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<Box<Item>> {
        item(consumer.pop())
    }
}

/// A number that had to be put on the heap to be queued.
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

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let consumer = Consumer::owned(Arc::default()).expect("it is new");
        (Arc::clone(consumer.queue()), consumer)
    }

    fn push(queue: &mut Self::Producer, value: u64) {
        let link = Link::new();
        let _ = queue.push(Box::new(Boxed { link, value }));
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        item(consumer.pop()).map(|boxed| boxed.value)
    }
}

fn item<H>(pop: Pop<H>) -> Option<H> {
    match pop {
        Pop::Item(handle) => Some(handle),
        Pop::Empty | Pop::Stalled => None,
    }
}

/// One exchange for each chain of `N` items.
pub struct Chained<const N: usize>;

/// A queue, and the chain that is being built for it.
pub struct Chaining {
    queue: Arc<Queue<Box<Item>>>,
    chain: Chain<Box<Item>>,
}

impl Clone for Chaining {
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
        _ => panic!("a length without a name"),
    };
    const ROLE: Role = Role::OursChained;
    const BATCH: usize = N;
    type Producer = Chaining;
    type Consumer = Consumer<Arc<Queue<Box<Item>>>>;

    fn open(capacity: usize) -> (Chaining, Self::Consumer) {
        let (queue, consumer) = <Single as Contestant<Box<Item>>>::open(capacity);
        let chain = Chain::new();
        (Chaining { queue, chain }, consumer)
    }

    fn push(producer: &mut Chaining, item: Box<Item>) {
        producer.chain.push(item);
        if producer.chain.len() == N {
            Self::flush(producer);
        }
    }

    fn flush(producer: &mut Chaining) {
        let _ = producer.queue.push_chain(mem::take(&mut producer.chain));
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<Box<Item>> {
        Single::pop(consumer)
    }
}
