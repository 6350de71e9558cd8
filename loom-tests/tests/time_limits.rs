//! Receiving with a time limit. The clock of a model advances whenever it is looked at, so the time
//! is over at any moment.
#![cfg(loom)]

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Job, Model, Reached, in_each_form, job};
use mpsc_queue::channel::{self, Receiver};
use mpsc_queue::{BlockingQueue, RecvTimeoutError, TryRecvError};

in_each_form!(
    item_or_timeout,
    recv_after_timeout_is_woken,
    last_sender_or_timeout,
);

/// Long enough for a receive to park once, and too short for every push.
const LIMIT: Duration = Duration::from_nanos(5);

/// The item of a push that comes at the time limit is received, or stays in the queue.
fn item_or_timeout<F: BareForm>() {
    const ITEM: usize = 0;
    const TIMEOUT: usize = 1;
    let reached = Reached::new(["an item", "a timeout"]);
    let model = Model::new("A receive with a time limit loses no item")
        .threads("1 x 1, consumer")
        .at_least(1);
    let in_model = reached.clone();
    model.check(move || {
        let queue = Arc::new(BlockingQueue::<Box<Job>, F>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)))
        };
        let mut receiver = queue.receiver().unwrap();
        let received = receiver.recv_timeout(LIMIT);
        producer.join().unwrap().unwrap();
        match received {
            Ok(_) => {
                in_model.note(ITEM);
                assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
            }
            Err(error) => {
                assert_eq!(error, RecvTimeoutError::Timeout);
                in_model.note(TIMEOUT);
                assert!(receiver.try_recv().is_ok());
            }
        }
    });
    reached.assert_reached(&[ITEM, TIMEOUT]);
}

/// After a timeout, the receiver is parked no more, so the next receive parks again and is woken.
fn recv_after_timeout_is_woken<F: BareForm>() {
    const TIMEOUT: usize = 0;
    let reached = Reached::new(["a timeout"]);
    let model = Model::new("A receive after a timeout is woken")
        .threads("1 x 1, consumer")
        .at_least(1);
    let in_model = reached.clone();
    model.check(move || {
        let queue = Arc::new(BlockingQueue::<Box<Job>, F>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)))
        };
        let mut receiver = queue.receiver().unwrap();
        if receiver.recv_timeout(LIMIT).is_err() {
            in_model.note(TIMEOUT);
            receiver.recv().unwrap();
        }
        producer.join().unwrap().unwrap();
    });
    reached.assert_reached(&[TIMEOUT]);
}

/// The end of a channel that comes at the time limit is reported at once or later.
fn last_sender_or_timeout<F: BareForm>() {
    const DISCONNECTED: usize = 0;
    const TIMEOUT: usize = 1;
    let reached = Reached::new(["disconnected", "a timeout"]);
    let model = Model::new("A receive with a time limit notices the end of its channel")
        .threads("drop of a sender, consumer")
        .at_least(1);
    let in_model = reached.clone();
    model.check(move || {
        let (sender, mut receiver): (_, Receiver<Box<Job>, F>) = channel::with_form(F::default());
        let end = thread::spawn(move || drop(sender));
        let error = receiver.recv_timeout(LIMIT).expect_err("nothing was sent");
        if error == RecvTimeoutError::Timeout {
            in_model.note(TIMEOUT);
            assert!(receiver.recv().is_err());
        } else {
            in_model.note(DISCONNECTED);
        }
        end.join().unwrap();
        let error = receiver.recv_timeout(LIMIT).expect_err("nothing was sent");
        assert_eq!(error, RecvTimeoutError::Disconnected);
    });
    reached.assert_reached(&[DISCONNECTED, TIMEOUT]);
}
