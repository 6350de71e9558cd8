//! What a blocking receive leaves behind, and what wakes it.

use std::boxed::Box;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{BlockingQueue, Handover, Receiver};
use crate::error::{RecvError, RecvTimeoutError};
use crate::form::{BackLinked, Form, ForwardLinked, GapFree};
use crate::item::{Chain, Link};
use crate::linked;

struct Item {
    link: Link,
}
linked!(Item => link: Link);

fn item() -> Box<Item> {
    Box::new(Item { link: Link::new() })
}

type TestReceiver<'a, F> = Receiver<&'a BlockingQueue<Box<Item>, F>>;

/// Pushes an item past the waker, and pops it. Returns `true` if the consumer of the empty
/// queue was parked.
fn was_parked<F: Form>(receiver: &mut TestReceiver<'_, F>) -> bool {
    let queue = receiver.queue().bare_queue();
    let parked = queue.push_unique_with(item(), || ());
    assert!(receiver.pop().into_item().is_some());
    matches!(parked, Ok(Some(())))
}

/// Takes the stored thread out. Returns `true` if there was one.
fn was_stored<F: Form>(receiver: &TestReceiver<'_, F>) -> bool {
    let slot = &receiver.queue().waker().0;
    // SAFETY: no other thread uses the queue, so the slot belongs to this thread.
    let thread = unsafe { slot.take(Handover::of::<F>()) };
    thread.is_some()
}

/// Checks that the empty queue holds no mark of a parked consumer, and no thread.
fn check_not_parked<F: Form>(receiver: &mut TestReceiver<'_, F>) {
    assert!(!was_parked(receiver), "the consumer is parked");
    assert!(!was_stored(receiver), "a thread is stored");
}

/// Runs a test on a thread of its own. Fails if the test panics, or hangs because the thread
/// is not woken.
fn must_end(test: impl FnOnce() + Send + 'static) {
    /// Far longer than any test takes.
    const LIMIT: Duration = Duration::from_secs(60);

    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        test();
        ended.send(()).expect("the test waits for its thread");
    });
    assert!(end.recv_timeout(LIMIT).is_ok(), "the test panics or hangs");
}

/// Instantiates generic tests in a module per form, each on a thread of its own.
macro_rules! test_each_form {
    ($($test:ident)+) => {
        test_each_form!(@module forward_linked: ForwardLinked, [$($test)+]);
        test_each_form!(@module back_linked: BackLinked, [$($test)+]);
        test_each_form!(@module gap_free: GapFree, [$($test)+]);
    };
    (@module $module:ident: $form:ident, [$($test:ident)+]) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::must_end(|| super::$test(super::$form));
                }
            )+
        }
    };
}

test_each_form! {
    recv_timeout_on_empty_queue_leaves_consumer_unparked
    recv_deadline_in_past_unparks
    recv_deadline_in_past_returns_queued_item
    recv_deadline_in_past_after_wake_returns_item
    empty_chain_leaves_consumer_parked
    every_push_unparks_thread
    every_park_stores_thread
    park_with_queued_item_fails
    close_unparks
    every_receive_on_closed_queue_returns_disconnected
}

fn recv_timeout_on_empty_queue_leaves_consumer_unparked(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    for timeout in [0, 0, 20, 20].map(Duration::from_millis) {
        let start = Instant::now();
        let error = receiver.recv_timeout(timeout).err();
        assert_eq!(error, Some(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= timeout);
        check_not_parked(&mut receiver);
    }
}

fn recv_deadline_in_past_unparks(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.park_thread());
    let error = receiver.recv_deadline(Instant::now()).err();
    assert_eq!(error, Some(RecvTimeoutError::Timeout));
    check_not_parked(&mut receiver);
}

fn recv_deadline_in_past_returns_queued_item(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    let now = Instant::now();
    queue.push(item()).unwrap();
    assert!(receiver.recv_deadline(now).is_ok());
    assert!(receiver.recv_deadline(now).is_err());
    check_not_parked(&mut receiver);
}

fn recv_deadline_in_past_after_wake_returns_item(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.park_thread());
    queue.push(item()).unwrap();
    assert!(receiver.recv_deadline(Instant::now()).is_ok());
    check_not_parked(&mut receiver);
}

fn empty_chain_leaves_consumer_parked(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.park_thread());
    queue.push_chain(Chain::new()).unwrap();
    assert!(was_parked(&mut receiver));
}

fn every_push_unparks_thread(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    let pushes: [fn(&_); 3] = [
        |queue: &BlockingQueue<_, _>| queue.push(item()).unwrap(),
        |queue| queue.try_push(item()).unwrap(),
        |queue| {
            let chain = [item(), item()].into_iter().collect();
            queue.push_chain(chain).unwrap();
        },
    ];
    for push in pushes {
        assert!(receiver.park_thread());
        push(&queue);
        thread::park(); // returns at once if the push has unparked this thread
        receiver.drain(usize::MAX).for_each(drop);
        check_not_parked(&mut receiver);
    }
}

/// The push of a gap-free queue may take the thread at any time, so no park relies on the one
/// before.
fn every_park_stores_thread(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    for _ in 0..3 {
        assert!(receiver.park_thread());
        assert!(was_stored(&receiver));
        assert!(receiver.park_thread());
        assert!(was_stored(&receiver), "the second park stores it again");
    }
}

fn park_with_queued_item_fails(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    for number in 0..3 {
        queue.push(item()).unwrap();
        queue.push(item()).unwrap();
        assert!(!receiver.park_thread());
        receiver.drain(1).for_each(drop);
        assert!(!receiver.park_thread(), "round {number}: one item is left");
        assert!(!was_stored(&receiver));
        receiver.drain(1).for_each(drop);
        check_not_parked(&mut receiver);
    }
}

fn close_unparks(form: impl Form) {
    let queue = BlockingQueue::<Box<Item>, _>::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.park_thread());
    receiver.close();
    assert!(!was_stored(&receiver));
    assert!(!receiver.park_thread(), "the queue is closed");
    assert!(!was_stored(&receiver));
}

fn every_receive_on_closed_queue_returns_disconnected(form: impl Form) {
    let queue = BlockingQueue::with_form(form);
    let mut receiver = queue.receiver().unwrap();
    for _ in 0..4 {
        queue.push(item()).unwrap();
    }
    receiver.close();
    let hour = Duration::from_secs(3600);
    assert!(receiver.recv().is_ok());
    assert!(receiver.try_recv().is_ok());
    assert!(receiver.recv_timeout(hour).is_ok());
    assert!(receiver.recv_deadline(Instant::now()).is_ok());
    for timeout in [Duration::ZERO, hour, Duration::MAX] {
        let error = receiver.recv_timeout(timeout).err();
        assert_eq!(error, Some(RecvTimeoutError::Disconnected));
        assert_eq!(receiver.recv().err(), Some(RecvError));
    }
}
