//! The algorithms of the package `papers`.

use std::sync::Arc;

use mpsc_queue::Pop;
use papers::jiffy::Jiffy;
use papers::ring::Ring;
use papers::segmented::{Segmented, SegmentedWithBackoff};
use papers::treiber::{Node, Treiber};
use papers::{Consume, Mpsc};

use crate::contestant::Contestant;
use crate::payload::Payload;

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

/// Treiber's stack, whose consumer detaches the whole stack and reverses it. It boxes
/// its values.
pub struct TreiberStack;

impl Contestant<u64> for TreiberStack {
    const NAME: &'static str = "papers: Treiber";
    type Producer = Arc<Treiber<u64>>;
    type Consumer = Owned<Treiber<u64>>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(Treiber::new());
        (Arc::clone(&queue), Owned::new(queue))
    }

    fn push(queue: &mut Self::Producer, item: u64) {
        assert!(
            Mpsc::push(&**queue, Node::new(item)).is_ok(),
            "the queue is unbounded"
        );
    }

    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        Some(consumer.pop()?.into_inner())
    }
}

/// Defines a contestant: its name in the reports, its queue, and how to create one.
macro_rules! paper {
    ($(#[$doc:meta])* $name:ident, $reported:literal, $queue:ident, $capacity:ident => $new:expr) => {
        $(#[$doc])*
        pub struct $name;

        impl<T: Payload> Contestant<T> for $name {
            const NAME: &'static str = $reported;
            type Producer = Arc<$queue<T>>;
            type Consumer = Owned<$queue<T>>;

            fn channel($capacity: usize) -> (Self::Producer, Self::Consumer) {
                let queue = Arc::new($new);
                (Arc::clone(&queue), Owned::new(queue))
            }

            fn push(queue: &mut Self::Producer, item: T) {
                let pushed = Mpsc::push(&**queue, item);
                assert!(pushed.is_ok(), "the queue has room for all items");
            }

            fn pop(consumer: &mut Self::Consumer) -> Option<T> {
                consumer.pop()
            }
        }
    };
}

paper!(
    /// The bounded ring, with room for all items.
    BoundedRing, "papers: ring", Ring,
    capacity => Ring::new(capacity.next_power_of_two().max(2))
);
paper!(
    /// Linked segments, filled by `fetch_add`.
    Segments, "papers: segmented", Segmented, _capacity => Segmented::new()
);
paper!(
    /// Linked segments, whose producers back off from each other.
    SegmentsWithBackoff, "papers: segmented, back-off", SegmentedWithBackoff,
    _capacity => SegmentedWithBackoff::new()
);
paper!(
    /// Jiffy with safe memory reclamation.
    SafeJiffy, "papers: Jiffy", Jiffy, _capacity => Jiffy::new()
);
