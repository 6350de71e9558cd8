//! Receiving with a time limit. The clock of a model advances whenever it is looked at, so the time
//! is over at any moment.
#![cfg(loom)]

use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use loom_tests::{BareForm, Job, Model, Reached, assert_fifo, in_each_form, job};
use mpsc_queue::channel::{self, Receiver, sharded};
use mpsc_queue::{BlockingQueue, RecvTimeoutError, TryRecvError, Wait};

in_each_form!(
    item_or_timeout,
    waits_by_each_strategy,
    wake_up_after_time_limit,
    past_deadline_returns_pushed_item,
    last_sender_or_timeout,
    item_then_end_of_channel,
    item_then_end_of_sharded_channel,
);

/// The receive looks at the clock when it begins, before it parks, before it sleeps, and after
/// that.
const LIMIT: Duration = Duration::from_nanos(3);

type Jobs<F> = BlockingQueue<Box<Job>, F>;

/// Runs a producer that pushes `each` items, and a consumer. The consumer has a thread of its own,
/// because loom takes a late wake-up for the end of the thread that is joined.
fn push_each<F: BareForm>(each: usize, consume: impl FnOnce(&Jobs<F>) + Send + 'static) {
    let queue = Arc::new(Jobs::<F>::default());
    let of_consumer = Arc::clone(&queue);
    let consumer = thread::spawn(move || consume(&of_consumer));
    let producer = thread::spawn(move || {
        for number in 0..each {
            queue.push(job(0, number)).unwrap();
        }
    });
    producer.join().unwrap();
    consumer.join().unwrap();
}

fn push_once<F: BareForm>(consume: impl FnOnce(&Jobs<F>) + Send + 'static) {
    push_each::<F>(1, consume);
}

/// The item of a push that comes at the time limit is received, or stays in the queue.
fn item_or_timeout<F: BareForm>() {
    const ITEM: usize = 0;
    const TIMEOUT: usize = 1;
    let reached = Reached::new(["an item", "a timeout"]);
    let model = Model::new("A receive with a time limit loses no item")
        .threads("1 x 1, consumer")
        .at_least(F::select([1400, 600, 1600]));
    let in_model = reached.clone();
    model.check(move || {
        let in_model = in_model.clone();
        push_once::<F>(move |queue| {
            let mut receiver = queue.receiver().unwrap();
            match receiver.recv_timeout(LIMIT) {
                Ok(_) => {
                    in_model.note(ITEM);
                    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
                }
                Err(error) => {
                    in_model.note(TIMEOUT);
                    assert_eq!(error, RecvTimeoutError::Timeout);
                    // Parks again, and is woken.
                    receiver.recv().unwrap();
                }
            }
        });
    });
    reached.assert_reached(&[ITEM, TIMEOUT]);
}

/// A consumer that spins first, as a strategy says, and sleeps then.
fn waits_by_each_strategy<F: BareForm>() {
    for wait in [
        Wait::Spin,
        Wait::Adaptive {
            limit: Duration::from_nanos(3),
        },
    ] {
        let model = Model::new("A consumer that spins before it sleeps receives everything")
            .threads("1 x 1, consumer")
            .at_least(F::select([1400, 700, 90]));
        model.check(move || {
            push_once::<F>(move |queue| {
                let mut receiver = queue.receiver().unwrap();
                receiver.set_wait(wait);
                if receiver.recv_timeout(LIMIT).is_err() {
                    receiver.recv().unwrap();
                }
            });
        });
    }
}

/// The pop after the time limit may take the item whose push is about to wake the thread. That
/// wake-up then ends the sleep of a later wait.
fn wake_up_after_time_limit<F: BareForm>() {
    let model = Model::new("A wake-up that comes after its wait harms no later one")
        .threads("1 x 2, consumer with a time limit")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([2_200, 720, 500]));
    model.check(move || {
        push_each::<F>(2, move |queue| {
            let mut receiver = queue.receiver().unwrap();
            let mut items = Vec::new();
            items.extend(receiver.recv_timeout(LIMIT).ok());
            items.extend(receiver.try_recv().ok());
            while items.len() < 2 {
                items.push(receiver.recv().unwrap());
            }
            assert_fifo(&items, 1, 2);
        });
    });
}

fn past_deadline_returns_pushed_item<F: BareForm>() {
    const ITEM: usize = 0;
    const TIMEOUT: usize = 1;
    let reached = Reached::new(["an item", "a timeout"]);
    let model = Model::new(
        "A receive whose time limit is over when it begins returns an item whose push happens \
         before",
    )
    .threads("1 x 1, consumer")
    .at_least(F::select([3_300, 1_300, 280]));
    let in_model = reached.clone();
    model.check(move || {
        let in_model = in_model.clone();
        let queue = Arc::new(Jobs::<F>::default());
        let is_pushed = Arc::new(AtomicBool::new(false));
        let producer = {
            let (queue, is_pushed) = (Arc::clone(&queue), Arc::clone(&is_pushed));
            thread::spawn(move || {
                queue.push(job(0, 0)).unwrap();
                is_pushed.store(true, Ordering::Release);
            })
        };
        let consumer = thread::spawn(move || {
            let mut receiver = queue.receiver().unwrap();
            let was_pushed = is_pushed.load(Ordering::Acquire);
            if receiver.recv_timeout(Duration::ZERO).is_ok() {
                in_model.note(ITEM);
            } else {
                in_model.note(TIMEOUT);
                assert!(!was_pushed);
                receiver.recv().unwrap();
            }
        });
        producer.join().unwrap();
        consumer.join().unwrap();
    });
    reached.assert_reached(&[ITEM, TIMEOUT]);
}

/// The end of a channel that comes at the time limit is reported at once or later.
fn last_sender_or_timeout<F: BareForm>() {
    const DISCONNECTED: usize = 0;
    const TIMEOUT: usize = 1;
    let reached = Reached::new(["disconnected", "a timeout"]);
    let model = Model::new("A receive with a time limit notices the end of its channel")
        .threads("drop of a sender, consumer")
        .at_least(F::select([570, 250, 180]));
    let in_model = reached.clone();
    model.check(move || {
        let in_model = in_model.clone();
        let (sender, mut receiver): (_, Receiver<Box<Job>, F>) = channel::with_form(F::default());
        let end = thread::spawn(move || drop(sender));
        let consumer = thread::spawn(move || {
            let error = receiver.recv_timeout(LIMIT).expect_err("nothing was sent");
            if error == RecvTimeoutError::Timeout {
                in_model.note(TIMEOUT);
                assert!(receiver.recv().is_err());
            } else {
                in_model.note(DISCONNECTED);
            }
            let error = receiver.recv_timeout(LIMIT).expect_err("nothing was sent");
            assert_eq!(error, RecvTimeoutError::Disconnected);
        });
        end.join().unwrap();
        consumer.join().unwrap();
    });
    reached.assert_reached(&[DISCONNECTED, TIMEOUT]);
}

/// Receives one item, and then the end. `receive` waits for at most the given time, or without a
/// limit.
fn receive_item_and_end(
    mut receive: impl FnMut(Option<Duration>) -> Result<Box<Job>, RecvTimeoutError>,
) {
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        outcomes.push(match receive(Some(LIMIT)) {
            Err(RecvTimeoutError::Timeout) => receive(None).is_ok(),
            received => received.is_ok(),
        });
    }
    assert_eq!(outcomes, [true, false], "an item, and the end");
    let error = receive(Some(LIMIT)).err();
    assert_eq!(error, Some(RecvTimeoutError::Disconnected));
}

/// Runs a sender that sends one item and goes, and a receiver, each on a thread of its own.
fn send_one_and_go(
    send: impl FnOnce(Box<Job>) + Send + 'static,
    receive: impl FnMut(Option<Duration>) -> Result<Box<Job>, RecvTimeoutError> + Send + 'static,
) {
    let sending = thread::spawn(move || send(job(0, 0)));
    let receiving = thread::spawn(move || receive_item_and_end(receive));
    sending.join().unwrap();
    receiving.join().unwrap();
}

const END: &str =
    "With time limits, a receiver gets what was sent, and then the end of the channel";

fn item_then_end_of_channel<F: BareForm>() {
    let model = Model::new(END)
        .threads("1 x 1, receiver")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([1_900, 630, 430]));
    model.check(move || {
        let (sender, mut receiver): (_, Receiver<Box<Job>, F>) = channel::with_form(F::default());
        let send = move |job| assert!(sender.send(job).is_ok());
        send_one_and_go(send, move |limit| match limit {
            Some(limit) => receiver.recv_timeout(limit),
            None => Ok(receiver.recv()?),
        });
    });
}

fn item_then_end_of_sharded_channel<F: BareForm>() {
    let model = Model::new(END)
        .threads("1 x 1, receiver of a sharded channel")
        .bound(3)
        .full_bound(4)
        .at_least(2_300);
    model.check(move || {
        let (sender, mut receiver) = sharded::with_form::<Box<Job>, F>(F::default());
        let send = move |job| assert!(sender.send(job).is_ok());
        send_one_and_go(send, move |limit| match limit {
            Some(limit) => receiver.recv_timeout(limit),
            None => Ok(receiver.recv()?),
        });
    });
}
