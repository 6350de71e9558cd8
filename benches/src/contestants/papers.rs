//! The algorithms of the package `papers`.

use std::sync::Arc;

use mpsc_queue::Pop;
use papers::cc_synch::CcSynch;
use papers::clh::Clh;
use papers::io_uring::IoUring;
use papers::jiffy::Jiffy;
use papers::ltqueue::{LtQueue, Producer};
use papers::michael_scott::MichaelScott;
use papers::ring::Ring;
use papers::segmented::{Segmented, SegmentedWithBackoff};
use papers::treiber::Treiber;
use papers::vyukov::Vyukov;
use papers::wfcqueue::WfcQueue;
use papers::{Consume, Mpsc, Node};

use crate::contestant::{Contestant, Role};
use crate::payload::{Item, Payload};

/// A consumer that keeps its queue alive.
pub struct Owned<Q: Mpsc + 'static> {
    /// Borrows from `queue`. Declared first, hence dropped first.
    consumer: Q::Consumer<'static>,
    #[expect(dead_code, reason = "the consumer borrows from it")]
    queue: Arc<Q>,
}

impl<Q: Mpsc + 'static> Owned<Q> {
    fn new(queue: Arc<Q>) -> Self {
        // SAFETY: only the private field `consumer` holds the reference. The field is
        // dropped before `queue`, which keeps the referent alive and in place.
        let borrowed: &'static Q = unsafe { &*Arc::as_ptr(&queue) };
        let consumer = borrowed.consumer().expect("a new queue has no consumer");
        Self { consumer, queue }
    }

    fn pop(&mut self) -> Option<Q::Item> {
        match self.consumer.pop() {
            Pop::Item(item) => Some(item),
            Pop::Empty | Pop::Stalled(_) | Pop::Closed => None,
        }
    }
}

/// Creates the ends of a contestant.
fn ends<Q: Mpsc + 'static>(queue: Q) -> (Arc<Q>, Owned<Q>) {
    let queue = Arc::new(queue);
    (Arc::clone(&queue), Owned::new(queue))
}

fn push<Q: Mpsc>(queue: &Q, item: Q::Item) {
    assert!(queue.push(item).is_ok(), "the queue has room for all items");
}

/// Treiber's stack, whose consumer detaches the whole stack and reverses it. It boxes
/// its values.
pub struct TreiberStack;

impl Contestant<u64> for TreiberStack {
    const NAME: &'static str = "papers: Treiber";
    const ROLE: Role = Role::Literature;
    type Producer = Arc<Treiber<Node<u64>>>;
    type Consumer = Owned<Treiber<Node<u64>>>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        ends(Treiber::new())
    }

    fn push(queue: &mut Self::Producer, item: u64) {
        push(&**queue, Node::new(item));
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        Some(consumer.pop()?.into_inner())
    }
}

/// Defines a contestant: its name in the reports, its payload, its queue, and how to create
/// one.
macro_rules! paper {
    (
        $(#[$doc:meta])* $name:ident $(for any $any:ident)?, $reported:literal,
        $payload:ty, $queue:ty, $capacity:ident => $new:expr
    ) => {
        $(#[$doc])*
        pub struct $name;

        impl$(<$any: Payload>)? Contestant<$payload> for $name {
            const NAME: &'static str = $reported;
            const ROLE: Role = Role::Literature;
            type Producer = Arc<$queue>;
            type Consumer = Owned<$queue>;

            fn channel($capacity: usize) -> (Self::Producer, Self::Consumer) {
                ends($new)
            }

            fn push(queue: &mut Self::Producer, item: $payload) {
                push(&**queue, item);
            }

            fn pop(consumer: &mut Self::Consumer) -> Option<$payload> {
                consumer.pop()
            }
        }
    };
}

paper!(
    /// Linux' `llist`: Treiber's stack of objects that contain the link.
    Llist, "papers: llist", Box<Item>, Treiber<Item>, _capacity => Treiber::new()
);
paper!(
    /// Vyukov's intrusive queue with its stub.
    VyukovStub, "papers: Vyukov", Box<Item>, Vyukov<Item>, _capacity => Vyukov::new()
);
paper!(
    /// The queue of Linux' io_uring: Vyukov's, with another pop of the last item.
    Mpscq, "papers: io_uring", Box<Item>, IoUring<Item>, _capacity => IoUring::new()
);
paper!(
    /// The splice of liburcu's `wfcqueue`.
    Splice, "papers: wfcqueue splice", Box<Item>, WfcQueue<Item>, _capacity => WfcQueue::new()
);
paper!(
    /// The lock-free list, with a pool of nodes for all items.
    LockFreeList for any T, "papers: Michael-Scott", T, MichaelScott<T>,
    capacity => MichaelScott::new(capacity)
);
paper!(
    /// The queue in the manner of a CLH lock, with an allocation per item.
    ClhLike for any T, "papers: CLH-like", T, Clh<T>, _capacity => Clh::new()
);
paper!(
    /// Combined pushes, with an allocation per item.
    Combining for any T, "papers: CC-Synch", T, CcSynch<T>, _capacity => CcSynch::new()
);
paper!(
    /// The bounded ring, with room for all items.
    BoundedRing for any T, "papers: ring", T, Ring<T>,
    capacity => Ring::new(capacity.next_power_of_two().max(2))
);
paper!(
    /// Linked segments, filled by `fetch_add`.
    Segments for any T, "papers: segmented", T, Segmented<T>, _capacity => Segmented::new()
);
paper!(
    /// Linked segments, whose producers back off from each other.
    SegmentsWithBackoff for any T, "papers: segmented, back-off", T, SegmentedWithBackoff<T>,
    _capacity => SegmentedWithBackoff::new()
);
paper!(
    /// Jiffy with safe memory reclamation.
    SafeJiffy for any T, "papers: Jiffy", T, Jiffy<T>, _capacity => Jiffy::new()
);

/// The queue with a lane for each producer, and a tree of minima above the lanes.
pub struct Lanes;

/// The number of lanes: the most producers of a scenario.
const LANES: usize = 128;

/// A producer that keeps its queue alive, and has a lane from its first push on.
pub struct OwnedProducer<T: 'static> {
    /// Borrows from `queue`. Declared first, hence dropped first.
    producer: Option<Producer<'static, T>>,
    queue: Arc<LtQueue<T>>,
}

impl<T> OwnedProducer<T> {
    fn producer(&mut self) -> &mut Producer<'static, T> {
        self.producer.get_or_insert_with(|| {
            // SAFETY: only the private field `producer` holds the reference. The field is
            // dropped before `queue`, which keeps the referent alive and in place.
            let borrowed: &'static LtQueue<T> = unsafe { &*Arc::as_ptr(&self.queue) };
            borrowed
                .producer()
                .expect("there is a lane for each producer")
        })
    }
}

impl<T> Clone for OwnedProducer<T> {
    fn clone(&self) -> Self {
        Self {
            producer: None,
            queue: Arc::clone(&self.queue),
        }
    }
}

impl<T: Payload> Contestant<T> for Lanes {
    const NAME: &'static str = "papers: LTQueue";
    const ROLE: Role = Role::Literature;
    type Producer = OwnedProducer<T>;
    type Consumer = Owned<LtQueue<T>>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let (queue, consumer) = ends(LtQueue::new(LANES));
        let producer = None;
        (OwnedProducer { producer, queue }, consumer)
    }

    fn push(producer: &mut Self::Producer, item: T) {
        producer.producer().push(item);
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<T> {
        consumer.pop()
    }
}
