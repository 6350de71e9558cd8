//! The end of a worker queue. `tests/workers.rs` has the end of one with requests in it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;

/// Nothing takes that long unless it hangs.
const HANGS: Duration = Duration::from_secs(30);

/// A sender that sends its last item and stops between the receiver's two reads.
#[derive(Default)]
struct Sender {
    stopping: Cell<bool>,
    queue: RefCell<VecDeque<u32>>,
    last: Cell<Option<u32>>,
}

impl Sender {
    fn send_last_and_stop(&self) {
        self.queue.borrow_mut().extend(self.last.take());
        self.stopping.set(true);
    }

    fn poll(&self) -> Poll<Option<u32>> {
        let is_stopping = || {
            let stopping = self.stopping.get();
            self.send_last_and_stop();
            stopping
        };
        let pop = || {
            let popped = self.queue.borrow_mut().pop_front();
            self.send_last_and_stop();
            popped
        };
        poll(is_stopping, pop)
    }
}

#[test]
fn item_sent_before_stop_is_received() {
    let sender = Sender {
        last: Cell::new(Some(1)),
        ..Sender::default()
    };
    assert_eq!(sender.poll(), Poll::Ready(Some(1)));
    assert_eq!(sender.poll(), Poll::Ready(None));
}

#[test]
fn stop_comes_after_all_items() {
    let sender = Sender {
        stopping: Cell::new(true),
        queue: RefCell::new([1, 2].into()),
        ..Sender::default()
    };
    for popped in [Some(1), Some(2), None] {
        assert_eq!(sender.poll(), Poll::Ready(popped));
    }
}

#[test]
fn empty_queue_neither_delivers_nor_stops() {
    assert_eq!(poll(|| false, || None::<u32>), Poll::Pending);
    assert_eq!(poll(|| false, || Some(1)), Poll::Ready(Some(1)));
}

#[test]
fn stop_sets_flag_before_waking() {
    let (stopping, woken) = (AtomicBool::new(false), Cell::new(false));
    stop(&stopping, || {
        assert!(stopping.load(Ordering::Relaxed));
        woken.set(true);
    });
    assert!(woken.get());
}

/// Creates a queue whose thread receives once, and then reports the result.
fn queue(deadline: Option<Instant>) -> (WorkerQueue<()>, Receiver<&'static str>) {
    let (sender, receiver) = channel();
    let body = move |mut requests: WorkerReceiver<'_, ()>| {
        let next = match requests.next(deadline) {
            Next::Item(_) => "item",
            Next::Deadline => "deadline",
            Next::Stop => "stop",
        };
        let _ = sender.send(next); // unless the test has failed
    };
    let queue = WorkerQueue::spawn("test".into(), body).expect("the thread starts");
    (queue, receiver)
}

/// The thread is idle, so it has read the flag and popped, and only the drop can wake it.
#[test]
fn drop_wakes_sleeping_thread() {
    let in_an_hour = Instant::now() + Duration::from_secs(3600);
    for deadline in [None, Some(in_an_hour)] {
        let (queue, woken) = queue(deadline);
        let started = Instant::now();
        while !queue.is_idle() {
            assert!(started.elapsed() < HANGS, "the thread goes to sleep");
            thread::yield_now();
        }
        drop(queue);
        assert_eq!(woken.recv_timeout(HANGS), Ok("stop"));
    }
}

#[test]
fn deadline_wakes_sleeping_thread() {
    let deadline = Instant::now() + Duration::from_millis(20);
    let (_queue, woken) = queue(Some(deadline));
    assert_eq!(woken.recv_timeout(HANGS), Ok("deadline"));
    assert!(Instant::now() >= deadline);
}
