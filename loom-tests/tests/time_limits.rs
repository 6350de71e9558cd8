//! Receiving with a time limit. The clock of a model advances whenever it is looked at, so the time
//! is over at any moment.
#![cfg(loom)]

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Job, Model, Reached, in_each_form, job};
use mpsc_queue::channel::{self, Receiver};
use mpsc_queue::{BlockingQueue, RecvTimeoutError, TryRecvError, Wait};

in_each_form!(
    item_or_timeout,
    waits_by_each_strategy,
    last_sender_or_timeout,
);

/// The receive looks at the clock when it begins, before it parks, before it sleeps, and after that.
const LIMIT: Duration = Duration::from_nanos(3);

type Jobs<F> = BlockingQueue<Box<Job>, F>;

/// Runs a producer that pushes once, and a consumer. The consumer has a thread of its own, because
/// loom takes a late wake-up for the end of the thread that is joined.
fn push_once<F: BareForm>(consume: impl FnOnce(&Jobs<F>) + Send + 'static) {
    let queue = Arc::new(Jobs::<F>::default());
    let of_consumer = Arc::clone(&queue);
    let consumer = thread::spawn(move || consume(&of_consumer));
    let producer = thread::spawn(move || queue.push(job(0, 0)));
    producer.join().unwrap().unwrap();
    consumer.join().unwrap();
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
