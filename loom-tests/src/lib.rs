//! What the models in `tests/` share. They run by `cargo loom`; without
//! `--cfg loom` this library is empty.

#[cfg(any(
    all(feature = "run-models", not(loom)),
    all(feature = "run-schedules", not(shuttle)),
))]
compile_error!(
    "the models were asked for, but `--cfg loom` (or `shuttle`) is missing: none would run, \
     and that would look like success. Is RUSTFLAGS set? It replaces the flags of \
     `cargo loom` and `cargo schedules`: unset it."
);

#[cfg(loom)]
pub use {check::*, items::*, requests::*};

#[cfg(loom)]
mod check {
    use std::io::Write;
    use std::panic::Location;
    use std::path::Path;
    use std::sync::Arc;
    // Not loom's: it counts executions, and so must outlive each of them.
    use std::sync::atomic::{AtomicUsize, Ordering};

    use loom::model::Builder;

    /// Goes through every execution of `model`.
    #[track_caller]
    pub fn exhaustive(model: impl Fn() + Send + Sync + 'static) {
        check(None, model);
    }

    /// Goes through the executions of `model` in which threads are preempted at
    /// most `quick` times; in the full set (`cargo loom-full`) at most `full`
    /// times, or as often as can be.
    #[track_caller]
    pub fn bounded(
        quick: usize,
        full: impl Into<Option<usize>>,
        model: impl Fn() + Send + Sync + 'static,
    ) {
        let is_full = std::env::var_os("LOOM_SET").is_some_and(|set| set == "full");
        check(if is_full { full.into() } else { Some(quick) }, model);
    }

    #[track_caller]
    fn check(bound: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
        let mut builder = Builder::new(); // with the bound of LOOM_MAX_PREEMPTIONS
        builder.preemption_bound = match (builder.preemption_bound, bound) {
            (Some(asked), Some(bound)) => Some(asked.min(bound)),
            (asked, bound) => asked.or(bound),
        };
        let bound = builder.preemption_bound;
        let executions = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&executions);
        builder.check(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            model();
        });
        report(
            Location::caller(),
            executions.load(Ordering::Relaxed),
            bound,
        );
    }

    /// One line for the table in the README. Not by `eprintln`, which the test
    /// harness swallows.
    fn report(place: &Location<'_>, executions: usize, bound: Option<usize>) {
        let file = Path::new(place.file()).file_stem().unwrap_or_default();
        let thread = std::thread::current();
        let model = thread.name().unwrap_or("main");
        let bound = match bound {
            Some(bound) => format!("at most {bound} preemptions"),
            None => "exhaustive".to_owned(),
        };
        let line = format!(
            "{}::{model}: {executions} executions, {bound}\n",
            file.display()
        );
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("stderr can be written to");
    }
}

#[cfg(loom)]
mod items {
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

#[cfg(loom)]
mod requests {
    // Not loom's: it is no part of what is checked.
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http_resume::resume::{Pending, RequestKey, ResumeQueue, suspend};
    use loom::alloc::Track;

    /// Work that counts how often it is dropped. Clones share the counter.
    #[derive(Debug)]
    pub struct Drops {
        count: Arc<AtomicUsize>,
        /// `None` in the one that only counts. Loom reports it if it is leaked.
        leak: Option<Track<()>>,
    }

    impl Drops {
        /// The counter.
        #[expect(clippy::new_without_default, reason = "there is no default work")]
        pub fn new() -> Self {
            Self {
                count: Arc::new(AtomicUsize::new(0)),
                leak: None,
            }
        }

        /// How many clones have been dropped.
        pub fn count(&self) -> usize {
            self.count.load(Ordering::SeqCst)
        }
    }

    impl Clone for Drops {
        fn clone(&self) -> Self {
            Self {
                count: Arc::clone(&self.count),
                leak: Some(Track::new(())),
            }
        }
    }

    impl Drop for Drops {
        fn drop(&mut self) {
            if self.leak.is_some() {
                self.count.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// Suspends a request with that work.
    pub fn pending<W: Send + 'static>(inbox: &loom::sync::Arc<ResumeQueue>, work: W) -> Pending<W> {
        let key = RequestKey {
            connection: 0,
            serial: 1,
        };
        suspend(inbox, key, None, work).0
    }
}
