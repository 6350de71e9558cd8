//! The algorithms of `papers`: each item once, each producer's in order, a completed
//! push never `Empty`; with blocks of one and two slots, so that they are drained,
//! recycled and walked over all the time.
#![cfg(loom)]

use loom::alloc::Track;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{bounded, exhaustive};
use mpsc_queue::Pop;
use papers::jiffy::Jiffy;
use papers::ring::Ring;
use papers::segmented::Segmented;
use papers::treiber::{Node, Treiber};
use papers::{Consume, Mpsc};

/// A value: who pushed it, and as which of theirs. Loom reports it if it leaks.
type Value = Track<(usize, usize)>;

/// What travels: a value, in whatever the algorithm wants it wrapped in.
trait Carrier: Send + 'static {
    fn carry(producer: usize, number: usize) -> Self;
    fn value(&self) -> (usize, usize);
}

impl Carrier for Value {
    fn carry(producer: usize, number: usize) -> Self {
        Track::new((producer, number))
    }
    fn value(&self) -> (usize, usize) {
        *self.get_ref()
    }
}

impl Carrier for Box<Node<Value>> {
    fn carry(producer: usize, number: usize) -> Self {
        Node::new(Track::new((producer, number)))
    }
    fn value(&self) -> (usize, usize) {
        *self.get_ref()
    }
}

/// A thread for each element of `pushes` pushes so many items, while the consumer pops
/// `pops` times; the rest is popped at the end.
fn fifo<Q>(new: fn() -> Q, pushes: &[usize], pops: usize)
where
    Q: Mpsc<Item: Carrier> + Send + 'static,
{
    let queue = Arc::new(new());
    let returned = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = pushes
        .iter()
        .copied()
        .enumerate()
        .map(|(producer, each)| {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                for number in 0..each {
                    assert!(queue.push(Carrier::carry(producer, number)).is_ok());
                    returned.fetch_add(1, Ordering::Release);
                }
            })
        })
        .collect();

    let mut consumer = queue.consumer().unwrap();
    let mut values = Vec::new();
    for _ in 0..pops {
        let there = returned.load(Ordering::Acquire) > values.len();
        match consumer.pop() {
            Pop::Item(item) => values.push(item.value()),
            Pop::Empty => assert!(!there, "a completed push is invisible"),
            Pop::Stalled => {}
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    loop {
        match consumer.pop() {
            Pop::Item(item) => values.push(item.value()),
            Pop::Empty => break,
            Pop::Stalled => panic!("stalled, although no push is in flight"),
        }
    }
    for (producer, &each) in pushes.iter().enumerate() {
        let numbers: Vec<_> = values
            .iter()
            .filter(|value| value.0 == producer)
            .map(|value| value.1)
            .collect();
        assert_eq!(numbers, Vec::from_iter(0..each), "of producer {producer}");
    }
    assert_eq!(values.len(), pushes.iter().sum::<usize>());
}

macro_rules! models {
    ($($name:ident: $new:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn one_producer_of_three() {
                bounded(2, 3, || fifo($new, &[3], 3));
            }

            #[test]
            fn two_producers_of_one() {
                bounded(3, 4, || fifo($new, &[1, 1], 2));
            }

            /// With blocks of one slot: the first to have a late push on a block that
            /// others have left.
            #[test]
            fn two_producers_of_two_and_one() {
                bounded(2, 3, || fifo($new, &[2, 1], 2));
            }
        }
    )*};
}

models! {
    treiber: Treiber::<Value>::new;
    ring: || Ring::<Value>::new(4);
    segmented_by_one: Segmented::<Value, 1>::new;
    segmented_by_two: Segmented::<Value, 2>::new;
    jiffy_by_one: Jiffy::<Value, 1>::new;
    jiffy_by_two: Jiffy::<Value, 2>::new;
}

/// A ring of two slots, filled again and again: nobody overwrites what is not popped,
/// and a push is refused only while the ring is full.
#[test]
fn a_ring_is_full_only_when_it_is() {
    bounded(3, 4, || {
        let ring = Arc::new(Ring::<Value>::new(2));
        let popped = Arc::new(AtomicUsize::new(0));
        let producer = {
            let (ring, popped) = (Arc::clone(&ring), Arc::clone(&popped));
            thread::spawn(move || {
                let mut pushed = 0;
                for _ in 0..4 {
                    let surely_popped = popped.load(Ordering::Acquire);
                    match ring.push(Carrier::carry(0, pushed)) {
                        Ok(()) => pushed += 1,
                        Err(_) => assert!(pushed - surely_popped >= 2, "there was room"),
                    }
                }
                pushed
            })
        };
        let mut consumer = ring.consumer().unwrap();
        let mut next = 0;
        let mut pop = || {
            let answer = consumer.pop();
            if let Pop::Item(item) = &answer {
                assert_eq!(item.value(), (0, next));
                next += 1;
                popped.store(next, Ordering::Release);
            }
            matches!(answer, Pop::Item(_))
        };
        for _ in 0..3 {
            pop();
        }
        let pushed = producer.join().unwrap();
        while pop() {}
        assert_eq!(next, pushed);
    });
}

/// A push that reserves after the consumer drew its ticket must not find the tail where
/// it was before: the consumer drains two blocks and reuses the first meanwhile.
fn a_push_after_the_ticket<Q>(new: fn() -> Q)
where
    Q: Mpsc<Item: Carrier> + Send + 'static,
{
    exhaustive(move || {
        let queue = Arc::new(new());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(queue.push(Carrier::carry(1, 0)).is_ok()))
        };
        for number in 0..2 {
            assert!(queue.push(Carrier::carry(0, number)).is_ok());
        }
        let mut consumer = queue.consumer().unwrap();
        let mut popped = 0;
        for _ in 0..3 {
            popped += usize::from(matches!(consumer.pop(), Pop::Item(_)));
        }
        other.join().unwrap();
        while let Pop::Item(_) = consumer.pop() {
            popped += 1;
        }
        assert_eq!(popped, 3);
    });
}

#[test]
fn a_push_after_the_ticket_of_a_segmented() {
    a_push_after_the_ticket(Segmented::<Value, 1>::new);
}

#[test]
fn a_push_after_the_ticket_of_a_jiffy() {
    a_push_after_the_ticket(Jiffy::<Value, 1>::new);
}

/// The consumer is replaced by another on another thread.
fn handed_over<Q>(new: fn() -> Q)
where
    Q: Mpsc<Item: Carrier> + Send + 'static,
{
    bounded(2, 3, move || {
        let queue = Arc::new(new());
        for number in 0..3 {
            assert!(queue.push(Carrier::carry(0, number)).is_ok());
        }
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || pop_once(&*queue))
        };
        let here = pop_once(&*queue);
        let there = other.join().unwrap();
        assert_eq!(here + there + pop_once(&*queue), 3);
    });
}

/// Takes the place, if it is free, and pops until the queue is empty, at most twice.
fn pop_once<Q: Mpsc<Item: Carrier>>(queue: &Q) -> usize {
    let Ok(mut consumer) = queue.consumer() else {
        return 0;
    };
    (0..2)
        .filter(|_| matches!(consumer.pop(), Pop::Item(_)))
        .count()
}

#[test]
fn the_place_of_a_treiber_is_handed_over() {
    handed_over(Treiber::<Value>::new);
}

#[test]
fn the_place_of_a_segmented_is_handed_over() {
    handed_over(Segmented::<Value, 1>::new);
}
