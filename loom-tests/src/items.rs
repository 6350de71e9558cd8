//! Items of the modelled queues, and assertions about them.

use loom::alloc::Track;
use mpsc_queue::{Consumer, Link, Pop, Queue, QueueRef, linked};

/// An item, numbered by its producer.
#[derive(Debug)]
pub struct Job {
    link: Link,
    /// The producer's number.
    pub producer: usize,
    /// Number of the item among those of its producer, from 0.
    pub number: usize,
    /// Makes loom report a leaked item.
    _leak: Track<()>,
}
linked!(Job => link: Link);

/// A queue of the form `F` that owns its items.
pub type Jobs<F> = Queue<Box<Job>, F>;

/// Creates an item.
pub fn job(producer: usize, number: usize) -> Box<Job> {
    Box::new(Job {
        link: Link::new(),
        producer,
        number,
        _leak: Track::new(()),
    })
}

/// Pops until the queue is empty or closed.
///
/// # Panics
///
/// Panics if the queue is stalled: no push may be in flight.
pub fn pop_rest<R: QueueRef>(consumer: &mut Consumer<R>) -> Vec<R::Handle> {
    let mut rest = Vec::new();
    loop {
        match consumer.pop() {
            Pop::Item(handle) => rest.push(handle),
            Pop::Empty | Pop::Closed => return rest,
            Pop::Stalled(_) => panic!("stalled, although no push is in flight"),
        }
    }
}

/// Asserts that `items` are the `each` items of each of `producers` producers, in
/// order.
pub fn assert_fifo(items: &[Box<Job>], producers: usize, each: usize) {
    for producer in 0..producers {
        let numbers: Vec<usize> = items
            .iter()
            .filter(|job| job.producer == producer)
            .map(|job| job.number)
            .collect();
        let expected: Vec<usize> = (0..each).collect();
        assert_eq!(numbers, expected, "of producer {producer}");
    }
    assert_eq!(items.len(), producers * each);
}
