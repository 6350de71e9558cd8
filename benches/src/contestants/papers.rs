//! The other algorithms of this workspace, from `papers`.

use std::sync::Arc;

use mpsc_queue::Pop;
use papers::jiffy::Jiffy;
use papers::ring::Ring;
use papers::segmented::Segmented;
use papers::treiber::{Node, Treiber};
use papers::{Consume, Mpsc};

use crate::contestant::{Contestant, Payload};

/// A consumer with a share in its queue.
pub struct Owned<Q: Mpsc + 'static> {
    /// Borrows from `queue`. It stands first, and so is dropped first.
    consumer: Q::Consumer<'static>,
    #[expect(dead_code, reason = "kept for the consumer")]
    queue: Arc<Q>,
}

impl<Q: Mpsc + 'static> Owned<Q> {
    fn new(queue: Arc<Q>) -> Self {
        // SAFETY: the reference is used by the consumer only, which is dropped before
        // the share in the queue that stands beside it, and is not given away.
        let borrowed: &'static Q = unsafe { &*Arc::as_ptr(&queue) };
        let consumer = borrowed.consumer().expect("there is no other consumer");
        Self { consumer, queue }
    }

    fn pop(&mut self) -> Option<Q::Item> {
        match self.consumer.pop() {
            Pop::Item(item) => Some(item),
            Pop::Empty | Pop::Stalled => None,
        }
    }
}

/// Treiber's stack, taken as a whole and reversed: it boxes what it carries.
pub struct TreiberStack;

impl Contestant<u64> for TreiberStack {
    const NAME: &'static str = "papers: Treiber";
    type Producer = Arc<Treiber<u64>>;
    type Consumer = Owned<Treiber<u64>>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(Treiber::new());
        (Arc::clone(&queue), Owned::new(queue))
    }

    fn push(queue: &mut Self::Producer, item: u64) {
        assert!(
            Mpsc::push(&**queue, Node::new(item)).is_ok(),
            "it is unbounded"
        );
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        Some(consumer.pop()?.into_inner())
    }
}

/// The bounded ring, with room for everything.
pub struct BoundedRing;

impl<T: Payload> Contestant<T> for BoundedRing {
    const NAME: &'static str = "papers: ring";
    type Producer = Arc<Ring<T>>;
    type Consumer = Owned<Ring<T>>;

    fn open(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(Ring::new(capacity.next_power_of_two().max(2)));
        (Arc::clone(&queue), Owned::new(queue))
    }

    fn push(queue: &mut Self::Producer, item: T) {
        assert!(Mpsc::push(&**queue, item).is_ok(), "it has room for all");
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<T> {
        consumer.pop()
    }
}

/// Linked segments, filled by fetch-and-add.
pub struct Segments;

impl<T: Payload> Contestant<T> for Segments {
    const NAME: &'static str = "papers: segmented";
    type Producer = Arc<Segmented<T>>;
    type Consumer = Owned<Segmented<T>>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(Segmented::new());
        (Arc::clone(&queue), Owned::new(queue))
    }

    fn push(queue: &mut Self::Producer, item: T) {
        assert!(Mpsc::push(&**queue, item).is_ok(), "it is unbounded");
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<T> {
        consumer.pop()
    }
}

/// Jiffy with a reclamation that is safe.
pub struct SafeJiffy;

impl<T: Payload> Contestant<T> for SafeJiffy {
    const NAME: &'static str = "papers: Jiffy";
    type Producer = Arc<Jiffy<T>>;
    type Consumer = Owned<Jiffy<T>>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(Jiffy::new());
        (Arc::clone(&queue), Owned::new(queue))
    }

    fn push(queue: &mut Self::Producer, item: T) {
        assert!(Mpsc::push(&**queue, item).is_ok(), "it is unbounded");
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<T> {
        consumer.pop()
    }
}
