//! A receiver that waits, and senders on threads.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use mpsc_queue::channel::sharded::{self, Sender};
use mpsc_queue::{Form, GapFree, RecvError, Wait};

use crate::{Item, item, open};

test_each_form! {
    sleeping_receiver_is_woken
    spinning_receiver_receives_everything
    receiver_goes_during_sends
}

const SENDERS: usize = 4;
const EACH: usize = 2_000;

fn spawn_senders<'scope, F: Form>(
    scope: &'scope thread::Scope<'scope, '_>,
    sender: Sender<Box<Item>, F>,
) {
    for number in 0..SENDERS {
        let sender = sender.clone();
        scope.spawn(move || send_all(&sender, number));
    }
}

/// Sends items in bursts, some of them by senders that come and go.
fn send_all<F: Form>(sender: &Sender<Box<Item>, F>, number: usize) {
    let mut current = sender.clone();
    for sent in 0..EACH {
        if current.send(item(number, sent)).is_err() {
            return;
        }
        if sent % 16 == 0 {
            thread::yield_now();
        }
        if sent % 500 == 0 {
            current = sender.clone(); // the order across two senders is not promised
        }
    }
}

fn receive_all<F: Form>(wait: Wait) {
    let (sender, mut receiver) = open::<F>();
    receiver.set_wait(wait);
    thread::scope(|scope| {
        spawn_senders(scope, sender);
        let mut seen = vec![false; SENDERS * EACH];
        while let Ok(item) = receiver.recv() {
            let is_new = !std::mem::replace(&mut seen[item.sender * EACH + item.number], true);
            assert!(is_new);
        }
        assert!(seen.into_iter().all(|seen| seen));
        assert_eq!(receiver.recv().err(), Some(RecvError));
    });
}

fn sleeping_receiver_is_woken<F: Form>() {
    receive_all::<F>(Wait::Park);
}

fn spinning_receiver_receives_everything<F: Form>() {
    receive_all::<F>(Wait::ADAPTIVE);
}

fn receiver_goes_during_sends<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    thread::scope(|scope| {
        spawn_senders(scope, sender);
        for _ in 0..EACH {
            receiver.recv().unwrap();
        }
        drop(receiver); // then each sender gets an error
    });
}

#[test]
fn task_receives_and_leaves_no_waker() {
    let (sender, mut receiver) = sharded::with_form::<_, _>(GapFree);
    let second = sender.clone();
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(receiver.recv_async()).poll(&mut context).is_pending());
    sender.send(item(0, 0)).unwrap();
    second.send(item(1, 0)).unwrap();
    for _ in 0..2 {
        let poll = pin!(receiver.recv_async()).poll(&mut context);
        assert!(matches!(poll, Poll::Ready(Ok(_))));
    }
    assert!(receiver.poll_recv(&mut context).is_pending());
    drop((sender, second));
    assert!(matches!(
        receiver.poll_recv(&mut context),
        Poll::Ready(Err(RecvError))
    ));
}
