//! What all the algorithms promise, asked of each: with several threads, and against
//! a model.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mpsc_queue::{Link, Pop, Queue, linked};
use papers::jiffy::Jiffy;
use papers::ring::Ring;
use papers::segmented::Segmented;
use papers::treiber::{Node, Treiber};
use papers::{Consume, Full, Mpsc};
use proptest::prelude::*;

const PRODUCERS: [usize; 4] = [1, 2, 4, 8];

/// How many items a producer pushes.
const EACH: usize = 20_000;

/// Who pushed it, and as which of theirs. Counts itself when dropped.
#[derive(Debug)]
struct Ticket {
    producer: usize,
    number: usize,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// What travels: a ticket, in whatever the algorithm wants it wrapped in.
trait Carrier: Send {
    fn carry(ticket: Ticket) -> Self;
    fn ticket(&self) -> &Ticket;
}

impl Carrier for Ticket {
    fn carry(ticket: Ticket) -> Self {
        ticket
    }
    fn ticket(&self) -> &Ticket {
        self
    }
}

impl Carrier for Box<Node<Ticket>> {
    fn carry(ticket: Ticket) -> Self {
        Node::new(ticket)
    }
    fn ticket(&self) -> &Ticket {
        self
    }
}

struct Job {
    link: Link,
    ticket: Ticket,
}
linked!(Job => link: Link);

impl Carrier for Box<Job> {
    fn carry(ticket: Ticket) -> Self {
        Box::new(Job {
            link: Link::new(),
            ticket,
        })
    }
    fn ticket(&self) -> &Ticket {
        &self.ticket
    }
}

/// Makes tickets and counts how many were dropped.
#[derive(Default)]
struct Office {
    dropped: Arc<AtomicUsize>,
}

impl Office {
    fn item<C: Carrier>(&self, producer: usize, number: usize) -> C {
        C::carry(Ticket {
            producer,
            number,
            dropped: Arc::clone(&self.dropped),
        })
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn push_until_taken<Q: Mpsc>(queue: &Q, mut item: Q::Item) {
    while let Err(Full(back)) = queue.push(item) {
        item = back;
        thread::yield_now();
    }
}

/// Each item once, each producer's in order, and a push that has returned is never
/// answered with `Empty`.
fn nothing_is_lost<Q: Mpsc<Item: Carrier>>(new: impl Fn() -> Q) {
    for producers in PRODUCERS {
        let (queue, office, returned) = (new(), Office::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, office, returned) = (&queue, &office, &returned);
                scope.spawn(move || {
                    for number in 0..EACH {
                        push_until_taken(queue, office.item(producer, number));
                        returned.fetch_add(1, Ordering::Release);
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut next = vec![0; producers];
            let mut popped = 0;
            while popped < producers * EACH {
                let there = returned.load(Ordering::Acquire).saturating_sub(popped);
                match consumer.pop() {
                    Pop::Item(item) => {
                        let Ticket {
                            producer, number, ..
                        } = *item.ticket();
                        assert_eq!(number, next[producer], "of producer {producer}");
                        next[producer] += 1;
                        popped += 1;
                    }
                    Pop::Empty => {
                        assert_eq!(there, 0, "this many were overlooked");
                        thread::yield_now();
                    }
                    Pop::Stalled => thread::yield_now(),
                }
            }
            assert!(matches!(consumer.pop(), Pop::Empty));
        });
        drop(queue);
        assert_eq!(office.dropped(), producers * EACH);
    }
}

/// A queue that is dropped with items in it drops each once; so does one whose
/// consumer has taken some of them.
fn dropped_half_full<Q: Mpsc<Item: Carrier>>(new: impl Fn() -> Q) {
    for popped in [0, 1, 5] {
        let (queue, office) = (new(), Office::default());
        for number in 0..11 {
            assert!(queue.push(office.item(0, number)).is_ok());
        }
        for _ in 0..popped {
            assert!(matches!(queue.consumer().unwrap().pop(), Pop::Item(_)));
        }
        assert_eq!(office.dropped(), popped);
        drop(queue);
        assert_eq!(office.dropped(), 11);
    }
}

/// The place is taken once at a time, and the next consumer goes on where the last
/// one stopped.
fn one_consumer_at_a_time<Q: Mpsc<Item: Carrier>>(new: impl Fn() -> Q) {
    let (queue, office) = (new(), Office::default());
    for number in 0..8 {
        assert!(queue.push(office.item(0, number)).is_ok());
    }
    for expected in 0..8 {
        let mut consumer = queue.consumer().unwrap();
        assert!(queue.consumer().is_err());
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.ticket().number == expected));
    }
    assert!(matches!(queue.consumer().unwrap().pop(), Pop::Empty));
}

/// Bursts of pushes and pops, on one thread, as a `VecDeque` would answer them.
fn like_a_deque<Q: Mpsc<Item: Carrier>>(
    new: impl Fn() -> Q,
    capacity: usize,
    bursts: &[(usize, usize)],
) {
    let (queue, office) = (new(), Office::default());
    let mut model = VecDeque::new();
    let mut consumer = queue.consumer().unwrap();
    let (mut number, mut refused) = (0, 0);
    for &(pushes, pops) in bursts {
        for _ in 0..pushes {
            match queue.push(office.item(0, number)) {
                Ok(()) => model.push_back(number),
                Err(Full(item)) => {
                    assert_eq!(item.ticket().number, number, "the item comes back");
                    assert_eq!(model.len(), capacity, "not full");
                    refused += 1;
                }
            }
            assert!(model.len() <= capacity);
            number += 1;
        }
        for _ in 0..pops {
            match (consumer.pop(), model.pop_front()) {
                (Pop::Item(item), Some(expected)) => {
                    assert_eq!(item.ticket().number, expected);
                }
                (Pop::Empty, None) => {}
                (answer, expected) => panic!(
                    "expected {expected:?}; an item: {}",
                    matches!(answer, Pop::Item(_))
                ),
            }
        }
    }
    assert_eq!(office.dropped(), number - model.len());
    assert!(refused <= number);
}

/// The tests of one algorithm.
macro_rules! family {
    ($($name:ident: $new:expr, capacity $capacity:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn nothing_is_lost() {
                super::nothing_is_lost(|| $new);
            }

            #[test]
            fn dropped_half_full() {
                super::dropped_half_full(|| $new);
            }

            #[test]
            fn one_consumer_at_a_time() {
                super::one_consumer_at_a_time(|| $new);
            }

            proptest! {
                #[test]
                fn like_a_deque(
                    bursts in prop::collection::vec((0..40_usize, 0..40_usize), 0..40)
                ) {
                    super::like_a_deque(|| $new, $capacity, &bursts);
                }
            }
        }
    )*};
}

family! {
    intrusive: Queue::<Box<Job>>::new(), capacity usize::MAX;
    treiber: Treiber::<Ticket>::new(), capacity usize::MAX;
    ring: Ring::<Ticket>::new(16), capacity 16;
    ring_of_many: Ring::<Ticket>::new(1024), capacity 1024;
    segmented: Segmented::<Ticket>::new(), capacity usize::MAX;
    segmented_by_one: Segmented::<Ticket, 1>::new(), capacity usize::MAX;
    segmented_by_four: Segmented::<Ticket, 4>::new(), capacity usize::MAX;
    jiffy: Jiffy::<Ticket>::new(), capacity usize::MAX;
    jiffy_by_one: Jiffy::<Ticket, 1>::new(), capacity usize::MAX;
    jiffy_by_four: Jiffy::<Ticket, 4>::new(), capacity usize::MAX;
}
