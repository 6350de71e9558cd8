//! Tests of every algorithm, with several threads and against a `VecDeque`.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mpsc_queue::{BackLinked, GapFree, Link, Pop, Queue, linked};
use papers::cc_synch::CcSynch;
use papers::clh::Clh;
use papers::io_uring::IoUring;
use papers::jiffy::Jiffy;
use papers::ltqueue::LtQueue;
use papers::michael_scott::MichaelScott;
use papers::ring::Ring;
use papers::segmented::{Segmented, SegmentedWithBackoff};
use papers::treiber::Treiber;
use papers::vyukov::Vyukov;
use papers::wfcqueue::WfcQueue;
use papers::{Consume, Full, Mpsc, Node};
use proptest::prelude::*;

const PRODUCERS: [usize; 4] = [1, 2, 4, 8];

/// The number of items that each producer pushes.
const EACH: usize = 20_000;

/// The number of the producer, and the number of the item among the producer's. Counts
/// its drop.
#[derive(Debug)]
struct Payload {
    producer: usize,
    number: usize,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// An item that carries a payload.
trait Carrier: Send {
    fn carry(payload: Payload) -> Self;
    fn payload(&self) -> &Payload;
}

impl Carrier for Payload {
    fn carry(payload: Payload) -> Self {
        payload
    }
    fn payload(&self) -> &Payload {
        self
    }
}

impl Carrier for Box<Node<Payload>> {
    fn carry(payload: Payload) -> Self {
        Node::new(payload)
    }
    fn payload(&self) -> &Payload {
        self
    }
}

struct Job {
    link: Link,
    payload: Payload,
}
linked!(Job => link: Link);

impl Carrier for Box<Job> {
    fn carry(payload: Payload) -> Self {
        Box::new(Job {
            link: Link::new(),
            payload,
        })
    }
    fn payload(&self) -> &Payload {
        &self.payload
    }
}

/// Creates items, and counts how many were dropped.
#[derive(Default)]
struct Items {
    dropped: Arc<AtomicUsize>,
}

impl Items {
    fn create<C: Carrier>(&self, producer: usize, number: usize) -> C {
        C::carry(Payload {
            producer,
            number,
            dropped: Arc::clone(&self.dropped),
        })
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn push_until_accepted<Q: Mpsc>(queue: &Q, mut item: Q::Item) {
    while let Err(Full(back)) = queue.push(item) {
        item = back;
        thread::yield_now();
    }
}

/// No pop returns `Empty` while the item of a completed push is in the queue.
fn items_arrive_once_in_order<Q: Mpsc<Item: Carrier>>(new: impl Fn() -> Q) {
    for producers in PRODUCERS {
        let (queue, items, returned) = (new(), Items::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, items, returned) = (&queue, &items, &returned);
                scope.spawn(move || {
                    for number in 0..EACH {
                        push_until_accepted(queue, items.create(producer, number));
                        returned.fetch_add(1, Ordering::Release);
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut next = vec![0; producers];
            let mut popped = 0;
            while popped < producers * EACH {
                let completed = returned.load(Ordering::Acquire).saturating_sub(popped);
                match consumer.pop() {
                    Pop::Item(item) => {
                        let Payload {
                            producer, number, ..
                        } = *item.payload();
                        assert_eq!(number, next[producer], "of producer {producer}");
                        next[producer] += 1;
                        popped += 1;
                    }
                    Pop::Empty => {
                        assert_eq!(completed, 0, "no completed push is in the queue");
                        thread::yield_now();
                    }
                    Pop::Stalled(_) | Pop::Closed => thread::yield_now(),
                }
            }
            assert!(matches!(consumer.pop(), Pop::Empty));
        });
        drop(queue);
        assert_eq!(items.dropped(), producers * EACH);
    }
}

fn dropped_queue_drops_remaining_items<Q: Mpsc<Item: Carrier>>(new: impl Fn() -> Q) {
    for popped in [0, 1, 5] {
        let (queue, items) = (new(), Items::default());
        for number in 0..11 {
            assert!(queue.push(items.create(0, number)).is_ok());
        }
        for _ in 0..popped {
            assert!(matches!(queue.consumer().unwrap().pop(), Pop::Item(_)));
        }
        assert_eq!(items.dropped(), popped);
        drop(queue);
        assert_eq!(items.dropped(), 11);
    }
}

/// The next consumer continues where the previous one stopped.
fn second_consumer_fails_while_first_exists<Q: Mpsc<Item: Carrier>>(new: impl Fn() -> Q) {
    let (queue, items) = (new(), Items::default());
    for number in 0..8 {
        assert!(queue.push(items.create(0, number)).is_ok());
    }
    for expected in 0..8 {
        let mut consumer = queue.consumer().unwrap();
        assert!(queue.consumer().is_err());
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.payload().number == expected));
    }
    assert!(matches!(queue.consumer().unwrap().pop(), Pop::Empty));
}

/// Bursts of pushes and pops on one thread.
fn bursts_match_deque<Q: Mpsc<Item: Carrier>>(
    new: impl Fn() -> Q,
    capacity: usize,
    bursts: &[(usize, usize)],
) {
    let (queue, items) = (new(), Items::default());
    let mut model = VecDeque::new();
    let mut consumer = queue.consumer().unwrap();
    let (mut number, mut refused) = (0, 0);
    for &(pushes, pops) in bursts {
        for _ in 0..pushes {
            match queue.push(items.create(0, number)) {
                Ok(()) => model.push_back(number),
                Err(Full(item)) => {
                    assert_eq!(item.payload().number, number, "the same item is returned");
                    assert_eq!(model.len(), capacity, "the queue is full");
                    refused += 1;
                }
            }
            assert!(model.len() <= capacity);
            number += 1;
        }
        for _ in 0..pops {
            match (consumer.pop(), model.pop_front()) {
                (Pop::Item(item), Some(expected)) => {
                    assert_eq!(item.payload().number, expected);
                }
                (Pop::Empty, None) => {}
                (result, expected) => panic!(
                    "expected {expected:?}; an item: {}",
                    matches!(result, Pop::Item(_))
                ),
            }
        }
    }
    assert_eq!(items.dropped(), number - model.len());
    assert!(refused <= number);
}

/// A module of tests for each algorithm.
macro_rules! algorithms {
    ($($name:ident: $new:expr, capacity $capacity:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn items_arrive_once_in_order() {
                super::items_arrive_once_in_order(|| $new);
            }

            #[test]
            fn dropped_queue_drops_remaining_items() {
                super::dropped_queue_drops_remaining_items(|| $new);
            }

            #[test]
            fn second_consumer_fails_while_first_exists() {
                super::second_consumer_fails_while_first_exists(|| $new);
            }

            proptest! {
                #[test]
                fn bursts_match_deque(
                    bursts in prop::collection::vec((0..40_usize, 0..40_usize), 0..40)
                ) {
                    super::bursts_match_deque(|| $new, $capacity, &bursts);
                }
            }
        }
    )*};
}

algorithms! {
    intrusive: Queue::<Box<Job>>::new(), capacity usize::MAX;
    back_linked: Queue::<Box<Job>, BackLinked>::default(), capacity usize::MAX;
    gap_free: Queue::<Box<Job>, GapFree>::default(), capacity usize::MAX;
    treiber: Treiber::<Node<Payload>>::new(), capacity usize::MAX;
    vyukov: Vyukov::<Node<Payload>>::new(), capacity usize::MAX;
    io_uring: IoUring::<Node<Payload>>::new(), capacity usize::MAX;
    wfcqueue: WfcQueue::<Node<Payload>>::new(), capacity usize::MAX;
    clh: Clh::<Payload>::new(), capacity usize::MAX;
    cc_synch: CcSynch::<Payload>::new(), capacity usize::MAX;
    michael_scott: MichaelScott::<Payload>::new(16), capacity 16;
    michael_scott_of_many: MichaelScott::<Payload>::new(1000), capacity 1000;
    ring: Ring::<Payload>::new(16), capacity 16;
    ring_of_many: Ring::<Payload>::new(1024), capacity 1024;
    segmented: Segmented::<Payload>::new(), capacity usize::MAX;
    segmented_by_one: Segmented::<Payload, 1>::new(), capacity usize::MAX;
    segmented_by_four: Segmented::<Payload, 4>::new(), capacity usize::MAX;
    segmented_with_backoff: SegmentedWithBackoff::<Payload, 4>::new(), capacity usize::MAX;
    jiffy: Jiffy::<Payload>::new(), capacity usize::MAX;
    jiffy_by_one: Jiffy::<Payload, 1>::new(), capacity usize::MAX;
    jiffy_by_four: Jiffy::<Payload, 4>::new(), capacity usize::MAX;
    ltqueue: LtQueue::<Payload>::new(8), capacity usize::MAX;
    ltqueue_of_many: LtQueue::<Payload>::new(100), capacity usize::MAX;
}
