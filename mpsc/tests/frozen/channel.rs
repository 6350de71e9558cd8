//! Channels while a send, or the end of the last sender, is stalled.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mpsc_queue::channel::{self, Receiver, Sender};
use mpsc_queue::fail_point::{at_next_deadline, in_next_gap};
use mpsc_queue::{Form, GapFree, Pop, RecvError, RecvTimeoutError, SendError, TryRecvError};

use crate::stalled_push::{Item, StalledPush, Task, item};

test_forms! {
    each: [
        send_after_close_changes_nothing
        close_delivers_item_of_stalled_send
        stalled_last_sender_wakes_task
        recv_timeout_returns_item_sent_at_deadline
        recv_timeout_notices_last_sender_at_deadline
    ]
    with_gap: [
        recv_timeout_ends_while_send_is_stalled
        recv_timeout_ends_while_last_sender_is_stalled
        receiver_drop_waits_for_stalled_send
        last_sender_after_close_returns
    ]
}

fn channel<F: Form>() -> (Sender<Box<Item>, F>, Receiver<Box<Item>, F>) {
    channel::with_form(F::default())
}

fn stalled_send<F: Form>(sender: &Sender<Box<Item>, F>, number: usize) -> StalledPush<()> {
    let sender = sender.clone();
    StalledPush::start(move || {
        let sent = sender.send(item(number));
        sent.expect("the receiver existed");
    })
}

fn recv_timeout_ends_while_send_is_stalled<F: Form>() {
    let (sender, mut receiver) = channel::<F>();
    let stalled = stalled_send(&sender, 0);
    for timeout in [0, 20].map(Duration::from_millis) {
        let error = receiver.recv_timeout(timeout).err();
        assert_eq!(error, Some(RecvTimeoutError::Timeout));
        assert!(matches!(receiver.pop(), Pop::Stalled(_)));
    }
    stalled.finish();
    assert_eq!(receiver.recv().unwrap().number, 0);
}

/// The last sender pushes the mark that ends the channel.
fn recv_timeout_ends_while_last_sender_is_stalled<F: Form>() {
    let (sender, mut receiver) = channel::<F>();
    let stalled = StalledPush::start(move || drop(sender));
    let error = receiver.recv_timeout(Duration::from_millis(5)).err();
    assert_eq!(error, Some(RecvTimeoutError::Timeout));
    stalled.finish();
    let error = receiver.recv_timeout(Duration::from_secs(3600)).err();
    assert_eq!(error, Some(RecvTimeoutError::Disconnected));
}

#[test]
fn gap_free_channel_does_not_wait_for_stalled_sender() {
    let (sender, mut receiver) = channel::<GapFree>();
    let stalled = stalled_send(&sender, 0);
    assert_eq!(receiver.try_recv().unwrap().number, 0);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
    stalled.finish();
    let stalled = StalledPush::start(move || drop(sender));
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected));
    drop(receiver);
    stalled.finish();
}

/// The item of the stalled send was accepted, so the receiver drops it.
fn receiver_drop_waits_for_stalled_send<F: Form>() {
    let (sender, receiver) = channel::<F>();
    let (events, order) = mpsc::channel();
    let stalled = StalledPush::start_with(
        {
            let sender = sender.clone();
            move || sender.send(item(0)).is_ok()
        },
        {
            let events = events.clone();
            move || events.send("stall ends").unwrap()
        },
    );
    let receiver = std::thread::spawn(move || {
        drop(receiver);
        events.send("receiver is gone").unwrap();
    });
    // The receiver closes the channel before it waits.
    while !sender.is_closed() {
        std::thread::yield_now();
    }
    assert!(stalled.finish());
    receiver.join().unwrap();
    assert!(order.iter().eq(["stall ends", "receiver is gone"]));
}

/// A send that begins after the close leaves the queue alone, so that no other send can be
/// accepted meanwhile.
fn send_after_close_changes_nothing<F: Form>() {
    let (sender, mut receiver) = channel::<F>();
    receiver.close();
    let has_exchanged = Rc::new(Cell::new(false));
    in_next_gap({
        let has_exchanged = Rc::clone(&has_exchanged);
        move || has_exchanged.set(true)
    });
    assert!(matches!(sender.send(item(0)), Err(SendError(item)) if item.number == 0));
    assert!(sender.try_send(item(1)).is_err());
    let chain = sender.send_chain((2..5).map(item).collect());
    assert!(matches!(chain, Err(SendError(chain)) if chain.len() == 3));
    assert!(!has_exchanged.get());
}

fn close_delivers_item_of_stalled_send<F: Form>() {
    let (sender, mut receiver) = channel::<F>();
    let stalled = stalled_send(&sender, 0);
    receiver.close();
    assert!(sender.send(item(1)).is_err());
    stalled.finish();
    drop(sender);
    assert_eq!(receiver.recv().unwrap().number, 0);
    assert_eq!(receiver.recv().err(), Some(RecvError));
}

/// The mark of the last sender is refused. The channel is gone when both ends are.
fn last_sender_after_close_returns<F: Form>() {
    let (sender, mut receiver) = channel::<F>();
    sender.send(item(0)).unwrap();
    receiver.close();
    let stalled = StalledPush::start(move || drop(sender));
    assert_eq!(receiver.recv().unwrap().number, 0);
    assert_eq!(receiver.recv().err(), Some(RecvError));
    drop(receiver);
    stalled.finish();
}

fn stalled_last_sender_wakes_task<F: Form>() {
    let (sender, mut receiver) = channel::<F>();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());
    let stalled = StalledPush::start(move || drop(sender));
    assert_eq!(task.wakes(), 0);
    stalled.finish();
    assert_eq!(task.wakes(), 1);
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Closed)));
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "no waker keeps the task");
}

fn recv_timeout_returns_item_sent_at_deadline<F: Form>() {
    let (sender, mut receiver) = channel::<F>();
    for timeout in [Duration::ZERO, Duration::from_millis(5)] {
        let sender = sender.clone();
        at_next_deadline(move || sender.send(item(0)).unwrap());
        assert_eq!(receiver.recv_timeout(timeout).unwrap().number, 0);
        assert!(receiver.recv_timeout(timeout).is_err());
    }
}

fn recv_timeout_notices_last_sender_at_deadline<F: Form>() {
    let (sender, mut receiver) = channel::<F>();
    at_next_deadline(move || drop(sender));
    let error = receiver.recv_timeout(Duration::ZERO).err();
    assert_eq!(error, Some(RecvTimeoutError::Disconnected));
}
