//! Queues of values without blocking operations.

use std::sync::Arc;

use concurrent_queue::ConcurrentQueue;
use crossbeam_queue::SegQueue;
use nolock::queues::mpsc::jiffy;

use crate::contestant::Contestant;
use crate::payload::Payload;

/// crossbeam's queue of linked blocks.
pub struct Seg;

impl<T: Payload> Contestant<T> for Seg {
    const NAME: &'static str = "crossbeam SegQueue";
    const PACKAGE: Option<&'static str> = Some("crossbeam-queue");
    type Producer = Arc<SegQueue<T>>;
    type Consumer = Self::Producer;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Self::Producer::default();
        (Arc::clone(&queue), queue)
    }

    fn push(queue: &mut Self::Producer, item: T) {
        queue.push(item);
    }

    fn pop(queue: &mut Self::Consumer) -> Option<T> {
        queue.pop()
    }
}

/// smol's queue of linked blocks.
pub struct Concurrent;

impl<T: Payload> Contestant<T> for Concurrent {
    const NAME: &'static str = "concurrent-queue";
    const PACKAGE: Option<&'static str> = Some("concurrent-queue");
    type Producer = Arc<ConcurrentQueue<T>>;
    type Consumer = Self::Producer;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(ConcurrentQueue::unbounded());
        (Arc::clone(&queue), queue)
    }

    fn push(queue: &mut Self::Producer, item: T) {
        assert!(queue.push(item).is_ok(), "the queue is open");
    }

    fn pop(queue: &mut Self::Consumer) -> Option<T> {
        queue.pop().ok()
    }
}

/// nolock's version of Jiffy (Adas and Friedman).
pub struct Jiffy;

impl<T: Payload> Contestant<T> for Jiffy {
    const NAME: &'static str = "nolock Jiffy";
    const PACKAGE: Option<&'static str> = Some("nolock");
    type Producer = Arc<jiffy::Sender<T>>;
    type Consumer = jiffy::Receiver<T>;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let (receiver, sender) = jiffy::queue();
        (Arc::new(sender), receiver)
    }

    fn push(sender: &mut Self::Producer, item: T) {
        assert!(sender.enqueue(item).is_ok(), "the queue is open");
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_dequeue().ok()
    }
}
