//! What the models in `tests/` share. They run by `cargo loom`; without
//! `--cfg loom` this package is empty.

#[cfg(all(feature = "run-models", not(loom)))]
compile_error!(
    "the models were asked for, but `--cfg loom` is missing: no model would run, and that \
     would look like success. Is RUSTFLAGS set? It replaces the flags of `cargo loom`: \
     unset it."
);

#[cfg(loom)]
pub use models::*;

#[cfg(loom)]
mod models {
    use loom::alloc::Track;
    use mpsc_queue::{Consumer, Link, Pop, QueueRef, linked};

    /// An item: who pushed it, and as which of theirs.
    #[derive(Debug)]
    pub struct Job {
        link: Link,
        /// The producer's number.
        pub producer: usize,
        /// Counts from 0 for each producer.
        pub number: usize,
        /// Never read: loom reports it if the item is leaked.
        _leak: Track<()>,
    }
    linked!(Job => link: Link);

    /// A new item.
    pub fn job(producer: usize, number: usize) -> Box<Job> {
        Box::new(Job {
            link: Link::new(),
            producer,
            number,
            _leak: Track::new(()),
        })
    }

    /// Pops until the queue is empty. No push may be in flight, so that a stall
    /// is an error.
    pub fn pop_rest<R: QueueRef>(consumer: &mut Consumer<R>) -> Vec<R::Handle> {
        let mut rest = Vec::new();
        loop {
            match consumer.pop() {
                Pop::Item(handle) => rest.push(handle),
                Pop::Empty => return rest,
                Pop::Stalled => panic!("stalled, although no push is in flight"),
            }
        }
    }

    /// Every item of `producers` producers with `each` items, once, each
    /// producer's in order.
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
}
