//! The queue of one sender.

use core::mem;

use crate::consumer::Consumer;
use crate::error::ConsumerTaken;
use crate::form::Form;
use crate::item::{Handle, SharedLink};
use crate::linked;
use crate::queue::Queue;
use crate::queue_ref::AnyQueue;
use crate::sealed::Internal;
use crate::sync::{Arc, AtomicBool, Ordering};

/// A queue, and the link by which it travels to the receiver.
///
/// Either the receiver has it: then it is *active*, in the queue of ready shards or on the way
/// there. Or its consumer is parked: then it is empty, and the push that ends the park sends it to
/// the receiver.
pub(super) struct Shard<H: Handle, F: Form> {
    pub(super) queue: Queue<H, F>,
    link: SharedLink,
    /// Set when the sender is gone.
    has_ended: AtomicBool,
}
linked!([H: Handle, F: Form] Shard<H, F> => link: SharedLink);

impl<H: Handle, F: Form> Shard<H, F> {
    /// Creates a shard that is parked.
    pub(super) fn new() -> Arc<Self> {
        let shard = Arc::new(Self {
            queue: Queue::default(),
            link: SharedLink::new(),
            has_ended: AtomicBool::new(false),
        });
        let is_parked = Self::park(&mut Self::consumer(&shard));
        debug_assert!(is_parked, "a new queue is empty");
        shard
    }

    /// Returns the consumer. The caller has got the shard from the queue of ready shards, has
    /// ended its park, or has created it.
    pub(super) fn consumer(shard: &Arc<Self>) -> Consumer<Arc<Self>> {
        match Consumer::owned(Arc::clone(shard)) {
            Ok(consumer) => consumer,
            Err(ConsumerTaken) => unreachable!("a shard is in one place"),
        }
    }

    /// Returns `true` if the sender is gone.
    pub(super) fn has_ended(&self) -> bool {
        // Acquire pairs with the release in `end`: the sender's items are seen.
        self.has_ended.load(Ordering::Acquire)
    }

    /// Notes that the sender is gone.
    pub(super) fn end(&self) {
        // Release pairs with the acquire in `has_ended`.
        self.has_ended.store(true, Ordering::Release);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Parks the consumer for longer than it exists. Returns `false` if the shard is not empty.
    pub(super) fn park(consumer: &mut Consumer<Arc<Self>>) -> bool {
        consumer.park().map(mem::forget).is_some()
    }
}

impl<H: Handle, F: Form> AnyQueue for Shard<H, F> {
    type Handle = H;
    type Form = F;
    type Waker = ();

    fn bare(&self, _: Internal) -> &Queue<H, F> {
        &self.queue
    }

    fn own_waker(&self, _: Internal) -> &() {
        &()
    }
}
