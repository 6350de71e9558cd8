//! A push that stops between its two steps, on a thread of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use mpsc_queue::fail_point::in_next_gap;
use mpsc_queue::{Consumer, Form, Link, Pop, Queue, linked};

pub(crate) struct Item {
    link: Link,
    pub(crate) number: usize,
}
linked!(Item => link: Link);

pub(crate) fn item(number: usize) -> Box<Item> {
    Box::new(Item {
        link: Link::new(),
        number,
    })
}

/// Pushes to a queue whose consumer has not parked.
pub(crate) fn push<F: Form>(queue: &Queue<Box<Item>, F>, number: usize) {
    assert!(!queue.push(item(number)).unwrap().is_needed());
}

/// Pops until the queue is empty, stalled or closed. Returns the numbers of the items, and
/// what ended them.
pub(crate) fn pop_all<F: Form>(
    consumer: &mut Consumer<&Queue<Box<Item>, F>>,
) -> (Vec<usize>, Pop<Box<Item>, F::Stall>) {
    let mut numbers = Vec::new();
    loop {
        match consumer.pop() {
            Pop::Item(item) => numbers.push(item.number),
            end => return (numbers, end),
        }
    }
}

/// Stops after the exchange, and before the link is stored. In a gap-free queue, which has no
/// gap, stops after the item is in place, and before the consumer is woken.
///
/// The push continues at [`finish`](Self::finish).
pub(crate) struct StalledPush<T> {
    resume: mpsc::Sender<()>,
    thread: thread::JoinHandle<T>,
}

/// A stall ends after this time, so that a call that waits for its end fails the test and does
/// not hang.
const LONGEST_STALL: Duration = Duration::from_secs(120);

impl<T: Send + 'static> StalledPush<T> {
    pub(crate) fn start(push: impl FnOnce() -> T + Send + 'static) -> Self {
        Self::start_with(push, || {})
    }

    /// Calls `at_end` at the end of the stall, before the push continues.
    pub(crate) fn start_with(
        push: impl FnOnce() -> T + Send + 'static,
        at_end: impl FnOnce() + Send + 'static,
    ) -> Self {
        let (entered, is_entered) = mpsc::channel();
        let (resume, is_resumed) = mpsc::channel();
        let thread = thread::spawn(move || {
            in_next_gap(move || {
                entered.send(()).expect("the test waits for the gap");
                let _ = is_resumed.recv_timeout(LONGEST_STALL); // or until the test fails
                at_end();
            });
            push()
        });
        is_entered.recv().expect("the push reaches its gap");
        Self { resume, thread }
    }

    /// Lets the push continue.
    pub(crate) fn resume(&self) {
        self.resume.send(()).expect("the push is in its gap");
    }

    /// Waits until the push returns. Returns its result.
    pub(crate) fn join(self) -> T {
        self.thread.join().expect("the push does not panic")
    }

    /// Lets the push continue, and returns its result.
    pub(crate) fn finish(self) -> T {
        self.resume();
        self.join()
    }
}

/// Returns `true` from `finish` if the push must wake the consumer.
pub(crate) fn stalled_push<F: Form>(
    queue: &Arc<Queue<Box<Item>, F>>,
    number: usize,
) -> StalledPush<bool> {
    let queue = Arc::clone(queue);
    StalledPush::start(move || queue.push(item(number)).unwrap().is_needed())
}

/// A waker of a task that counts its calls.
#[derive(Default)]
pub(crate) struct Task(AtomicUsize);

impl Task {
    pub(crate) fn wakes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl std::task::Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
